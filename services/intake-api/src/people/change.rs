//! `PATCH` and `PUT /api/users/{id}`.

use super::{
    get::current,
    input::{UserChange, WholeUser},
    json::UserJson,
};
use crate::{
    access::Who,
    app::{App, Door},
    entity::answered_about,
    envelope::Record,
    requests::{Noun, PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_web::error::ApiError;

/// Changes some fields of a person.
#[utoipa::path(
    patch,
    path = "/api/users/{id}",
    operation_id = "change_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0)),
    request_body = UserChange,
    responses(
        (status = 200, description = "The person after the change", body = Record<UserJson>),
        (status = 409, description = "Changed meanwhile, or somebody else has the e-mail address"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn change(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let mut fields = sent.fields()?;
    let change = UserChange::read(&mut fields);
    fields.finish()?;
    apply(&app, &who, &sent, id, change).await
}

/// Replaces a person: what is left out is emptied.
#[utoipa::path(
    put,
    path = "/api/users/{id}",
    operation_id = "replace_user",
    tag = "users",
    params(("id" = i64, Path, minimum = 0)),
    request_body = WholeUser,
    responses(
        (status = 200, description = "The person after the change", body = Record<UserJson>),
        (status = 409, description = "Changed meanwhile, or somebody else has the e-mail address"),
        (status = 412, description = "`If-Match` names another version")
    )
)]
pub(crate) async fn replace(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.id(Noun::USER)?;
    let mut fields = sent.fields()?;
    let whole = WholeUser::read(&mut fields);
    fields.finish()?;
    apply(&app, &who, &sent, id, whole.into()).await
}

async fn apply(
    app: &Door,
    who: &Who,
    sent: &Sent,
    id: i64,
    mut change: UserChange,
) -> Result<Response, ApiError> {
    let precondition = sent.precondition(change.version);
    let caller = sent.caller(app, who, change.reason.take());
    let request = change.wire(id, precondition.expected(), caller);
    match answered_about(Noun::USER, app.people().update_person(request).await) {
        Ok(person) => {
            let user = UserJson::from(person);
            Ok(Record::done("User updated successfully", user).changed(StatusCode::OK))
        }
        Err(error) => Err(precondition.explained(error, current(app, id)).await),
    }
}
