//! `POST /api/clickup/mapping` and `…/rollback`: another version becomes active.

use super::json::VersionJson;
use super::look::document;
use crate::{
    access::Who, app::App, entity::answered_in_its_words, envelope::Record, requests::Sent,
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{self, ActivateMappingRequest, RollbackMappingRequest};
use keylight_web::error::ApiError;
use serde_json::Value;
use utoipa::ToSchema;

/// A mapping that is to become active.
#[derive(ToSchema)]
#[schema(example = json!({"document": {"format": 1, "statuses": {"new": "to do"}}, "expected_version": 0, "reason": "Our list calls it so"}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct NewMapping {
    /// The mapping.
    #[schema(value_type = Object)]
    document: Value,
    /// The version that is active now: when it is another one, nothing is changed.
    #[schema(minimum = 0)]
    expected_version: i64,
    /// Why; stands beside the version.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Which version to go back to.
#[derive(ToSchema)]
#[schema(example = json!({"to_version": 2, "expected_version": 3, "reason": "The new one was a mistake"}))]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct RollbackMapping {
    /// The version of which a copy becomes active; 0 goes back to names.
    #[schema(minimum = 0)]
    to_version: i64,
    /// The version that is active now: when it is another one, nothing is changed.
    #[schema(minimum = 0)]
    expected_version: i64,
    /// Why; stands beside the version.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// The new version, or 400 with a line for each problem.
fn activated(done: v1::MappingActivated) -> Result<Response, ApiError> {
    match done.version {
        Some(version) => Ok(Record::done("Mapping activated", VersionJson::from(version)).ok()),
        None => {
            let problems = done.check.unwrap_or_default().problems;
            let lines = problems.into_iter().map(|problem| {
                let place = if problem.path.is_empty() {
                    "document".to_owned()
                } else {
                    format!("document.{}", problem.path)
                };
                format!("{place}: {}; {}", problem.problem, problem.remedy)
            });
            Err(ApiError::fields(lines.collect()))
        }
    }
}

/// Checks a mapping and makes it the active one. Existing tasks are brought under it in the background.
#[utoipa::path(
    post,
    path = "/api/clickup/mapping",
    operation_id = "activate_mapping",
    tag = "clickup",
    request_body = NewMapping,
    responses(
        (status = 200, description = "The new version", body = Record<VersionJson>),
        (status = 409, description = "Another version is active")
    )
)]
pub(crate) async fn activate(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let document = document(&mut fields);
    if document.is_none() && !fields.blames("document") {
        fields.problem("document", "is required");
    }
    let expected_version = fields.required_number("expected_version");
    let reason = fields.reason();
    fields.finish()?;
    let request = ActivateMappingRequest {
        document: document.unwrap_or_default(),
        expected_version,
        caller: sent.caller(&app, &who, reason),
    };
    activated(answered_in_its_words(
        app.mapping().activate_mapping(request).await,
    )?)
}

/// Makes a copy of an earlier version the active mapping.
#[utoipa::path(
    post,
    path = "/api/clickup/mapping/rollback",
    operation_id = "rollback_mapping",
    tag = "clickup",
    request_body = RollbackMapping,
    responses(
        (status = 200, description = "The new version", body = Record<VersionJson>),
        (status = 404, description = "There is no such version"),
        (status = 409, description = "Another version is active")
    )
)]
pub(crate) async fn rollback(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let to_version = fields.required_number("to_version");
    let expected_version = fields.required_number("expected_version");
    let reason = fields.reason();
    fields.finish()?;
    let request = RollbackMappingRequest {
        to_version,
        expected_version,
        caller: sent.caller(&app, &who, reason),
    };
    activated(answered_in_its_words(
        app.mapping().rollback_mapping(request).await,
    )?)
}
