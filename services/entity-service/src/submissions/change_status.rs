//! Staff move a submission to another status and may leave notes.

use super::{
    check_version,
    facts::{event_kind, facts},
    lock, not_found,
    row::{SubmissionRow, select_submissions, update_submission},
};
use crate::journal::{self, Cause, Change, Record};
use chrono::SubsecRound as _;
use keylight_domain::{
    error::DomainError,
    intake::MAX_TEXT,
    submissions::{INVALID_STATUS_IN_BODY, STATUS_REQUIRED, SubmissionStatus},
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::{Map, Value, json};
use sqlx::PgPool;

/// What staff want.
pub struct Wish<'a> {
    /// The submission.
    pub id: i64,
    /// The status by its name; any may follow any.
    pub status: &'a str,
    /// New notes; `None` or empty leaves the old ones.
    pub notes: Option<&'a str>,
    /// Who.
    pub actor: &'a str,
    /// What it follows from.
    pub cause: Cause,
    /// The version that was decided about, if that matters.
    pub expected_version: Option<i64>,
    /// Why, in the words of whoever decided.
    pub why: Option<&'a str>,
}

/// Does it, and gives the submission as it is then. When nothing differs, only the time of the last change moves: there
/// is nothing to tell others.
///
/// # Errors
/// `InvalidInput` or `NotFound`, in the order that clients know: status missing, no such submission, status unknown;
/// `Conflict` when the version is another than expected.
pub async fn change_status(
    pool: &PgPool,
    clock: &dyn Clock,
    outbox: &Outbox,
    wish: Wish<'_>,
) -> Result<SubmissionRow, DomainError> {
    if wish.status.is_empty() {
        return Err(DomainError::invalid(STATUS_REQUIRED));
    }
    let notes = wish.notes.filter(|notes| !notes.is_empty());
    let (Some(status), Ok(())) = (SubmissionStatus::parse(wish.status), check_notes(notes)) else {
        // who is wrong twice hears of the missing submission first
        let found = select_submissions!(
            "WHERE s.id = $1 AND coalesce(s.deleted_at, 'infinity') = 'infinity'",
            wish.id
        )
        .fetch_optional(pool)
        .await
        .map_err(StoreError::from)?;
        found.ok_or_else(not_found)?;
        SubmissionStatus::parse(wish.status)
            .ok_or_else(|| DomainError::invalid(INVALID_STATUS_IN_BODY))?;
        return Err(check_notes(notes)
            .err()
            .unwrap_or_else(|| DomainError::internal("refused for no reason")));
    };

    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let before = lock(&mut transaction, wish.id).await?;
    check_version(&before, wish.expected_version)?;
    let at = clock.now().trunc_subsecs(6);
    let (old, new) = differences(&before, status, notes);
    let steps = i64::from(!new.is_empty());
    let after = update_submission!(
        "SET status = $2, admin_notes = COALESCE($3, s.admin_notes), updated_at = $4, version = s.version + $5,
             sync_state = CASE WHEN $5 > 0 AND s.sync_state <> 'off' THEN 'pending' ELSE s.sync_state END
         WHERE s.id = $1",
        wish.id,
        status.as_str(),
        notes,
        at,
        steps,
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at,
        actor: wish.actor,
        action: "status set",
        before: Value::Object(old),
        after: Value::Object(new),
        why: wish.why,
        cause: &wish.cause,
    };
    if steps > 0 {
        let facts = facts(&before, &after, wish.actor);
        let kind = event_kind(&before, &after);
        journal::tell(
            &mut transaction,
            outbox.origin,
            clock.new_id(),
            kind,
            &change,
            &facts,
        )
        .await?;
    } else {
        journal::note(&mut transaction, Record::Submission(wish.id), &change).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    if steps > 0 {
        outbox.wake();
    }
    Ok(after)
}

/// Notes must be storable.
pub(super) fn check_notes(notes: Option<&str>) -> Result<(), DomainError> {
    let notes = notes.unwrap_or_default();
    if notes.contains('\0') {
        return Err(DomainError::invalid(
            "admin_notes must not contain NUL characters",
        ));
    }
    if notes.len() > MAX_TEXT && notes.chars().count() > MAX_TEXT {
        return Err(DomainError::invalid(format!(
            "admin_notes must be at most {MAX_TEXT} characters"
        )));
    }
    Ok(())
}

/// The columns that will differ, before and after.
fn differences(
    before: &SubmissionRow,
    status: SubmissionStatus,
    notes: Option<&str>,
) -> (Map<String, Value>, Map<String, Value>) {
    let (mut old, mut new) = (Map::new(), Map::new());
    if before.status.as_deref() != Some(status.as_str()) {
        old.insert("status".to_owned(), json!(before.status));
        new.insert("status".to_owned(), json!(status));
    }
    if notes.is_some() && before.admin_notes.as_deref() != notes {
        old.insert("admin_notes".to_owned(), json!(before.admin_notes));
        new.insert("admin_notes".to_owned(), json!(notes));
    }
    (old, new)
}
