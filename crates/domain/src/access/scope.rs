//! What an API token may be used for.

use std::fmt;

/// A part of the interface. Writing includes reading of the same part, because what is written is shown in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Lists, searches and counts of applications.
    SubmissionsRead,
    /// Changes of applications.
    SubmissionsWrite,
    /// Lists of people and their relations.
    PeopleRead,
    /// Changes, merges and erasure of people.
    PeopleWrite,
    /// Lists of projects and their relations.
    ProjectsRead,
    /// Changes of projects.
    ProjectsWrite,
    /// The audit log and what does not fit together in the records.
    RecordsRead,
    /// Repair of records.
    RecordsWrite,
    /// How records stand with ClickUp: links, failures, the log of calls.
    SyncRead,
    /// Trying failed records again, pausing and resuming.
    SyncWrite,
    /// How ClickUp is reached and what goes where in it.
    SettingsAdmin,
    /// Staff accounts and API tokens.
    StaffAdmin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 12] = [
        Scope::SubmissionsRead,
        Scope::SubmissionsWrite,
        Scope::PeopleRead,
        Scope::PeopleWrite,
        Scope::ProjectsRead,
        Scope::ProjectsWrite,
        Scope::RecordsRead,
        Scope::RecordsWrite,
        Scope::SyncRead,
        Scope::SyncWrite,
        Scope::SettingsAdmin,
        Scope::StaffAdmin,
    ];

    /// As stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::SubmissionsRead => "submissions:read",
            Scope::SubmissionsWrite => "submissions:write",
            Scope::PeopleRead => "people:read",
            Scope::PeopleWrite => "people:write",
            Scope::ProjectsRead => "projects:read",
            Scope::ProjectsWrite => "projects:write",
            Scope::RecordsRead => "records:read",
            Scope::RecordsWrite => "records:write",
            Scope::SyncRead => "sync:read",
            Scope::SyncWrite => "sync:write",
            Scope::SettingsAdmin => "settings:admin",
            Scope::StaffAdmin => "staff:admin",
        }
    }

    /// The scope of this name.
    ///
    /// # Errors
    /// When there is none; the text lists them.
    pub fn parse(name: &str) -> Result<Scope, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or(UnknownScope)
    }

    /// Whether holding this scope is enough where `needed` is asked for.
    #[must_use]
    pub fn includes(self, needed: Scope) -> bool {
        self == needed
            || matches!(
                (self, needed),
                (Scope::SubmissionsWrite, Scope::SubmissionsRead)
                    | (Scope::PeopleWrite, Scope::PeopleRead)
                    | (Scope::ProjectsWrite, Scope::ProjectsRead)
                    | (Scope::RecordsWrite, Scope::RecordsRead)
                    | (Scope::SyncWrite, Scope::SyncRead)
            )
    }
}

/// Whether these scopes allow `needed`. None at all means everything that the role may.
#[must_use]
pub fn covers(held: &[Scope], needed: Scope) -> bool {
    held.is_empty() || held.iter().any(|scope| scope.includes(needed))
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownScope;

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Scope::ALL.into_iter().map(Scope::as_str).collect();
        write!(f, "scopes are {}", names.join(", "))
    }
}

impl std::error::Error for UnknownScope {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Ok(scope));
        }
        assert!(
            Scope::parse("everything")
                .unwrap_err()
                .to_string()
                .contains("people:write")
        );
    }

    #[test]
    fn writing_includes_reading_and_nothing_else_does() {
        for held in Scope::ALL {
            for needed in Scope::ALL {
                let reads = held.as_str().replace(":write", ":read") == needed.as_str();
                assert_eq!(
                    held.includes(needed),
                    held == needed || reads,
                    "{held} {needed}"
                );
                assert_eq!(covers(&[held], needed), held.includes(needed));
                assert!(covers(&[], needed));
            }
        }
    }
}
