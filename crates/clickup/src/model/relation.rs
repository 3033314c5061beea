//! How tasks hang together.

use serde::Deserialize;

use super::lenient;

/// One task waits for another. The same object stands at both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dependency {
    /// The one that waits.
    #[serde(deserialize_with = "lenient::id")]
    pub task_id: String,
    /// The one that it waits for.
    #[serde(deserialize_with = "lenient::id")]
    pub depends_on: String,
}

/// Two tasks are linked; a link has no direction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// One of them.
    #[serde(deserialize_with = "lenient::id")]
    pub task_id: String,
    /// The other.
    #[serde(deserialize_with = "lenient::id")]
    pub link_id: String,
}

impl Link {
    /// The task at the other end, seen from `task`.
    #[must_use]
    pub fn other<'a>(&'a self, task: &str) -> &'a str {
        if self.task_id == task {
            &self.link_id
        } else {
            &self.task_id
        }
    }
}
