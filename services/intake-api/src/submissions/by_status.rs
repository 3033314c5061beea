//! `GET /api/submissions/status/{status}`.

use super::{json::Many, page, stats::Counts};
use crate::{app::App, query::Query};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse as _, Response},
};
use keylight_domain::submissions::{
    Filter, INVALID_STATUS_IN_PATH, Pagination, Paging, SubmissionStatus,
};
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;

#[derive(Serialize)]
struct ByStatus<'a> {
    success: bool,
    data: Many<'a>,
    pagination: Pagination,
    stats: Counts,
    status: SubmissionStatus,
}

/// Applications of one status.
#[utoipa::path(
    get,
    path = "/api/submissions/status/{status}",
    operation_id = "list_submissions_by_status",
    tag = "submissions",
    params(("status" = String, Path)),
    responses((status = 200, description = "Applications of one status"))
)]
pub(crate) async fn by_status(
    State(app): State<App>,
    status: Result<Path<String>, PathRejection>,
    query: Query,
) -> Result<Response, ApiError> {
    let status = status
        .ok()
        .and_then(|Path(text)| SubmissionStatus::parse(&text))
        .ok_or_else(|| ApiError::validation(INVALID_STATUS_IN_PATH))?;
    let paging = Paging::from_query(query.get("page"), query.get("pageSize"));
    let filter = Filter {
        status: Some(status.as_str().to_owned()),
        ..Filter::default()
    };
    let (page, stats) = page::with_counts(&app, &filter, paging).await?;
    let pagination = Pagination::new(paging, page.total_count);
    let list = ByStatus {
        success: true,
        data: Many(&page.submissions),
        pagination,
        stats,
        status,
    };
    Ok(Json::ok(list).into_response())
}
