//! `GET /api/submissions/{id}`.

use super::{id::IdText, json::One};
use crate::{admin::Admin, app::App, entity::answered};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::GetSubmissionRequest;
use keylight_web::{error::ApiError, reply::Json};

pub(crate) async fn get(
    _: Admin,
    State(app): State<App>,
    id: IdText,
) -> Result<Response, ApiError> {
    let request = GetSubmissionRequest {
        id: id.id()?,
        ..Default::default()
    };
    let submission = answered(app.entity().get_submission(request).await)?;
    Ok(Json::ok(One::new(&submission, None)).into_response())
}
