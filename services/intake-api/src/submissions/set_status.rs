//! `PUT /api/submissions/{id}/status`. The order of refusals is part of the contract (4.7): status missing, bad id, no
//! such submission, unknown status; then the notes.

use super::{get::current, json::SubmissionJson};
use crate::{
    access::Who,
    app::App,
    entity::answered,
    envelope::Record,
    openapi::choices,
    requests::{Noun, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::UpdateSubmissionStatusRequest;
use keylight_domain::{
    intake::RawValue,
    submissions::{
        INVALID_STATUS_IN_BODY, STATUS_REQUIRED, WantedStatus, new_notes, wanted_status,
    },
};
use keylight_web::{body::Kind, error::ApiError};
use utoipa::ToSchema;

/// Where an application is to stand. Other keys are ignored.
#[derive(ToSchema)]
#[schema(example = json!({"status": "reviewed", "admin_notes": "Called back."}))]
#[expect(dead_code, reason = "describes what `StatusBody` reads")]
pub(crate) struct NewStatus {
    #[schema(value_type = choices::SubmissionStatus)]
    status: String,
    /// Absent or empty leaves the old notes.
    #[schema(max_length = 20_000)]
    admin_notes: Option<String>,
    /// The version that was seen; another one is 409.
    #[schema(minimum = 0)]
    version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// The fields of the body as they were sent.
#[derive(Default)]
struct StatusBody {
    status: RawValue,
    admin_notes: RawValue,
    version: RawValue,
    reason: RawValue,
}

/// Moves an application to another status.
#[utoipa::path(
    put,
    path = "/api/submissions/{id}/status",
    operation_id = "set_submission_status",
    tag = "submissions",
    params(("id" = i64, Path, minimum = 0)),
    request_body = NewStatus,
    responses(
        (status = 200, description = "The application after the change", body = Record<SubmissionJson>),
        (status = 409, description = "Changed meanwhile"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn set_status(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let body = StatusBody::read(&sent)?;
    let wanted = wanted_status(&body.status);
    if wanted == WantedStatus::Missing {
        return Err(ApiError::validation(STATUS_REQUIRED));
    }
    let id = path.id(Noun::SUBMISSION)?;
    let (status, notes) = match (wanted, new_notes(&body.admin_notes)) {
        (WantedStatus::Known(status), Ok(notes)) => (status, notes),
        (wanted, notes) => {
            // whether it exists is told first
            current(&app, id).await?;
            return Err(match (wanted, notes) {
                (WantedStatus::Known(_), Err(problem)) => ApiError::validation(problem.to_string()),
                _ => ApiError::validation(INVALID_STATUS_IN_BODY),
            });
        }
    };
    let precondition = sent.precondition(body.version()?);
    let request = UpdateSubmissionStatusRequest {
        id,
        status: status.as_str().to_owned(),
        admin_notes: notes.map(str::to_owned),
        actor: who.actor.clone(),
        correlation_id: sent.correlation_id(&app),
        expected_version: precondition.expected(),
        reason: body.reason()?,
    };
    match answered(app.entity().update_submission_status(request).await) {
        Ok(changed) => {
            let message = format!("Submission status updated to {status}");
            Ok(Record::done(message, SubmissionJson::from(changed)).changed(StatusCode::OK))
        }
        Err(error) => Err(precondition.explained(error, current(&app, id)).await),
    }
}

impl StatusBody {
    fn read(sent: &Sent) -> Result<Self, ApiError> {
        match sent.kind {
            Kind::Json if !sent.body.is_empty() => {
                RawValue::pick_from_json(&sent.body, ["status", "admin_notes", "version", "reason"])
                    .map(|[status, admin_notes, version, reason]| Self {
                        status,
                        admin_notes,
                        version,
                        reason,
                    })
                    .map_err(|_| ApiError::invalid_json())
            }
            Kind::Form => {
                let mut read = Self::default();
                for (name, value) in
                    serde_urlencoded::from_bytes::<Vec<(String, String)>>(&sent.body)
                        .unwrap_or_default()
                {
                    match name.as_str() {
                        "status" => read.status = value.into(),
                        "admin_notes" => read.admin_notes = value.into(),
                        "version" => read.version = value.into(),
                        "reason" => read.reason = value.into(),
                        _ => {}
                    }
                }
                Ok(read)
            }
            Kind::Json | Kind::Other => Ok(Self::default()),
        }
    }

    fn version(&self) -> Result<Option<i64>, ApiError> {
        match &self.version {
            RawValue::Absent => Ok(None),
            RawValue::Text(text) if text.is_empty() => Ok(None),
            RawValue::Number(text) | RawValue::Text(text)
                if text.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                // beyond every version that there can be
                Ok(Some(text.parse().unwrap_or(i64::MAX)))
            }
            _ => Err(ApiError::validation("version must be a whole number")),
        }
    }

    fn reason(&self) -> Result<String, ApiError> {
        match &self.reason {
            RawValue::Absent => Ok(String::new()),
            RawValue::Text(text) if text.chars().count() <= 500 && !text.contains('\0') => {
                Ok(text.clone())
            }
            _ => Err(ApiError::validation(
                "reason must be a text of at most 500 characters",
            )),
        }
    }
}
