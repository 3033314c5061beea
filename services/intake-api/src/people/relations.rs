//! What belongs to a person: submissions and projects.

use super::get::read;
use crate::{
    app::App,
    entity::answered_about,
    envelope::{Listing, PaginationJson},
    projects::ProjectJson,
    requests::{Noun, PageQuery, Parameters, PathTexts},
    submissions::{self, SubmissionJson},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::{
    GetPersonRequest, ListProjectsRequest, ProjectFilter, ProjectOfPerson, SubmissionFilter,
};
use keylight_web::error::ApiError;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;

/// A project of a person.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectOfUser)]
pub(crate) struct ProjectOfUserJson {
    #[serde(flatten)]
    project: ProjectJson,
    /// How the person belongs to it.
    roles: Vec<String>,
}

impl From<ProjectOfPerson> for ProjectOfUserJson {
    fn from(of: ProjectOfPerson) -> Self {
        Self {
            project: of.project.unwrap_or_default().into(),
            roles: of.roles,
        }
    }
}

/// The submissions of a person, newest first.
#[utoipa::path(
    get,
    path = "/api/users/{id}/submissions",
    operation_id = "list_submissions_of_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0), PageQuery),
    responses((status = 200, description = "A part of the list", body = Listing<SubmissionJson>))
)]
pub(crate) async fn submissions(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let page = PageQuery::read(&query)?;
    let person = GetPersonRequest {
        id,
        ..Default::default()
    };
    read(&app, person).await?;
    let filter = SubmissionFilter {
        user_id: Some(id),
        ..Default::default()
    };
    submissions::listed(&app, filter, &page).await
}

/// The projects of a person in any role, newest first.
#[utoipa::path(
    get,
    path = "/api/users/{id}/projects",
    operation_id = "list_projects_of_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0), PageQuery),
    responses((status = 200, description = "A part of the list; roles are shown of the newest 100", body = Listing<ProjectOfUserJson>))
)]
pub(crate) async fn projects(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let page = PageQuery::read(&query)?;
    let person = GetPersonRequest {
        id,
        with_projects: true,
        ..Default::default()
    };
    let view = read(&app, person).await?;
    let mut roles: HashMap<i64, Vec<String>> = view
        .projects
        .into_iter()
        .filter_map(|of| Some((of.project?.id, of.roles)))
        .collect();
    let request = ListProjectsRequest {
        filter: Some(ProjectFilter {
            user_id: Some(id),
            ..Default::default()
        }),
        sort: String::new(),
        page: Some(page.wire()),
    };
    let found = answered_about(Noun::PROJECT, app.projects().list_projects(request).await)?;
    let projects = found
        .projects
        .into_iter()
        .map(|project| ProjectOfUserJson {
            roles: roles.remove(&project.id).unwrap_or_default(),
            project: project.into(),
        })
        .collect();
    let place = PaginationJson::counted(&page, found.total_count, found.next);
    Ok(Listing::new(projects, place).ok())
}
