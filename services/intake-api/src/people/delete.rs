//! `DELETE /api/users/{id}`, and taking it back.

use super::{
    get::{current, user_of},
    json::UserJson,
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
use keylight_contracts::v1::{DeletePersonRequest, RestorePersonRequest};
use keylight_web::error::ApiError;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// How far a deletion goes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct DeleteUserQuery {
    /// Delete the person's submissions, and the projects that nobody else belongs to, along.
    cascade: Option<bool>,
    /// Why, for the audit log.
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// A deleted person, and what went along.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedUser {
    #[serde(flatten)]
    user: UserJson,
    submission_ids: Vec<i64>,
    project_ids: Vec<i64>,
}

/// Deletes a person. It can be restored; erasing is something else.
#[utoipa::path(
    delete,
    path = "/api/users/{id}",
    operation_id = "delete_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0), DeleteUserQuery),
    responses(
        (status = 200, description = "The deleted person and what went along", body = Record<DeletedUser>),
        (status = 409, description = "The person has submissions or projects, and `cascade` was not asked for"),
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
    let id = path.id(Noun::USER)?;
    let precondition = sent.precondition(None);
    let request = DeletePersonRequest {
        id,
        cascade: query.flag("cascade")?.unwrap_or(false),
        expected_version: precondition.expected(),
        caller: sent.caller(&app, &who, query.reason()?),
    };
    match answered_about(Noun::USER, app.people().delete_person(request).await) {
        Ok(deleted) => Ok(Record::done(
            "User deleted successfully",
            DeletedUser {
                user: user_of(deleted.person)?,
                submission_ids: deleted.submission_ids,
                project_ids: deleted.project_ids,
            },
        )
        .ok()),
        Err(error) => Err(precondition.explained(error, current(&app, id)).await),
    }
}

/// Takes a deletion back, with everything that went in the same one.
#[utoipa::path(
    post,
    path = "/api/users/{id}/restore",
    operation_id = "restore_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0)),
    request_body = Option<Reason>,
    responses(
        (status = 200, description = "The person", body = Record<UserJson>),
        (status = 409, description = "Somebody else has the e-mail address by now")
    )
)]
pub(crate) async fn restore(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let reason = Reason::of(&sent)?;
    let request = RestorePersonRequest {
        id,
        caller: sent.caller(&app, &who, reason),
    };
    let restored = answered_about(Noun::USER, app.people().restore_person(request).await)?;
    let user = UserJson::from(restored);
    Ok(Record::done("User restored successfully", user).changed(StatusCode::OK))
}
