//! Staff move a project along: activate, hold, resume, complete, cancel, reopen, archive, unarchive.

use super::{Differences, Started, Workshop, check_version, lock, read, row::ProjectRow};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::{
    error::DomainError,
    projects::{Operation, ProjectStatus, Standing, step},
};
use keylight_store::StoreError;
use sqlx::PgConnection;

/// Does it, if it is possible now.
///
/// # Errors
/// `InvalidInput` that names what is possible, `NotFound`, or `Conflict` when the version is another.
pub async fn change(
    workshop: &Workshop,
    request: v1::ChangeProjectRequest,
) -> Result<v1::Project, DomainError> {
    let operation = Operation::parse(&request.operation).ok_or_else(|| {
        DomainError::invalid(format!("operation must be one of: {}", Operation::listed()))
    })?;
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(project) => return Ok(project),
        Started::Fresh(work) => work,
    };
    let before = lock(&mut work.transaction, request.id).await?;
    check_version("project", request.expected_version, before.version)?;
    let standing = Standing {
        status: before.known_status(),
        archived: before.archived_at.is_some(),
        held_from: held_from(&mut work.transaction, &before).await?,
    };
    let step =
        step(operation, standing).map_err(|problem| DomainError::invalid(problem.to_string()))?;
    let status = step.status.map_or_else(
        || before.status.clone(),
        |status| Some(status.as_str().to_owned()),
    );
    let archived_at = match step.archived {
        None => before.archived_at,
        Some(true) => Some(work.at),
        Some(false) => None,
    };
    sqlx::query!(
        "UPDATE entity.projects SET status = $2, archived_at = $3, updated_at = $4, version = version + 1 WHERE id = $1",
        request.id,
        status,
        archived_at,
        work.at,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("status", &before.status, &status);
    differences.of("archived_at", &before.archived_at, &archived_at);
    work.note(Record::Project(request.id), operation.as_str(), differences)
        .await?;
    let row = read(&mut work.transaction, request.id).await?;
    let person = row.user_id;
    let project: v1::Project = row.into();
    workshop.finish(work, &project, person).await?;
    Ok(project)
}

/// From where the project was put on hold, as the audit log remembers it.
async fn held_from(
    connection: &mut PgConnection,
    project: &ProjectRow,
) -> Result<Option<ProjectStatus>, StoreError> {
    if project.known_status() != Some(ProjectStatus::OnHold) {
        return Ok(None);
    }
    let status = sqlx::query_scalar!(
        "SELECT before->>'status' FROM entity.audit_log
         WHERE entity = 'project' AND entity_id = $1 AND after->>'status' = 'on_hold'
         ORDER BY id DESC LIMIT 1",
        project.id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(status
        .flatten()
        .and_then(|status| ProjectStatus::parse(&status)))
}
