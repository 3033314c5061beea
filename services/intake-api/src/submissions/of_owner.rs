//! `GET /api/submissions/user/{userId}` and `/api/submissions/project/{projectId}`. Whoever wants to know whether the
//! person or the project exists asks for it; these lists are just empty then.

use super::{
    json::{SubmissionJson, many},
    page::{self, ListQuery},
};
use crate::{
    app::{App, Door},
    envelope::{Listing, PaginationJson},
    requests::{Noun, PageQuery, Parameters, PathTexts},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::SubmissionFilter;
use keylight_web::error::ApiError;

/// The applications of one person, newest first.
#[utoipa::path(
    get,
    path = "/api/submissions/user/{user_id}",
    operation_id = "list_submissions_by_user",
    tag = "submissions",
    params(("user_id" = i64, Path, minimum = 0), ListQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<SubmissionJson>))
)]
pub(crate) async fn of_user(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    let filter = SubmissionFilter {
        user_id: Some(path.number("user_id", Noun::USER)?),
        ..Default::default()
    };
    answer(&app, filter, &query).await
}

/// The applications of one project, newest first.
#[utoipa::path(
    get,
    path = "/api/submissions/project/{project_id}",
    operation_id = "list_submissions_by_project",
    tag = "submissions",
    params(("project_id" = i64, Path, minimum = 0), ListQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<SubmissionJson>))
)]
pub(crate) async fn of_project(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    let filter = SubmissionFilter {
        project_id: Some(path.number("project_id", Noun::PROJECT)?),
        ..Default::default()
    };
    answer(&app, filter, &query).await
}

async fn answer(
    app: &Door,
    filter: SubmissionFilter,
    query: &Parameters,
) -> Result<Response, ApiError> {
    let asked = PageQuery::read(query)?;
    let also = ListQuery::read(query)?;
    let found = page::matching(app, filter, &asked, also).await?;
    let place = PaginationJson::counted(&asked, found.total_count, found.next);
    Ok(Listing::new(many(found.submissions), place).ok())
}
