//! Staff delete a submission: it is kept, but nobody sees it any more, and its address may apply again.

use super::{
    check_version,
    facts::facts,
    lock,
    row::{SubmissionRow, update_submission},
};
use crate::journal::{self, Cause, Change};
use chrono::SubsecRound as _;
use keylight_contracts::events::SUBMISSION_DELETED;
use keylight_domain::error::DomainError;
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::json;
use sqlx::PgPool;

/// What staff want to be rid of.
pub struct Removal<'a> {
    /// The submission.
    pub id: i64,
    /// Who.
    pub actor: &'a str,
    /// What it follows from.
    pub cause: Cause,
    /// The version that was decided about, if that matters.
    pub expected_version: Option<i64>,
    /// Why, in the words of whoever decided.
    pub why: Option<&'a str>,
}

/// Deletes it, and gives it as it was last seen.
///
/// # Errors
/// `NotFound` when there is none, also the second time; `Conflict` when the version is another than expected.
pub async fn delete(
    pool: &PgPool,
    clock: &dyn Clock,
    outbox: &Outbox,
    removal: Removal<'_>,
) -> Result<SubmissionRow, DomainError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let before = lock(&mut transaction, removal.id).await?;
    check_version(&before, removal.expected_version)?;
    let at = clock.now().trunc_subsecs(6);
    let after = update_submission!(
        "SET deleted_at = $2, version = s.version + 1 WHERE s.id = $1",
        removal.id,
        at
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    sqlx::query!(
        "UPDATE entity.users SET open_submissions = open_submissions - 1
         WHERE email_key = (SELECT email_key FROM entity.submissions WHERE id = $1) AND holds_email AND open_submissions > 0",
        removal.id,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at,
        actor: removal.actor,
        action: "deleted",
        before: json!({ "deleted_at": null }),
        after: json!({ "deleted_at": at }),
        why: removal.why,
        cause: &removal.cause,
    };
    let told = facts(&before, &after, removal.actor);
    journal::tell(
        &mut transaction,
        outbox.origin,
        clock.new_id(),
        SUBMISSION_DELETED,
        &change,
        &told,
    )
    .await?;
    transaction.commit().await.map_err(StoreError::from)?;
    outbox.wake();
    Ok(before)
}
