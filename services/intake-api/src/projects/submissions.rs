//! `GET /api/projects/{id}/submissions`.

use super::get::read;
use crate::{
    app::App,
    envelope::Listing,
    requests::{Noun, PageQuery, Parameters, PathTexts},
    submissions::{self, SubmissionJson},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{GetProjectRequest, SubmissionFilter};
use keylight_web::error::ApiError;

/// The submissions of a project, newest first.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/submissions",
    operation_id = "list_submissions_of_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0), PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<SubmissionJson>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::PROJECT)?;
    let page = PageQuery::read(&query)?;
    let project = GetProjectRequest {
        id,
        ..Default::default()
    };
    read(&app, project).await?;
    let filter = SubmissionFilter {
        project_id: Some(id),
        ..Default::default()
    };
    submissions::listed(&app, filter, &page).await
}
