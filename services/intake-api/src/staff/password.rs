//! `POST /api/staff/{id}/password`.

use super::json::StaffJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    requests::{PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::SetPasswordRequest;
use keylight_domain::access::MAX_PASSWORD;
use keylight_web::error::ApiError;
use utoipa::ToSchema;

/// A password for somebody else.
#[derive(ToSchema)]
#[schema(example = json!({"password": "a ship in port is safe", "must_change_password": true}))]
pub(crate) struct PasswordReset {
    #[schema(min_length = 12, max_length = 256, format = Password)]
    password: String,
    /// The password is for one use: at the next sign-in another one must be set.
    must_change_password: Option<bool>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Sets the password of an account and ends its sessions.
#[utoipa::path(
    post,
    path = "/api/staff/{id}/password",
    operation_id = "set_staff_password",
    tag = "access",
    params(("id" = String, Path, description = "Id or username")),
    request_body = PasswordReset,
    responses((status = 200, description = "The account", body = Record<StaffJson>))
)]
pub(crate) async fn set(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let reset = PasswordReset {
        password: fields.secret("password", MAX_PASSWORD),
        must_change_password: fields.flag("must_change_password"),
        reason: fields.reason(),
    };
    fields.finish()?;
    let request = SetPasswordRequest {
        staff: path.text("id").to_owned(),
        password: reset.password,
        must_change_password: reset.must_change_password.unwrap_or(false),
        caller: sent.caller(&app, &who, reset.reason),
        ..SetPasswordRequest::default()
    };
    let set = answered_in_its_words(app.accounts().set_password(request).await);
    app.remembered.forget();
    let staff = StaffJson::from(set?);
    Ok(Record::done("Password set successfully", staff).changed(StatusCode::OK))
}
