//! `GET /api/projects/{id}`.

use super::json::{ProjectJson, ProjectPersonJson};
use crate::{
    app::{App, Door},
    entity::answered_about,
    envelope::{Record, Versioned},
    requests::{Noun, Parameters, PathTexts},
    submissions::SubmissionJson,
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use keylight_contracts::v1::{GetProjectRequest, Project, ProjectView};
use keylight_domain::error::DomainError;
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const EMBEDDED: [&str; 2] = ["users", "submissions"];

/// What to show along.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct ProjectEmbedQuery {
    /// What to show along, separated by commas: `users`, `submissions`; of submissions the newest 100.
    #[param(pattern = "^(users|submissions)(,(users|submissions))*$")]
    embed: Option<String>,
    /// Also when the project is deleted.
    deleted: Option<bool>,
}

/// A project with what was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectWithRelations {
    #[serde(flatten)]
    project: ProjectJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    users: Option<Vec<ProjectPersonJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    submissions: Option<Vec<SubmissionJson>>,
}

impl Versioned for ProjectWithRelations {
    fn version(&self) -> i64 {
        self.project.version()
    }
}

/// One project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}",
    operation_id = "get_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0), ProjectEmbedQuery),
    responses(
        (status = 200, description = "The project", body = Record<ProjectWithRelations>),
        (status = 304, description = "The caller has this answer already")
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::PROJECT)?;
    let embed = query.choices("embed", &EMBEDDED)?;
    let with_people = embed.contains(&"users");
    let with_submissions = embed.contains(&"submissions");
    let request = GetProjectRequest {
        id,
        with_people,
        with_submissions,
        include_deleted: query.flag("deleted")?.unwrap_or(false),
    };
    let view = read(&app, request).await?;
    let people = view.people.into_iter().map(ProjectPersonJson::from);
    let submissions = view.submissions.into_iter().map(SubmissionJson::from);
    let project = ProjectWithRelations {
        project: project_of(view.project)?,
        users: with_people.then(|| people.collect()),
        submissions: with_submissions.then(|| submissions.collect()),
    };
    Ok(Record::new(project).unless_known(&headers))
}

/// What the entity service knows of a project.
pub(super) async fn read(app: &Door, request: GetProjectRequest) -> Result<ProjectView, ApiError> {
    answered_about(Noun::PROJECT, app.projects().get_project(request).await)
}

/// The project alone as it is now, with its version, for callers whose picture of it is out of date.
pub(super) async fn current(app: &Door, id: i64) -> Result<(i64, serde_json::Value), ApiError> {
    let request = GetProjectRequest {
        id,
        ..Default::default()
    };
    let project = project_of(read(app, request).await?.project)?;
    Ok((project.version(), serde_json::json!(project)))
}

/// The project that an answer is about.
pub(super) fn project_of(project: Option<Project>) -> Result<ProjectJson, ApiError> {
    project
        .map(ProjectJson::from)
        .ok_or_else(|| DomainError::internal("an answer without its project").into())
}
