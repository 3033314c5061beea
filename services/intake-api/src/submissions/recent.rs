//! `GET /api/submissions/recent`.

use super::json::{SubmissionJson, many};
use crate::{app::App, entity::answered, query::Query};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::{RecentSubmissionsRequest, SubmissionList};
use keylight_domain::submissions::Recent;
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// How far back, and how many. Values that make no sense are never refused.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct RecentQuery {
    /// Days back; 7 when nothing is said.
    days: Option<i64>,
    /// Most applications; 10 when nothing is said, at most 100.
    limit: Option<i64>,
}

/// The newest applications.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecentSubmissions {
    success: bool,
    data: Vec<SubmissionJson>,
    count: usize,
    days: i32,
}

/// The newest applications of the last days.
#[utoipa::path(
    get,
    path = "/api/submissions/recent",
    operation_id = "recent_submissions",
    tag = "submissions",
    params(RecentQuery),
    responses((status = 200, description = "The newest of the last days", body = RecentSubmissions))
)]
pub(crate) async fn recent(State(app): State<App>, query: Query) -> Result<Response, ApiError> {
    let Recent { days, limit } = Recent::from_query(query.get("days"), query.get("limit"));
    // nothing is younger than no time at all
    let list = match days {
        0 => SubmissionList::default(),
        _ => answered(
            app.entity()
                .recent_submissions(RecentSubmissionsRequest { days, limit })
                .await,
        )?,
    };
    let newest = RecentSubmissions {
        success: true,
        count: list.submissions.len(),
        data: many(list.submissions),
        days,
    };
    Ok(Json::ok(newest).into_response())
}
