//! What several answers hold.

use crate::envelope::time;
use keylight_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A record whose last try failed.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncFailure)]
pub(crate) struct FailureJson {
    submission_id: i64,
    task_id: Option<String>,
    /// Null = the list of the settings.
    list_id: Option<String>,
    /// Kind of trouble, for example `forbidden`.
    class: String,
    /// Route, status and code of the failed call; no personal data.
    error: String,
    /// What to do about it.
    remedy: String,
    /// Failures of this kind in a row.
    attempts: i32,
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// When it was given up; null while it is tried again by itself.
    #[schema(format = DateTime)]
    dead_at: Option<String>,
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    correlation_id: Option<String>,
}

impl From<v1::SyncFailure> for FailureJson {
    fn from(failure: v1::SyncFailure) -> Self {
        Self {
            submission_id: failure.submission_id,
            task_id: failure.task_id,
            list_id: Some(failure.list_id).filter(|list| !list.is_empty()),
            class: failure.class,
            error: failure.error,
            remedy: failure.remedy,
            attempts: failure.attempts,
            failing_since: time(failure.failing_since.as_ref()),
            dead_at: time(failure.dead_at.as_ref()),
            next_attempt_at: time(failure.next_attempt_at.as_ref()),
            correlation_id: failure.correlation_id,
        }
    }
}

/// What is kept from being worked on.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncPause)]
pub(crate) struct PauseJson {
    /// `all`, `list`, `record`
    scope: String,
    /// Id of the list or the submission; empty for all.
    key: String,
    #[schema(format = DateTime)]
    at: Option<String>,
    actor: String,
    reason: String,
}

impl From<v1::SyncPause> for PauseJson {
    fn from(pause: v1::SyncPause) -> Self {
        Self {
            scope: pause.scope,
            key: pause.key,
            at: time(pause.at.as_ref()),
            actor: pause.actor,
            reason: pause.reason,
        }
    }
}
