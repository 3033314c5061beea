//! Staff take a deletion back.

use super::{
    facts::facts,
    not_found,
    row::{SubmissionRow, select_submissions, update_submission},
};
use crate::journal::{self, Caller, Change};
use chrono::SubsecRound as _;
use keylight_contracts::events::SUBMISSION_RESTORED;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    submissions::Duplicates,
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::json;
use sqlx::PgConnection;

/// Restores it in the transaction of `connection`. One that is not deleted stays as it is.
///
/// # Errors
/// `NotFound` when there is none; `Conflict` when its person is gone, or its address has applied again and may apply
/// only once.
pub async fn restore(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    outbox: &Outbox,
    duplicates: Duplicates,
    id: i64,
    caller: &Caller,
) -> Result<SubmissionRow, DomainError> {
    let before = select_submissions!("WHERE s.id = $1 FOR UPDATE", id)
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(not_found)?;
    let Some(deleted_at) = before.deleted_at else {
        return Ok(before);
    };
    raise_count(connection, &before, duplicates).await?;
    let at = clock.now().trunc_subsecs(6);
    let after = update_submission!(
        "SET deleted_at = NULL, version = s.version + 1, updated_at = $2,
             sync_state = CASE WHEN s.sync_state = 'off' THEN 'off' ELSE 'pending' END
         WHERE s.id = $1",
        id,
        at
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at,
        actor: &caller.actor,
        action: "restored",
        before: json!({ "deleted_at": deleted_at }),
        after: json!({ "deleted_at": null }),
        why: caller.why.as_deref(),
        cause: &caller.cause,
    };
    journal::tell(
        connection,
        outbox.origin,
        clock.new_id(),
        SUBMISSION_RESTORED,
        &change,
        &facts(&before, &after, &caller.actor),
    )
    .await?;
    Ok(after)
}

/// Counts the submission for its address again, if that is allowed.
async fn raise_count(
    connection: &mut PgConnection,
    row: &SubmissionRow,
    duplicates: Duplicates,
) -> Result<(), DomainError> {
    let person_gone = sqlx::query_scalar!(
        r#"SELECT deleted_at IS NOT NULL AS "gone!" FROM entity.users WHERE id = $1"#,
        row.user_id,
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    if person_gone == Some(true) {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The person of this submission was deleted; restore the person first",
        ));
    }
    // first hold whoever answers for the address, so that what is read next stays true
    sqlx::query!(
        "SELECT FROM entity.users u
         WHERE u.holds_email AND u.email_key = (SELECT email_key FROM entity.submissions WHERE id = $1)
         FOR UPDATE",
        row.id,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    // of people whom the predecessor never made a user of, only their applications tell
    let open = sqlx::query_scalar!(
        r#"SELECT coalesce((SELECT u.open_submissions FROM entity.users u WHERE u.holds_email AND u.email_key = s.email_key),
               entity.open_legacy_applications(s.email_key)) AS "open!"
           FROM entity.submissions s WHERE s.id = $1"#,
        row.id,
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    if open > 0 && duplicates == Duplicates::Reject {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The e-mail address of this submission has applied again meanwhile; delete the newer submission first",
        ));
    }
    sqlx::query!(
        "UPDATE entity.users SET open_submissions = open_submissions + 1
         WHERE holds_email AND email_key = (SELECT email_key FROM entity.submissions WHERE id = $1)",
        row.id,
    )
    .execute(connection)
    .await
    .map_err(StoreError::from)?;
    Ok(())
}
