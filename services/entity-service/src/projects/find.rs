//! One project with what belongs to it.

use super::{Workshop, not_found, people, row::select_projects};
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;

/// Most submissions that are shown with a project.
pub const MAX_SUBMISSIONS: i64 = 100;

/// The project, with its people and newest submissions when they are asked for.
///
/// # Errors
/// `NotFound` when there is none, or it was deleted and those are not asked for.
pub async fn get(
    workshop: &Workshop,
    request: v1::GetProjectRequest,
) -> Result<v1::ProjectView, DomainError> {
    let mut connection = workshop.pool.acquire().await.map_err(StoreError::from)?;
    let row = select_projects!(
        "WHERE p.id = $1 AND ($2 OR coalesce(p.deleted_at, 'infinity') = 'infinity')",
        request.id,
        request.include_deleted,
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(not_found)?;
    let people = if request.with_people {
        people::of(&mut connection, request.id).await?
    } else {
        Vec::new()
    };
    let submissions = if request.with_submissions {
        super::submissions::newest(&mut connection, request.id, MAX_SUBMISSIONS).await?
    } else {
        Vec::new()
    };
    Ok(v1::ProjectView {
        project: Some(row.into()),
        people,
        submissions: submissions.into_iter().map(Into::into).collect(),
    })
}
