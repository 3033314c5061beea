//! `/api/me`: what the caller is known as.

use super::json::StaffJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    openapi::choices::{StaffRole, TokenScope},
    requests::Sent,
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::SetPasswordRequest;
use keylight_domain::access::MAX_PASSWORD;
use keylight_web::{error::ApiError, time::iso_millis};
use serde::Serialize;
use utoipa::ToSchema;

/// Who calls, and what they may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeJson {
    /// As the audit log names the caller.
    actor: String,
    #[schema(value_type = StaffRole)]
    role: String,
    /// What the token is limited to; empty means all that the role may.
    #[schema(value_type = Vec<TokenScope>)]
    scopes: Vec<String>,
    /// Of an account; null for tokens.
    username: Option<String>,
    full_name: String,
    /// When the session or the token ends if it is not used again.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Only a new password may be set.
    must_change_password: bool,
    /// For `X-CSRF-Token`, with which changes of a session must come; null for tokens.
    csrf_token: Option<String>,
}

/// A new password of one's own.
#[derive(ToSchema)]
#[schema(example = json!({"current_password": "the one so far", "password": "a ship in port is safe"}))]
pub(crate) struct NewPassword {
    #[schema(max_length = 256, format = Password)]
    current_password: String,
    #[schema(min_length = 12, max_length = 256, format = Password)]
    password: String,
}

/// Who the caller is.
#[utoipa::path(
    get,
    path = "/api/me",
    operation_id = "who_am_i",
    tag = "access",
    responses((status = 200, description = "The caller", body = Record<MeJson>))
)]
pub(crate) async fn me(who: Who) -> Response {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Record::new(MeJson {
        actor: who.actor.clone(),
        role: who.role.as_str().to_owned(),
        scopes: who.scopes.iter().map(ToString::to_string).collect(),
        username: some(&who.username),
        full_name: who.full_name.clone(),
        expires_at: who.expires_at.map(iso_millis),
        must_change_password: who.must_change_password,
        csrf_token: some(&who.csrf_token),
    })
    .ok()
}

/// Sets the caller's own password and ends the account's other sessions.
#[utoipa::path(
    post,
    path = "/api/me/password",
    operation_id = "set_own_password",
    tag = "access",
    request_body = NewPassword,
    responses(
        (status = 200, description = "The account", body = Record<StaffJson>),
        (status = 409, description = "The password was changed meanwhile"),
        (status = 429, description = "Too many wrong passwords; `Retry-After` says when to come again")
    )
)]
pub(crate) async fn password(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let new = NewPassword {
        current_password: fields.secret("current_password", MAX_PASSWORD),
        password: fields.secret("password", MAX_PASSWORD),
    };
    fields.finish()?;
    let Some(session) = who.session() else {
        return Err(ApiError::validation("Only an account has a password"));
    };
    let request = SetPasswordRequest {
        staff: who.id.clone(),
        password: new.password,
        current_password: Some(new.current_password),
        keep_session: session.to_owned(),
        must_change_password: false,
        caller: sent.caller(&app, &who, None),
    };
    let set = answered_in_its_words(app.accounts().set_password(request).await);
    app.remembered.forget();
    let staff = StaffJson::from(set?);
    Ok(Record::done("Password set successfully", staff).changed(StatusCode::OK))
}
