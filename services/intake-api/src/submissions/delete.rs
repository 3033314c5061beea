//! `DELETE /api/submissions/{id}`.

use super::{id::IdText, json::One};
use crate::{
    admin::{ACTOR, Admin},
    app::App,
    entity::answered,
};
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::DeleteSubmissionRequest;
use keylight_web::{error::ApiError, reply::Json, request_id::RequestId};

pub(crate) async fn delete(
    _: Admin,
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    id: IdText,
) -> Result<Response, ApiError> {
    let request = DeleteSubmissionRequest {
        id: id.id()?,
        actor: ACTOR.to_owned(),
        correlation_id: app.correlation_id(&request_id),
        ..Default::default()
    };
    let submission = answered(app.entity().delete_submission(request).await)?;
    Ok(Json::ok(One::new(
        &submission,
        Some("Submission deleted successfully"),
    ))
    .into_response())
}
