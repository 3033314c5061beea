//! `GET /api/users/{id}`.

use super::{json::UserJson, relations::ProjectOfUserJson};
use crate::{
    app::{App, Door},
    entity::answered_about,
    envelope::{Record, Versioned},
    requests::{Noun, Parameters, PathTexts},
    submissions::SubmissionJson,
};
use axum::{extract::State, response::Response};
use http::HeaderMap;
use keylight_contracts::v1::{GetPersonRequest, Person, PersonView};
use keylight_domain::error::DomainError;
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

const EMBEDDED: [&str; 2] = ["submissions", "projects"];

/// What to show along.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct UserEmbedQuery {
    /// What to show along, separated by commas: `submissions`, `projects`; the newest 100 of each.
    #[param(pattern = "^(submissions|projects)(,(submissions|projects))*$")]
    embed: Option<String>,
    /// Also when the person is deleted.
    deleted: Option<bool>,
}

/// A person with what was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserWithRelations {
    #[serde(flatten)]
    user: UserJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    submissions: Option<Vec<SubmissionJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    projects: Option<Vec<ProjectOfUserJson>>,
}

impl Versioned for UserWithRelations {
    fn version(&self) -> i64 {
        self.user.version()
    }
}

/// One person.
#[utoipa::path(
    get,
    path = "/api/users/{id}",
    operation_id = "get_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0), UserEmbedQuery),
    responses(
        (status = 200, description = "The person", body = Record<UserWithRelations>),
        (status = 304, description = "The caller has this answer already")
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let embed = query.choices("embed", &EMBEDDED)?;
    let with_submissions = embed.contains(&"submissions");
    let with_projects = embed.contains(&"projects");
    let request = GetPersonRequest {
        id,
        with_submissions,
        with_projects,
        include_deleted: query.flag("deleted")?.unwrap_or(false),
    };
    let view = read(&app, request).await?;
    let submissions = view.submissions.into_iter().map(SubmissionJson::from);
    let projects = view.projects.into_iter().map(ProjectOfUserJson::from);
    let user = UserWithRelations {
        user: user_of(view.person)?,
        submissions: with_submissions.then(|| submissions.collect()),
        projects: with_projects.then(|| projects.collect()),
    };
    Ok(Record::new(user).unless_known(&headers))
}

/// What the entity service knows of a person.
pub(super) async fn read(app: &Door, request: GetPersonRequest) -> Result<PersonView, ApiError> {
    answered_about(Noun::USER, app.people().get_person(request).await)
}

/// The person alone as it is now, with its version, for callers whose picture of it is out of date.
pub(super) async fn current(app: &Door, id: i64) -> Result<(i64, serde_json::Value), ApiError> {
    let request = GetPersonRequest {
        id,
        ..Default::default()
    };
    let user = user_of(read(app, request).await?.person)?;
    Ok((user.version(), serde_json::json!(user)))
}

/// The person that an answer is about.
pub(super) fn user_of(person: Option<Person>) -> Result<UserJson, ApiError> {
    person
        .map(UserJson::from)
        .ok_or_else(|| DomainError::internal("an answer without its person").into())
}
