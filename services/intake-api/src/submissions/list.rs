//! `GET /api/submissions`.

use super::{
    filter::SubmissionFilters,
    json::SubmissionJson,
    page::{self, ListQuery},
    stats::Counts,
};
use crate::{
    app::App,
    envelope::PaginationJson,
    requests::{PageQuery, Parameters},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;
use utoipa::ToSchema;

/// A part of the list, with the counts of all submissions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubmissionList {
    success: bool,
    data: Vec<SubmissionJson>,
    pagination: PaginationJson,
    stats: Counts,
    /// The filters that were given.
    filters: SubmissionFilters,
}

/// Applications, newest first, with filters. `page` and `pageSize` are never refused, the newer parameters are.
#[utoipa::path(
    get,
    path = "/api/submissions",
    operation_id = "list_submissions",
    tag = "submissions",
    params(SubmissionFilters, ListQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = SubmissionList))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let filters = SubmissionFilters::from_query(&query)?;
    let asked = PageQuery::read_tolerantly(&query)?;
    let also = ListQuery::read(&query)?;
    let (data, pagination, stats) = page::with_counts(&app, &filters, &asked, also).await?;
    let list = SubmissionList {
        success: true,
        data,
        pagination,
        stats,
        filters,
    };
    Ok(Json::ok(list).into_response())
}
