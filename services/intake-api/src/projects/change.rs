//! `PATCH` and `PUT /api/projects/{id}`.

use super::{
    get::current,
    input::{ProjectChange, WholeProject},
    json::ProjectJson,
};
use crate::{
    access::Who,
    app::{App, Door},
    entity::answered_in_its_words,
    envelope::Record,
    requests::{Noun, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::{ProjectFields, UpdateProjectRequest};
use keylight_web::error::ApiError;

/// Changes some fields of a project. Its status moves by its own operations.
#[utoipa::path(
    patch,
    path = "/api/projects/{id}",
    operation_id = "change_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0)),
    request_body = ProjectChange,
    responses(
        (status = 200, description = "The project after the change", body = Record<ProjectJson>),
        (status = 409, description = "Changed meanwhile"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn change(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::PROJECT)?;
    let mut fields = sent.fields()?;
    let mut change = ProjectChange::read(&mut fields);
    fields.finish()?;
    let (version, reason) = (change.version, change.reason.take());
    apply(&app, &who, &sent, id, change.wire(), version, reason).await
}

/// Replaces a project: texts and choices that are left out are emptied.
#[utoipa::path(
    put,
    path = "/api/projects/{id}",
    operation_id = "replace_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0)),
    request_body = WholeProject,
    responses(
        (status = 200, description = "The project after the change", body = Record<ProjectJson>),
        (status = 409, description = "Changed meanwhile"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn replace(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::PROJECT)?;
    let mut fields = sent.fields()?;
    let mut whole = WholeProject::read(&mut fields);
    fields.finish()?;
    let (version, reason) = (whole.version, whole.reason.take());
    apply(&app, &who, &sent, id, whole.wire_whole(), version, reason).await
}

async fn apply(
    app: &Door,
    who: &Who,
    sent: &Sent,
    id: i64,
    fields: ProjectFields,
    version: Option<i64>,
    reason: Option<String>,
) -> Result<Response, ApiError> {
    let precondition = sent.precondition(version);
    let request = UpdateProjectRequest {
        id,
        fields: Some(fields),
        expected_version: precondition.expected(),
        caller: sent.caller(app, who, reason),
    };
    match answered_in_its_words(app.projects().update_project(request).await) {
        Ok(project) => {
            let project = ProjectJson::from(project);
            Ok(Record::done("Project updated successfully", project).changed(StatusCode::OK))
        }
        Err(error) => Err(precondition.explained(error, current(app, id)).await),
    }
}
