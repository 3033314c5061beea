//! One thing that was looked at.

use crate::remote::CallError;
use keylight_clickup::Class;

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// It works, but somebody should know.
    Note,
    /// Something does not work until somebody mends it.
    Bad,
    /// It could not be looked at.
    Unknown,
}

impl State {
    /// As in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Note => "note",
            State::Bad => "bad",
            State::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at. Holds no secret and nothing of a person.
#[derive(Debug, Clone)]
pub struct Check {
    /// Stable short name.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, in a sentence.
    pub found: String,
    /// What to do about it; empty when there is nothing to do.
    pub remedy: String,
}

impl Check {
    /// As it should be.
    pub fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self::new(name, State::Good, found, "")
    }

    /// With a state and a remedy.
    pub fn new(
        name: &'static str,
        state: State,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            name,
            state,
            found: found.into(),
            remedy: remedy.into(),
        }
    }

    /// What a failed call says about the thing that it was made for.
    #[must_use]
    pub fn of_failure(name: &'static str, error: &CallError) -> Self {
        let CallError::Failed(failed) = error else {
            return match error {
                CallError::NotNow(until) => Self::new(
                    name,
                    State::Unknown,
                    format!("ClickUp cannot be called before {}", until.to_rfc3339()),
                    "The rate limit is used up or ClickUp does not answer: look again later.",
                ),
                other => Self::new(name, State::Bad, other.to_string(), ""),
            };
        };
        let found = failed.to_string();
        match failed.class {
            Class::TokenDead => Self::new(
                name,
                State::Bad,
                format!("ClickUp does not accept the token: {found}"),
                "Make a new token in ClickUp (Settings, Apps), and set CLICKUP_TOKEN or run `keylight clickup connect`.",
            ),
            Class::Forbidden | Class::Gone => Self::new(
                name,
                State::Bad,
                format!(
                    "it is deleted, not shared with the token's user, or the id is wrong: {found}"
                ),
                "Check the id, and share it with the user that the token belongs to.",
            ),
            Class::RateLimited => Self::new(
                name,
                State::Unknown,
                found,
                "The rate limit is used up: look again in a minute.",
            ),
            Class::Unreachable | Class::Retry | Class::Unexpected => Self::new(
                name,
                State::Bad,
                format!("ClickUp does not answer as it should: {found}"),
                "Check the network and CLICKUP_BASE_URL, and https://status.clickup.com.",
            ),
            _ => Self::new(name, State::Bad, found, ""),
        }
    }
}
