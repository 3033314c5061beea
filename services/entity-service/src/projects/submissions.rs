//! Submissions as far as their project is concerned: each change of theirs counts, is told, and wakes the others.

use super::{Differences, Work, Workshop, link::is_member};
use crate::submissions::{
    facts::facts,
    restore::restore,
    row::{SubmissionRow, select_submissions, update_submission},
};
use chrono::{DateTime, Utc};
use keylight_contracts::events::{SUBMISSION_DELETED, SUBMISSION_UPDATED};
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use sqlx::PgConnection;

/// The newest submissions of a project.
///
/// # Errors
/// When the database fails.
pub async fn newest(
    connection: &mut PgConnection,
    project_id: i64,
    limit: i64,
) -> Result<Vec<SubmissionRow>, StoreError> {
    Ok(select_submissions!(
        "WHERE s.project_id = $1 AND coalesce(s.deleted_at, 'infinity') = 'infinity'
         ORDER BY s.created_at DESC NULLS LAST, s.id DESC LIMIT $2",
        project_id,
        limit,
    )
    .fetch_all(connection)
    .await?)
}

/// Every submission of a project that is there, locked in the order of their ids.
///
/// # Errors
/// When the database fails.
pub async fn lock_all(
    connection: &mut PgConnection,
    project_id: i64,
) -> Result<Vec<SubmissionRow>, StoreError> {
    Ok(select_submissions!(
        "WHERE s.project_id = $1 AND coalesce(s.deleted_at, 'infinity') = 'infinity' ORDER BY s.id FOR UPDATE",
        project_id,
    )
    .fetch_all(connection)
    .await?)
}

/// Puts a submission, which is locked, into another project or into none.
///
/// # Errors
/// When the database fails.
pub async fn put_into(
    workshop: &Workshop,
    work: &mut Work,
    before: &SubmissionRow,
    project_id: Option<i64>,
    action: &str,
) -> Result<SubmissionRow, DomainError> {
    let after = update_submission!(
        "SET project_id = $2, updated_at = $3, version = s.version + 1,
             sync_state = CASE WHEN s.sync_state = 'off' THEN 'off' ELSE 'pending' END
         WHERE s.id = $1",
        before.id,
        project_id,
        work.at,
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("project_id", &before.project_id, &after.project_id);
    let told = facts(before, &after, &work.caller.actor);
    work.tell(workshop, SUBMISSION_UPDATED, action, differences, &told)
        .await?;
    Ok(after)
}

/// Deletes a submission, which is locked, with its project.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    workshop: &Workshop,
    work: &mut Work,
    before: &SubmissionRow,
) -> Result<(), DomainError> {
    let after = update_submission!(
        "SET deleted_at = $2, version = s.version + 1 WHERE s.id = $1",
        before.id,
        work.at,
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    sqlx::query!(
        "UPDATE entity.users SET open_submissions = open_submissions - 1
         WHERE email_key = (SELECT email_key FROM entity.submissions WHERE id = $1) AND holds_email AND open_submissions > 0",
        before.id,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("deleted_at", &None, &Some(work.at));
    let told = facts(before, &after, &work.caller.actor);
    work.tell(
        workshop,
        SUBMISSION_DELETED,
        "deleted with its project",
        differences,
        &told,
    )
    .await?;
    Ok(())
}

/// Links those again that have no project now and whose person is of the project.
///
/// # Errors
/// When the database fails.
pub async fn relink(
    workshop: &Workshop,
    work: &mut Work,
    ids: &[i64],
    project_id: i64,
) -> Result<(), DomainError> {
    let unlinked = select_submissions!(
        "WHERE s.id = ANY($1) AND s.project_id IS NULL AND coalesce(s.deleted_at, 'infinity') = 'infinity'
         ORDER BY s.id FOR UPDATE",
        ids,
    )
    .fetch_all(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    for submission in unlinked {
        let member = match submission.user_id {
            Some(user_id) => is_member(&mut work.transaction, user_id, project_id).await?,
            // as it was before
            None => true,
        };
        if member {
            put_into(
                workshop,
                work,
                &submission,
                Some(project_id),
                "project restored",
            )
            .await?;
        }
    }
    Ok(())
}

/// Brings those back that went in the deletion of this moment.
///
/// # Errors
/// `Conflict` when the person is gone or the address has applied again and may apply only once.
pub async fn undelete(
    workshop: &Workshop,
    work: &mut Work,
    ids: &[i64],
    deleted_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    let deleted = sqlx::query_scalar!(
        "SELECT id FROM entity.submissions WHERE id = ANY($1) AND deleted_at = $2 ORDER BY id",
        ids,
        deleted_at,
    )
    .fetch_all(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    for id in deleted {
        restore(
            &mut work.transaction,
            &*workshop.clock,
            &workshop.outbox,
            workshop.duplicates,
            id,
            &work.caller,
        )
        .await?;
    }
    Ok(())
}
