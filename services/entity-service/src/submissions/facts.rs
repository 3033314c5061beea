//! What an event tells of a submission after a change.

use super::row::SubmissionRow;
use keylight_contracts::events::{SUBMISSION_STATUS_CHANGED, SUBMISSION_UPDATED, SubmissionFacts};

/// The facts of `after`; the status before is told when it was another.
#[must_use]
pub fn facts(before: &SubmissionRow, after: &SubmissionRow, actor: &str) -> SubmissionFacts {
    let status = |row: &SubmissionRow| row.status.clone().unwrap_or_default();
    SubmissionFacts {
        submission_id: after.id,
        version: after.version,
        created_on: after.created_on(),
        status: status(after),
        previous_status: (before.status != after.status).then(|| status(before)),
        buyer_category: after.buyer_category.clone(),
        actor: actor.to_owned(),
    }
}

/// The event that tells of the change from `before` to `after`.
#[must_use]
pub fn event_kind(before: &SubmissionRow, after: &SubmissionRow) -> &'static str {
    if before.status == after.status {
        SUBMISSION_UPDATED
    } else {
        SUBMISSION_STATUS_CHANGED
    }
}
