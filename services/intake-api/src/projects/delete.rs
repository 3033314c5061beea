//! `DELETE /api/projects/{id}`, and taking it back.

use super::{
    get::{current, project_of},
    json::ProjectJson,
};
use crate::{
    access::Who,
    app::App,
    entity::answered_about,
    envelope::Record,
    requests::{Noun, Parameters, PathTexts, Reason, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::{DeleteProjectRequest, RestoreProjectRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// How far a deletion goes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct DeleteProjectQuery {
    /// Delete the project's submissions along; without it they stay and lose their link.
    cascade: Option<bool>,
    /// Why, for the audit log.
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// A deleted project, and the submissions that went along or lost their link.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedProject {
    #[serde(flatten)]
    project: ProjectJson,
    submission_ids: Vec<i64>,
}

/// Deletes a project. It can be restored.
#[utoipa::path(
    delete,
    path = "/api/projects/{id}",
    operation_id = "delete_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0), DeleteProjectQuery),
    responses(
        (status = 200, description = "The deleted project and its submissions", body = Record<DeletedProject>),
        (status = 409, description = "It cannot be deleted now"),
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
    let id = path.id(Noun::PROJECT)?;
    let precondition = sent.precondition(None);
    let request = DeleteProjectRequest {
        id,
        cascade: query.flag("cascade")?.unwrap_or(false),
        expected_version: precondition.expected(),
        caller: sent.caller(&app, &who, query.reason()?),
    };
    match answered_about(Noun::PROJECT, app.projects().delete_project(request).await) {
        Ok(deleted) => Ok(Record::done(
            "Project deleted successfully",
            DeletedProject {
                project: project_of(deleted.project)?,
                submission_ids: deleted.submission_ids,
            },
        )
        .ok()),
        Err(error) => Err(precondition.explained(error, current(&app, id)).await),
    }
}

/// Takes a deletion back, with everything that went in the same one.
#[utoipa::path(
    post,
    path = "/api/projects/{id}/restore",
    operation_id = "restore_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0)),
    request_body = Option<Reason>,
    responses(
        (status = 200, description = "The project", body = Record<ProjectJson>),
        (status = 409, description = "It cannot be restored")
    )
)]
pub(crate) async fn restore(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::PROJECT)?;
    let reason = Reason::of(&sent)?;
    let request = RestoreProjectRequest {
        id,
        caller: sent.caller(&app, &who, reason),
    };
    let restored = answered_about(Noun::PROJECT, app.projects().restore_project(request).await)?;
    let project = ProjectJson::from(restored);
    Ok(Record::done("Project restored successfully", project).changed(StatusCode::OK))
}
