//! Staff delete a project: it is kept, but nobody sees it any more.

use super::{Differences, Started, Workshop, check_version, lock, read, submissions};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;

/// Deletes it, with its submissions or after taking their links away, and remembers which, so that
/// [`restore`](super::restore) can undo exactly that.
///
/// # Errors
/// `NotFound` when there is none, also the second time; `Conflict` when the version is another.
pub async fn delete(
    workshop: &Workshop,
    request: v1::DeleteProjectRequest,
) -> Result<v1::DeletedProject, DomainError> {
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(deleted) => return Ok(deleted),
        Started::Fresh(work) => work,
    };
    let before = lock(&mut work.transaction, request.id).await?;
    check_version("project", request.expected_version, before.version)?;
    let affected = submissions::lock_all(&mut work.transaction, request.id).await?;
    for submission in &affected {
        if request.cascade {
            submissions::delete(workshop, &mut work, submission).await?;
        } else {
            submissions::put_into(workshop, &mut work, submission, None, "project deleted").await?;
        }
    }
    let submission_ids: Vec<i64> = affected.iter().map(|submission| submission.id).collect();
    sqlx::query!(
        "WITH deleted AS (
             UPDATE entity.projects SET deleted_at = $2, version = version + 1 WHERE id = $1
         )
         INSERT INTO entity.project_deletions (project_id, at, cascade, submission_ids) VALUES ($1, $2, $3, $4)",
        request.id,
        work.at,
        request.cascade,
        &submission_ids,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("deleted_at", &None, &Some(work.at));
    work.note(Record::Project(request.id), "deleted", differences)
        .await?;
    let row = read(&mut work.transaction, request.id).await?;
    let person = row.user_id;
    let reply = v1::DeletedProject {
        project: Some(row.into()),
        submission_ids,
    };
    workshop.finish(work, &reply, person).await?;
    Ok(reply)
}
