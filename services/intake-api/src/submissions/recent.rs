//! `GET /api/submissions/recent`.

use super::json::Many;
use crate::{app::App, entity::answered, query::Query};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::{RecentSubmissionsRequest, SubmissionList};
use keylight_domain::submissions::Recent;
use keylight_web::{error::ApiError, reply::Json};
use serde::Serialize;

#[derive(Serialize)]
struct Newest<'a> {
    success: bool,
    data: Many<'a>,
    count: usize,
    days: i32,
}

/// The newest applications of the last days.
#[utoipa::path(
    get,
    path = "/api/submissions/recent",
    operation_id = "recent_submissions",
    tag = "submissions",
    responses((status = 200, description = "The newest applications of the last days"))
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
    let newest = Newest {
        success: true,
        data: Many(&list.submissions),
        count: list.submissions.len(),
        days,
    };
    Ok(Json::ok(newest).into_response())
}
