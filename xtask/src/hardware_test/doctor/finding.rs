//! One thing that was looked at.

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Good,
    /// It works, but not as well as it could, or not for every camera.
    Advice,
    /// Without it nothing works.
    Missing,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Advice => "advice",
            State::Missing => "MISSING",
        }
    }
}

/// One thing that was looked at, and the cure for what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) what: &'static str,
    pub(super) state: State,
    pub(super) found: String,
    pub(super) cure: String,
}

impl Finding {
    pub(super) fn new(
        what: &'static str,
        state: State,
        found: impl Into<String>,
        cure: impl Into<String>,
    ) -> Finding {
        Finding { what, state, found: found.into(), cure: cure.into() }
    }

    pub(super) fn good(what: &'static str, found: impl Into<String>) -> Finding {
        Finding::new(what, State::Good, found, "")
    }
}
