"""Which public members of a class a script uses, and how that went, found by looking at the class itself.

A member is a method (`call NAME`), the reading of a property (`get NAME`) or its writing (`set NAME`). Only what the script
itself uses counts, not what members use of each other; and only what returned.
"""

import functools
import inspect

# What else is public in the client's class, and why it is no member to exercise.
NOT_MEMBERS = {
    "ReversibleEnumDict": "what the enumerations are made of, which are exercised",
    "RegionOfInterest": "what the regions are made of, which are exercised",
    "WAIT_FOREVER": "a number",
}


class Record:
    """What was used, by the owner that `of` names."""

    def __init__(self, cls):
        self.members = set()
        self.worked = {}
        self.owner = None
        self._depth = 0
        for name, member in list(vars(cls).items()):
            if not name.startswith("_"):
                self._watch(cls, name, member)

    def _watch(self, cls, name, member):
        if isinstance(member, property):
            read = self._wrapped(f"get {name}", member.fget)
            write = self._wrapped(f"set {name}", member.fset) if member.fset else None
            setattr(cls, name, property(read, write, None, member.__doc__))
        elif isinstance(member, (staticmethod, classmethod)):
            setattr(cls, name, type(member)(self._wrapped(f"call {name}", member.__func__)))
        elif inspect.isfunction(member):
            setattr(cls, name, self._wrapped(f"call {name}", member))
        elif name not in NOT_MEMBERS:
            raise SystemExit(f"WRONG: {cls.__name__}.{name} is public, and neither exercised nor explained")

    def _wrapped(self, what, function):
        self.members.add(what)

        @functools.wraps(function)
        def use(*arguments, **named):
            self._depth += 1
            try:
                result = function(*arguments, **named)
            finally:
                self._depth -= 1
            if self._depth == 0:
                self.worked.setdefault(self.owner, set()).add(what)
            return result

        return use

    def missing(self, excused=frozenset()):
        """The members that the owner was not seen to use."""
        return self.members - self.worked.get(self.owner, set()) - set(excused)
