//! Staff delete a submission: it is kept, but nobody sees it any more, and its address may apply again.

use super::{
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

/// Deletes it, and gives it as it was last seen.
///
/// # Errors
/// `NotFound` when there is none, also the second time.
pub async fn delete(
    pool: &PgPool,
    clock: &dyn Clock,
    outbox: &Outbox,
    id: i64,
    actor: &str,
    cause: &Cause,
) -> Result<SubmissionRow, DomainError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let before = lock(&mut transaction, id).await?;
    let at = clock.now().trunc_subsecs(6);
    let after = update_submission!(
        "SET deleted_at = $2, version = version + 1 WHERE id = $1",
        id,
        at
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    sqlx::query!(
        "UPDATE entity.users SET open_submissions = open_submissions - 1
         WHERE email_key = (SELECT email_key FROM entity.submissions WHERE id = $1) AND holds_email AND open_submissions > 0",
        id,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at,
        actor,
        action: "deleted",
        before: json!({ "deleted_at": null }),
        after: json!({ "deleted_at": at }),
        why: None,
        cause,
    };
    let told = facts(&before, &after, actor);
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
