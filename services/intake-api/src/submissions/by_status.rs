//! `GET /api/submissions/status/{status}`.

use super::{
    filter::SubmissionFilters,
    json::SubmissionJson,
    page::{self, ListQuery},
    stats::Counts,
};
use crate::{
    app::App,
    envelope::PaginationJson,
    openapi::choices,
    requests::{PageQuery, Parameters, PathTexts},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_domain::submissions::{INVALID_STATUS_IN_PATH, SubmissionStatus};
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;
use utoipa::ToSchema;

/// A part of the list of one status, with the counts of all submissions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubmissionsByStatus {
    success: bool,
    data: Vec<SubmissionJson>,
    pagination: PaginationJson,
    stats: Counts,
    #[schema(value_type = choices::SubmissionStatus)]
    status: SubmissionStatus,
}

/// Applications of one status, newest first.
#[utoipa::path(
    get,
    path = "/api/submissions/status/{status}",
    operation_id = "list_submissions_by_status",
    tag = "submissions",
    params(("status" = inline(choices::SubmissionStatus), Path), ListQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = SubmissionsByStatus))
)]
pub(crate) async fn by_status(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    let status = SubmissionStatus::parse(path.text("status"))
        .ok_or_else(|| ApiError::validation(INVALID_STATUS_IN_PATH))?;
    let asked = PageQuery::read_tolerantly(&query)?;
    let also = ListQuery::read(&query)?;
    let filters = SubmissionFilters::of_status(status);
    let (data, pagination, stats) = page::with_counts(&app, &filters, &asked, also).await?;
    let list = SubmissionsByStatus {
        success: true,
        data,
        pagination,
        stats,
        status,
    };
    Ok(Json::ok(list).into_response())
}
