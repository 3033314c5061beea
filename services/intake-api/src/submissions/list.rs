//! `GET /api/submissions`.

use super::{json::Many, page, stats::Counts};
use crate::{app::App, query::Query};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_domain::submissions::{Filter, Pagination, Paging};
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    success: bool,
    data: Many<'a>,
    pagination: Pagination,
    stats: Counts,
    filters: Filter,
}

/// Applications, newest first, with filters.
#[utoipa::path(
    get,
    path = "/api/submissions",
    operation_id = "list_submissions",
    tag = "submissions",
    responses((status = 200, description = "Applications, newest first, with filters"))
)]
pub(crate) async fn list(State(app): State<App>, query: Query) -> Result<Response, ApiError> {
    let paging = Paging::from_query(query.get("page"), query.get("pageSize"));
    let filters = Filter::from_query(query.pairs());
    let (page, stats) = page::with_counts(&app, &filters, paging).await?;
    let pagination = Pagination::new(paging, page.total_count);
    let list = List {
        success: true,
        data: Many(&page.submissions),
        pagination,
        stats,
        filters,
    };
    Ok(Json::ok(list).into_response())
}
