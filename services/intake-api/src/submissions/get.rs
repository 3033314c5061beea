//! `GET /api/submissions/{id}`.

use super::{id::IdText, json::One};
use crate::{app::App, entity::answered};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::GetSubmissionRequest;
use keylight_web::{error::ApiError, reply::Json};

/// One application.
#[utoipa::path(
    get,
    path = "/api/submissions/{id}",
    operation_id = "get_submission",
    tag = "submissions",
    params(("id" = i64, Path)),
    responses((status = 200, description = "One application"))
)]
pub(crate) async fn get(State(app): State<App>, id: IdText) -> Result<Response, ApiError> {
    let request = GetSubmissionRequest {
        id: id.id()?,
        ..Default::default()
    };
    let submission = answered(app.entity().get_submission(request).await)?;
    Ok(Json::ok(One::new(&submission, None)).into_response())
}
