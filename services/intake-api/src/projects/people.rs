//! `/api/projects/{id}/users`: who belongs to a project, and how.

use super::json::ProjectPersonJson;
use crate::{
    access::Who,
    app::App,
    entity::{answered_about, answered_in_its_words},
    envelope::Record,
    openapi::choices::ProjectRole,
    requests::{Noun, Parameters, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::{ListProjectPeopleRequest, ProjectPeople, ProjectPersonRequest};
use keylight_web::{error::ApiError, reply::Json};
use utoipa::{IntoParams, ToSchema};

/// Somebody who joins a project.
#[derive(ToSchema)]
#[schema(example = json!({"user_id": 2, "role": "co_buyer", "reason": "Bought together"}))]
pub(crate) struct NewProjectPerson {
    #[schema(minimum = 0)]
    user_id: i64,
    #[schema(value_type = ProjectRole)]
    role: String,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Which of the person's roles end.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct RemovePersonQuery {
    /// Only this role; all when nothing is said.
    #[param(value_type = Option<ProjectRole>, inline)]
    role: Option<String>,
    /// Why, for the audit log.
    #[param(max_length = 500)]
    reason: Option<String>,
}

fn shown(people: ProjectPeople) -> Vec<ProjectPersonJson> {
    people.people.into_iter().map(Into::into).collect()
}

/// The people of a project.
#[utoipa::path(
    get,
    path = "/api/projects/{id}/users",
    operation_id = "list_users_of_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0)),
    responses((status = 200, description = "Its people", body = Record<Vec<ProjectPersonJson>>))
)]
pub(crate) async fn list(State(app): State<App>, path: PathTexts) -> Result<Response, ApiError> {
    let request = ListProjectPeopleRequest {
        project_id: path.id(Noun::PROJECT)?,
    };
    let people = app.projects().list_project_people(request).await;
    Ok(Record::new(shown(answered_about(Noun::PROJECT, people)?)).ok())
}

/// Associates a person with a project. A new owner makes the former one a contact; the same again changes nothing.
#[utoipa::path(
    post,
    path = "/api/projects/{id}/users",
    operation_id = "add_user_to_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0)),
    request_body = NewProjectPerson,
    responses(
        (status = 201, description = "Its people now", body = Record<Vec<ProjectPersonJson>>),
        (status = 409, description = "Changed meanwhile")
    )
)]
pub(crate) async fn add(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let project_id = path.id(Noun::PROJECT)?;
    let mut fields = sent.fields()?;
    let role = fields.choice("role", &ProjectRole::words());
    if role.as_deref().is_none_or(str::is_empty) && !fields.blames("role") {
        fields.problem("role", "is required");
    }
    let person = NewProjectPerson {
        user_id: fields.required_number("user_id"),
        role: role.unwrap_or_default(),
        reason: fields.reason(),
    };
    fields.finish()?;
    let request = ProjectPersonRequest {
        project_id,
        user_id: person.user_id,
        role: person.role,
        caller: sent.caller(&app, &who, person.reason),
    };
    let people = answered_in_its_words(app.projects().add_project_person(request).await)?;
    let answer = Record::done("User added to the project", shown(people));
    Ok(axum::response::IntoResponse::into_response(Json(
        StatusCode::CREATED,
        answer,
    )))
}

/// Ends roles of a person in a project. An owner goes only when another one is named.
#[utoipa::path(
    delete,
    path = "/api/projects/{id}/users/{user_id}",
    operation_id = "remove_user_from_project",
    tag = "projects",
    params(("id" = i64, Path, minimum = 0), ("user_id" = i64, Path, minimum = 0), RemovePersonQuery),
    responses(
        (status = 200, description = "Its people now", body = Record<Vec<ProjectPersonJson>>),
        (status = 409, description = "Changed meanwhile")
    )
)]
pub(crate) async fn remove(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
    sent: Sent,
) -> Result<Response, ApiError> {
    let request = ProjectPersonRequest {
        project_id: path.id(Noun::PROJECT)?,
        user_id: path.number("user_id", Noun::USER)?,
        role: query
            .choice("role", &ProjectRole::words())?
            .unwrap_or_default(),
        caller: sent.caller(&app, &who, query.reason()?),
    };
    let people = answered_in_its_words(app.projects().remove_project_person(request).await)?;
    Ok(Record::done("User removed from the project", shown(people)).ok())
}
