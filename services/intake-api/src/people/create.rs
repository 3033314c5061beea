//! `POST /api/users`.

use super::{input::NewUser, json::UserJson};
use crate::{
    access::Who,
    app::App,
    entity::answered_about,
    envelope::Record,
    requests::{Noun, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_web::error::ApiError;

/// Makes a person.
#[utoipa::path(
    post,
    path = "/api/users",
    operation_id = "create_user",
    tag = "users",
    request_body = NewUser,
    responses(
        (status = 201, description = "The person", body = Record<UserJson>),
        (status = 409, description = "Somebody has this e-mail address already")
    )
)]
pub(crate) async fn create(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let mut user = NewUser::read(&mut fields);
    fields.finish()?;
    let caller = sent.caller(&app, &who, user.reason.take());
    let created = app.people().create_person(user.wire(caller)).await;
    let user = UserJson::from(answered_about(Noun::USER, created)?);
    Ok(Record::done("User created successfully", user).changed(StatusCode::CREATED))
}
