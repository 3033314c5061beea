//! How long tasks were in their statuses.

use serde::Deserialize;

use super::lenient;

/// How long a task has been in one status, all stays together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatusTime {
    /// Name of the status as it was then; people rename them.
    pub status: String,
    #[serde(default, deserialize_with = "lenient::or_none")]
    total_time: Option<TotalTime>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct TotalTime {
    #[serde(default, deserialize_with = "lenient::whole")]
    by_minute: Option<i64>,
    #[serde(default, deserialize_with = "lenient::millis")]
    since: Option<i64>,
}

impl StatusTime {
    /// Minutes.
    #[must_use]
    pub fn minutes(&self) -> Option<i64> {
        self.total_time.as_ref()?.by_minute
    }

    /// When the task came into it, epoch milliseconds.
    #[must_use]
    pub fn since(&self) -> Option<i64> {
        self.total_time.as_ref()?.since
    }
}

/// The statuses of a task with their times (`GetTask'sTimeinStatus`). Needs a ClickApp that can be switched off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TimeInStatus {
    /// Where it is.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub current_status: Option<StatusTime>,
    /// Where it was.
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub status_history: Vec<StatusTime>,
}
