//! What a place says of the C interface, in one form for all places.

use std::collections::BTreeMap;
use std::fmt;

/// The kinds of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Macros, parameter ids and members of enumerations: the number.
    Constant,
    /// Error codes: the number.
    Error,
    /// Names of numbers: width and sign. Enumerations are among them.
    Scalar,
    /// Names of pointers: what they point at.
    Pointer,
    /// Size and alignment.
    Struct,
    /// Type, offset and size of a member.
    Field,
    /// Result and arguments.
    Function,
    /// Result and arguments of what the library calls.
    Callback,
    /// Result and arguments of an exported function, as the machine passes them.
    Export,
    /// The symbol version of a function, and which version comes before a version.
    Version,
    /// The members of a struct that a library shares with programs, without their names.
    Memory,
}

impl Kind {
    pub(super) const ALL: [Self; 11] = [
        Self::Constant,
        Self::Error,
        Self::Scalar,
        Self::Pointer,
        Self::Struct,
        Self::Field,
        Self::Function,
        Self::Callback,
        Self::Export,
        Self::Version,
        Self::Memory,
    ];

    /// For counts.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Constant => "constants",
            Self::Error => "error codes",
            Self::Scalar => "scalar types",
            Self::Pointer => "pointer types",
            Self::Struct => "structs",
            Self::Field => "fields",
            Self::Function => "functions",
            Self::Callback => "callback types",
            Self::Export => "exports",
            Self::Version => "symbol versions",
            Self::Memory => "shared structs",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.plural().trim_end_matches('s'))
    }
}

/// All facts of a place: by kind and name, as text that is equal when the meaning is.
#[derive(Debug, Default)]
pub(super) struct Interface {
    facts: BTreeMap<Kind, BTreeMap<String, String>>,
}

impl Interface {
    /// Notes a fact. One that was noted before and says something else makes both stand in the text.
    pub(super) fn note(&mut self, kind: Kind, name: impl Into<String>, fact: impl Into<String>) {
        let (entry, fact) =
            (self.facts.entry(kind).or_default().entry(name.into()).or_default(), fact.into());
        if entry.is_empty() {
            *entry = fact;
        } else if *entry != fact {
            *entry = format!("{entry} and also {fact}");
        }
    }

    /// The facts of one kind.
    pub(super) fn of(&self, kind: Kind) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.facts.get(&kind).unwrap_or(&NONE)
    }
}

/// A signature, as the tables write types.
pub(super) fn signature(result: &str, arguments: &[String]) -> String {
    format!("{result} ({})", arguments.join(", "))
}

/// A C type with single spaces and none before a `*` or `[`.
pub(super) fn c_type(text: &str) -> String {
    let mut words = text.replace('*', " * ").replace('[', " [");
    words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace(" *", "*").replace(" [", "[").replace("* [", "*[")
}
