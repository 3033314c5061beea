//! Staff say which project a submission belongs to.

use super::{Started, Workshop, check_version, not_found, submissions::put_into};
use crate::submissions;
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use sqlx::PgConnection;

/// Links it, or takes the link away with project 0. The submission's person must be of the project, in whatever role.
/// Where it belongs there already, nothing changes.
///
/// # Errors
/// `NotFound` for submission or project, `InvalidInput` when the person is not of the project, `Conflict` when the version
/// is another.
pub async fn link(
    workshop: &Workshop,
    request: v1::LinkSubmissionRequest,
) -> Result<v1::Submission, DomainError> {
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(submission) => return Ok(submission),
        Started::Fresh(work) => work,
    };
    let project_id = Some(request.project_id).filter(|id| *id != 0);
    if let Some(id) = project_id {
        // held, so that it is neither deleted nor left by the person meanwhile
        sqlx::query_scalar!(
            "SELECT id FROM entity.projects WHERE id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity' FOR SHARE",
            id,
        )
        .fetch_optional(&mut *work.transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(not_found)?;
    }
    let before = submissions::lock(&mut work.transaction, request.submission_id).await?;
    check_version("submission", request.expected_version, before.version)?;
    if let Some(id) = project_id {
        check_person(&mut work.transaction, before.user_id, id).await?;
    }
    let person = before.user_id;
    let after = if before.project_id == project_id {
        before
    } else {
        let action = if project_id.is_some() {
            "linked"
        } else {
            "unlinked"
        };
        put_into(workshop, &mut work, &before, project_id, action).await?
    };
    let submission: v1::Submission = after.into();
    workshop.finish(work, &submission, person).await?;
    Ok(submission)
}

/// The person of the submission must be of the project.
async fn check_person(
    connection: &mut PgConnection,
    user_id: Option<i64>,
    project_id: i64,
) -> Result<(), DomainError> {
    let Some(user_id) = user_id else {
        return Err(DomainError::invalid(
            "The submission has no person, so it can belong to no project; give it its person first",
        ));
    };
    if is_member(connection, user_id, project_id).await? {
        return Ok(());
    }
    Err(DomainError::invalid(format!(
        "The submission's person {user_id} is not of project {project_id}; add them to the project first, or choose one of their projects"
    )))
}

/// Whether the person is of the project, in whatever role.
pub(super) async fn is_member(
    connection: &mut PgConnection,
    user_id: i64,
    project_id: i64,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM entity.project_members WHERE project_id = $1 AND user_id = $2
           ) AS "member!""#,
        project_id,
        user_id,
    )
    .fetch_one(connection)
    .await?)
}
