//! `PUT /api/submissions/{id}/status`. The order of refusals is part of the contract (4.7): status missing, bad id, no
//! such submission, unknown status; then the notes.

use super::{id::IdText, json::One};
use crate::{
    access::Who,
    app::{App, Door},
    entity::answered,
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use keylight_contracts::v1::{GetSubmissionRequest, UpdateSubmissionStatusRequest};
use keylight_domain::{
    intake::RawValue,
    submissions::{
        INVALID_STATUS_IN_BODY, STATUS_REQUIRED, WantedStatus, new_notes, wanted_status,
    },
};
use keylight_web::{
    body::{self, Kind},
    error::ApiError,
    reply::Json,
    request_id::RequestId,
};

/// The two fields of the body; other keys are ignored.
#[derive(Default)]
struct StatusBody {
    status: RawValue,
    admin_notes: RawValue,
}

/// Moves an application to another status.
#[utoipa::path(
    put,
    path = "/api/submissions/{id}/status",
    operation_id = "set_submission_status",
    tag = "submissions",
    params(("id" = i64, Path)),
    responses((status = 200, description = "Moves an application to another status"))
)]
pub(crate) async fn set_status(
    who: Who,
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    id: IdText,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body = read_body(&app, &headers, body).await?;
    let wanted = wanted_status(&body.status);
    if wanted == WantedStatus::Missing {
        return Err(ApiError::validation(STATUS_REQUIRED));
    }
    let id = id.id()?;
    let (status, notes) = match (wanted, new_notes(&body.admin_notes)) {
        (WantedStatus::Known(status), Ok(notes)) => (status, notes),
        (wanted, notes) => {
            // whether it exists is told first
            answered(
                app.entity()
                    .get_submission(GetSubmissionRequest {
                        id,
                        ..Default::default()
                    })
                    .await,
            )?;
            return Err(match (wanted, notes) {
                (WantedStatus::Known(_), Err(problem)) => ApiError::validation(problem.to_string()),
                _ => ApiError::validation(INVALID_STATUS_IN_BODY),
            });
        }
    };
    let request = UpdateSubmissionStatusRequest {
        id,
        status: status.as_str().to_owned(),
        admin_notes: notes.map(str::to_owned),
        actor: who.actor.clone(),
        correlation_id: app.correlation_id(&request_id),
        ..Default::default()
    };
    let submission = answered(app.entity().update_submission_status(request).await)?;
    let message = format!("Submission status updated to {status}");
    Ok(Json::ok(One::new(&submission, Some(&message))).into_response())
}

async fn read_body(app: &Door, headers: &HeaderMap, body: Body) -> Result<StatusBody, ApiError> {
    let kind = body::kind(headers)?;
    let bytes = body::read(headers, body, app.body_limit).await?;
    match kind {
        Kind::Json if !bytes.is_empty() => {
            RawValue::pick_from_json(&bytes, ["status", "admin_notes"])
                .map(|[status, admin_notes]| StatusBody {
                    status,
                    admin_notes,
                })
                .map_err(|_| ApiError::invalid_json())
        }
        Kind::Form => {
            let mut read = StatusBody::default();
            for (name, value) in
                serde_urlencoded::from_bytes::<Vec<(String, String)>>(&bytes).unwrap_or_default()
            {
                match name.as_str() {
                    "status" => read.status = value.into(),
                    "admin_notes" => read.admin_notes = value.into(),
                    _ => {}
                }
            }
            Ok(read)
        }
        Kind::Json | Kind::Other => Ok(StatusBody::default()),
    }
}
