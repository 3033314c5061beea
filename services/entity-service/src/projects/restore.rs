//! Staff take the deletion of a project back.

use super::{Differences, Started, Work, Workshop, not_found, read, row::select_projects};
use crate::journal::Record;
use chrono::{DateTime, Utc};
use keylight_contracts::v1;
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_store::StoreError;

/// Undoes exactly what the deletion did: submissions that went along come back, and those that only lost their link get
/// it again, unless somebody has put them elsewhere since. A project that is not deleted stays as it is.
///
/// # Errors
/// `NotFound` when there is no such project; `Conflict` when its owner is deleted, or a submission cannot come back.
pub async fn restore(
    workshop: &Workshop,
    request: v1::RestoreProjectRequest,
) -> Result<v1::Project, DomainError> {
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(project) => return Ok(project),
        Started::Fresh(work) => work,
    };
    let before = select_projects!("WHERE p.id = $1 FOR NO KEY UPDATE OF p", request.id)
        .fetch_optional(&mut *work.transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(not_found)?;
    if let Some(deleted_at) = before.deleted_at {
        refuse_without_owner(&mut work, before.user_id).await?;
        sqlx::query!(
            "UPDATE entity.projects SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1",
            request.id,
            work.at,
        )
        .execute(&mut *work.transaction)
        .await
        .map_err(StoreError::from)?;
        let mut differences = Differences::default();
        differences.of("deleted_at", &Some(deleted_at), &None);
        work.note(Record::Project(request.id), "restored", differences)
            .await?;
        bring_back(workshop, &mut work, request.id, deleted_at).await?;
    }
    let row = read(&mut work.transaction, request.id).await?;
    let person = row.user_id;
    let project: v1::Project = row.into();
    workshop.finish(work, &project, person).await?;
    Ok(project)
}

async fn refuse_without_owner(work: &mut Work, owner: Option<i64>) -> Result<(), DomainError> {
    let gone = sqlx::query_scalar!(
        r#"SELECT deleted_at IS NOT NULL AS "gone!" FROM entity.users WHERE id = $1 FOR SHARE"#,
        owner,
    )
    .fetch_optional(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    if gone == Some(true) {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The owner of this project was deleted; restore the person first",
        ));
    }
    Ok(())
}

/// What went with the project. A project that went with its owner brings nothing: the owner's restoration does.
async fn bring_back(
    workshop: &Workshop,
    work: &mut Work,
    project_id: i64,
    deleted_at: DateTime<Utc>,
) -> Result<(), DomainError> {
    let deletion = sqlx::query!(
        "UPDATE entity.project_deletions SET restored_at = $3
         WHERE project_id = $1 AND at = $2 AND restored_at IS NULL
         RETURNING cascade, submission_ids",
        project_id,
        deleted_at,
        work.at,
    )
    .fetch_optional(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let Some(deletion) = deletion else {
        return Ok(());
    };
    if deletion.cascade {
        super::submissions::undelete(workshop, work, &deletion.submission_ids, deleted_at).await
    } else {
        super::submissions::relink(workshop, work, &deletion.submission_ids, project_id).await
    }
}
