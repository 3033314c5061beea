//! `POST /api/projects/{id}/{operation}`: a step in the life of a project.

use super::{get::current, json::ProjectJson};
use crate::{
    access::Who,
    app::App,
    entity::answered_about,
    envelope::Record,
    openapi::choices::ProjectOperation,
    requests::{Noun, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::ChangeProjectRequest;
use keylight_web::error::ApiError;
use utoipa::ToSchema;

/// What can be said along.
#[derive(ToSchema)]
#[schema(example = json!({"reason": "Permit is there"}))]
pub(crate) struct ProjectStep {
    /// The version that was seen; another one is 409.
    #[schema(minimum = 0)]
    version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Moves a project on: `activate` a planned one, `hold` and `resume`, `complete`, `cancel`, `reopen`, `archive` and
/// `unarchive`.
#[utoipa::path(
    post,
    path = "/api/projects/{id}/{operation}",
    operation_id = "move_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0), ("operation" = inline(ProjectOperation), Path)),
    request_body = Option<ProjectStep>,
    responses(
        (status = 200, description = "The project after the step", body = Record<ProjectJson>),
        (status = 400, description = "The step is not possible from the current status; the message says which are"),
        (status = 409, description = "Changed meanwhile"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn step(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let operation = path.text("operation");
    if !ProjectOperation::words().contains(&operation) {
        return Err(ApiError::route_not_found());
    }
    let id = path.id(Noun::PROJECT)?;
    let mut fields = sent.fields()?;
    let said = ProjectStep {
        version: fields.number("version"),
        reason: fields.reason(),
    };
    fields.finish()?;
    let precondition = sent.precondition(said.version);
    let request = ChangeProjectRequest {
        id,
        operation: operation.to_owned(),
        expected_version: precondition.expected(),
        caller: sent.caller(&app, &who, said.reason),
    };
    match answered_about(Noun::PROJECT, app.projects().change_project(request).await) {
        Ok(project) => {
            let project = ProjectJson::from(project);
            Ok(Record::done("Project updated successfully", project).changed(StatusCode::OK))
        }
        Err(error) => Err(precondition.explained(error, current(&app, id)).await),
    }
}
