//! A link as a worker holds it.

use chrono::{DateTime, Utc};
use keylight_domain::sync::decide::Progress;
use keylight_domain::sync::{Base, budget::Lane};
use uuid::Uuid;

/// A link under our lease.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The submission.
    pub submission_id: i64,
    /// Names our lease; another worker that took over has another one.
    pub lease: Uuid,
    /// The reason to look that this claim serves.
    pub generation: i64,
    /// When the oldest unserved reason came up; `None` when none is unserved.
    pub wanted_at: Option<DateTime<Utc>>,
    /// How far it is.
    pub progress: Progress,
    /// The task.
    pub task_id: Option<String>,
    /// Where people open it.
    pub task_url: Option<String>,
    /// The marker, once a call was intended.
    pub marker: Option<String>,
    /// What both sides last agreed on.
    pub base: Base,
    /// The list of the task; `None` = the one of the settings.
    pub list_id: Option<String>,
    /// The version of the mapping by which both sides last agreed.
    pub mapping_version: i64,
    /// Newest `date_updated` seen, epoch milliseconds.
    pub seen_ms: Option<i64>,
    /// When we last looked at or wrote to the task.
    pub touched_at: Option<DateTime<Utc>>,
    /// When the last complete sweep began.
    pub swept_at: Option<DateTime<Utc>>,
    /// Whether the task may have changed.
    pub stale: bool,
    /// Whose turn it is.
    pub lane: Lane,
    /// When it became due.
    pub due_at: DateTime<Utc>,
    /// Failures of one kind in a row.
    pub attempts: i32,
    /// What the last try failed with, if it did.
    pub error_class: Option<String>,
    /// When the present run of failures began.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was given up.
    pub dead_at: Option<DateTime<Utc>>,
    /// pending, synced, failed.
    pub state: String,
    /// What the system of record was told last.
    pub reported: Option<(String, i64)>,
    /// From the form to the task and back.
    pub correlation_id: Option<String>,
    /// The cause, for the trace.
    pub traceparent: Option<String>,
}

/// Names of [`Progress`] in rows.
#[must_use]
pub(super) const fn progress_name(progress: Progress) -> &'static str {
    match progress {
        Progress::Unborn => "unborn",
        Progress::Uncertain { .. } => "uncertain",
        Progress::Linked => "linked",
        Progress::TaskGone => "task_gone",
        Progress::Unlinked => "unlinked",
    }
}

/// The progress of a row. A check constraint keeps unknown names out; the careful reading stands for them.
pub(super) fn progress_of(
    name: &str,
    asked_at: Option<DateTime<Utc>>,
    searched_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
) -> Progress {
    match name {
        "unborn" => Progress::Unborn,
        "linked" => Progress::Linked,
        "task_gone" => Progress::TaskGone,
        "unlinked" => Progress::Unlinked,
        _ => Progress::Uncertain {
            asked_at: asked_at.unwrap_or(created_at),
            searched_at,
        },
    }
}
