//! `GET /api/sync/calls`: what was asked of ClickUp.

use crate::{
    app::App,
    entity::answered_in_its_words,
    envelope::{Listing, PaginationJson, time},
    requests::{PageQuery, Parameters},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{ApiCall, ListApiCallsRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// Which calls.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct CallsQuery {
    /// Calls for this submission.
    #[param(rename = "submissionId", minimum = 0)]
    submission_id: Option<i64>,
    /// Calls of this chain of causes.
    #[param(rename = "correlationId", max_length = 255)]
    correlation_id: Option<String>,
    /// `ok`, `abandoned`, or the class of the failure.
    #[param(max_length = 255)]
    outcome: Option<String>,
    /// Only calls that did not succeed.
    failed: Option<bool>,
    /// Answered on this day or at this time, or later.
    from: Option<String>,
    /// Answered before this time, or at the latest on this day.
    to: Option<String>,
}

/// One call. Bodies and ids of tasks are not kept.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiCall)]
pub(crate) struct CallJson {
    id: i64,
    /// When it was answered.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Method and route, without ids.
    route: String,
    submission_id: Option<i64>,
    /// `interactive`, `normal`, `bulk`; empty for calls of older versions
    lane: String,
    outcome: String,
    /// ClickUp's code of a refusal.
    ecode: Option<String>,
    /// HTTP status, when there was an answer.
    status: Option<i32>,
    millis: i32,
    /// Calls left in the window, as the answer said.
    remaining: Option<i32>,
    /// Calls that a window has, as the answer said.
    call_limit: Option<i32>,
    correlation_id: Option<String>,
}

impl From<ApiCall> for CallJson {
    fn from(call: ApiCall) -> Self {
        Self {
            id: call.id,
            at: time(call.at.as_ref()),
            route: call.route,
            submission_id: call.submission_id,
            lane: call.lane,
            outcome: call.outcome,
            ecode: call.ecode,
            status: call.status,
            millis: call.millis,
            remaining: call.remaining,
            call_limit: call.call_limit,
            correlation_id: call.correlation_id,
        }
    }
}

/// Calls to ClickUp, newest first.
#[utoipa::path(
    get,
    path = "/api/sync/calls",
    operation_id = "list_clickup_calls",
    tag = "sync",
    params(CallsQuery, PageQuery),
    responses((status = 200, description = "A part of the log", body = Listing<CallJson>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let page = PageQuery::read(&query)?.following();
    let request = ListApiCallsRequest {
        submission_id: query.id("submissionId")?,
        correlation_id: query.text("correlationId")?,
        outcome: query.text("outcome")?,
        failed: query.flag("failed")?.unwrap_or(false),
        from: query.from("from")?,
        until: query.to("to")?,
        size: page.size(),
        after: page.place().to_owned(),
    };
    let found = answered_in_its_words(app.sync().list_api_calls(request).await)?;
    let calls = found.calls.into_iter().map(CallJson::from).collect();
    Ok(Listing::new(calls, PaginationJson::followed(&page, found.next)).ok())
}
