//! `GET /api/submissions/search?q=`.

use super::json::{SubmissionJson, many};
use crate::{
    app::App,
    entity::answered,
    envelope::PaginationJson,
    requests::{PageQuery, Parameters},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::SearchSubmissionsRequest;
use keylight_domain::submissions::search_term;
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// What is looked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct SearchQuery {
    /// At least two characters; nothing in it has a special meaning.
    #[param(min_length = 2, required)]
    q: String,
    /// Number of the page, from 1.
    page: Option<i64>,
    /// Records on a page, at most 100.
    #[param(rename = "pageSize")]
    page_size: Option<i64>,
}

/// A part of what was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundSubmissions {
    success: bool,
    data: Vec<SubmissionJson>,
    pagination: PaginationJson,
    search_term: String,
}

/// Applications with a text in name, e-mail, company or description, newest first.
#[utoipa::path(
    get,
    path = "/api/submissions/search",
    operation_id = "search_submissions",
    tag = "submissions",
    params(SearchQuery),
    responses((status = 200, description = "A part of what was found", body = FoundSubmissions))
)]
pub(crate) async fn search(
    State(app): State<App>,
    query: Parameters,
) -> Result<Response, ApiError> {
    let term = search_term(query.last("q"))
        .map_err(|problem| ApiError::validation(problem.to_string()))?
        .to_owned();
    let page = PageQuery::read_tolerantly(&query)?.numbered();
    let request = SearchSubmissionsRequest {
        term: term.clone(),
        page: page.number(),
        page_size: page.size(),
    };
    let found = answered(app.entity().search_submissions(request).await)?;
    let found = FoundSubmissions {
        success: true,
        pagination: PaginationJson::counted(&page, found.total_count, String::new()),
        data: many(found.submissions),
        search_term: term,
    };
    Ok(Json::ok(found).into_response())
}
