//! Users and workspaces.

use serde::Deserialize;

use super::lenient;

/// The user whose token it is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The id that history items and creators carry.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Display name.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub username: Option<String>,
    /// Name of the time zone, which decides what a date without time means.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub timezone: Option<String>,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A workspace (`team` in the API).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Team {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
}
