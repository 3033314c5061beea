//! `POST /api/projects`.

use super::{input::WholeProject, json::ProjectJson};
use crate::{
    access::Who, app::App, entity::answered_in_its_words, envelope::Record, requests::Sent,
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::CreateProjectRequest;
use keylight_web::error::ApiError;

/// Makes a project.
#[utoipa::path(
    post,
    path = "/api/projects",
    operation_id = "create_project",
    tag = "projects",
    request_body = WholeProject,
    responses(
        (status = 201, description = "The project", body = Record<ProjectJson>),
        (status = 404, description = "There is no such owner")
    )
)]
pub(crate) async fn create(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let mut project = WholeProject::read(&mut fields);
    fields.finish()?;
    let request = CreateProjectRequest {
        caller: sent.caller(&app, &who, project.reason.take()),
        fields: Some(project.wire_new()),
    };
    let created = answered_in_its_words(app.projects().create_project(request).await)?;
    let project = ProjectJson::from(created);
    Ok(Record::done("Project created successfully", project).changed(StatusCode::CREATED))
}
