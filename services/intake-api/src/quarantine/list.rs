//! `GET /api/quarantine`.

use super::json::QuarantinedJson;
use crate::{
    app::App,
    entity::answered_about,
    envelope::PaginationJson,
    requests::{Noun, PageQuery, Parameters},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::ListQuarantineRequest;
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// Which ones.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct QuarantineQuery {
    /// Also those that were settled.
    settled: Option<bool>,
}

/// A part of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuarantineList {
    success: bool,
    data: Vec<QuarantinedJson>,
    pagination: PaginationJson,
    /// How many wait to be settled.
    waiting_count: i64,
}

/// Applications that were put aside, newest first.
#[utoipa::path(
    get,
    path = "/api/quarantine",
    operation_id = "list_quarantine",
    tag = "quarantine",
    params(QuarantineQuery, PageQuery),
    responses((status = 200, description = "A part of the list", body = QuarantineList))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?.following();
    let request = ListQuarantineRequest {
        page: Some(page.wire()),
        settled: query.flag("settled")?.unwrap_or(false),
    };
    let found = answered_about(
        Noun::QUARANTINED,
        app.entity().list_quarantine(request).await,
    )?;
    let list = QuarantineList {
        success: true,
        data: found.applications.into_iter().map(Into::into).collect(),
        pagination: PaginationJson::followed(&page, found.next),
        waiting_count: found.waiting_count,
    };
    Ok(Json::ok(list).into_response())
}
