//! `DELETE /api/submissions/{id}`.

use super::{id::IdText, json::One};
use crate::{access::Who, app::App, entity::answered};
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use keylight_contracts::v1::DeleteSubmissionRequest;
use keylight_web::{error::ApiError, reply::Json, request_id::RequestId};

/// Removes an application.
#[utoipa::path(
    delete,
    path = "/api/submissions/{id}",
    operation_id = "delete_submission",
    tag = "submissions",
    params(("id" = i64, Path)),
    responses((status = 200, description = "Removes an application"))
)]
pub(crate) async fn delete(
    who: Who,
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    id: IdText,
) -> Result<Response, ApiError> {
    let request = DeleteSubmissionRequest {
        id: id.id()?,
        actor: who.actor.clone(),
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
