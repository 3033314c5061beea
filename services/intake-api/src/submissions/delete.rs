//! `DELETE /api/submissions/{id}`, and taking it back.

use super::{get::current, json::SubmissionJson};
use crate::{
    access::Who,
    app::App,
    entity::answered,
    envelope::Record,
    requests::{Noun, Parameters, PathTexts, Reason, ReasonQuery, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::{DeleteSubmissionRequest, RestoreSubmissionRequest};
use keylight_web::error::ApiError;

/// Deletes an application; its e-mail address may apply again. It can be restored. The ClickUp task stays.
#[utoipa::path(
    delete,
    path = "/api/submissions/{id}",
    operation_id = "delete_submission",
    tag = "submissions",
    params(("id" = i64, Path, minimum = 0), ReasonQuery),
    responses(
        (status = 200, description = "The deleted application", body = Record<SubmissionJson>),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn delete(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::SUBMISSION)?;
    let precondition = sent.precondition(None);
    let request = DeleteSubmissionRequest {
        id,
        actor: who.actor.clone(),
        correlation_id: sent.correlation_id(&app),
        expected_version: precondition.expected(),
        reason: query.reason()?.unwrap_or_default(),
    };
    match answered(app.entity().delete_submission(request).await) {
        Ok(deleted) => {
            let submission = SubmissionJson::from(deleted);
            Ok(Record::done("Submission deleted successfully", submission).ok())
        }
        Err(error) => Err(precondition.explained(error, current(&app, id)).await),
    }
}

/// Takes a deletion back.
#[utoipa::path(
    post,
    path = "/api/submissions/{id}/restore",
    operation_id = "restore_submission",
    tag = "submissions",
    params(("id" = i64, Path, minimum = 0)),
    request_body = Option<Reason>,
    responses(
        (status = 200, description = "The application", body = Record<SubmissionJson>),
        (status = 409, description = "The e-mail address has applied again meanwhile")
    )
)]
pub(crate) async fn restore(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::SUBMISSION)?;
    let reason = Reason::of(&sent)?;
    let request = RestoreSubmissionRequest {
        id,
        caller: sent.caller(&app, &who, reason),
    };
    let restored = answered(app.entity().restore_submission(request).await)?;
    let submission = SubmissionJson::from(restored);
    Ok(Record::done("Submission restored successfully", submission).changed(StatusCode::OK))
}
