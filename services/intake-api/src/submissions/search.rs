//! `GET /api/submissions/search?q=`.

use super::json::Many;
use crate::{app::App, entity::answered, query::Query};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::SearchSubmissionsRequest;
use keylight_domain::submissions::{Pagination, Paging, search_term};
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    success: bool,
    data: Many<'a>,
    pagination: Pagination,
    search_term: &'a str,
}

/// Applications with a text in name, e-mail, company or description.
#[utoipa::path(
    get,
    path = "/api/submissions/search",
    operation_id = "search_submissions",
    tag = "submissions",
    responses((status = 200, description = "Applications with a text in name, e-mail, company or description"))
)]
pub(crate) async fn search(State(app): State<App>, query: Query) -> Result<Response, ApiError> {
    let term =
        search_term(query.get("q")).map_err(|problem| ApiError::validation(problem.to_string()))?;
    let paging = Paging::from_query(query.get("page"), query.get("pageSize"));
    let request = SearchSubmissionsRequest {
        term: term.to_owned(),
        page: paging.page,
        page_size: paging.page_size,
    };
    let page = answered(app.entity().search_submissions(request).await)?;
    let pagination = Pagination::new(paging, page.total_count);
    let found = Found {
        success: true,
        data: Many(&page.submissions),
        pagination,
        search_term: term,
    };
    Ok(Json::ok(found).into_response())
}
