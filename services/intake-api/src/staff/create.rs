//! `POST /api/staff`.

use super::json::StaffJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    openapi::choices::StaffRole,
    requests::{Fields, Sent},
};
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::v1::CreateStaffRequest;
use keylight_domain::access::MAX_PASSWORD;
use keylight_web::error::ApiError;
use utoipa::ToSchema;

/// An account to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "username": "grace", "full_name": "Grace Hopper", "role": "manager", "password": "a ship in port is safe",
    "must_change_password": true
}))]
pub(crate) struct NewStaff {
    /// Letters a to z, digits and . _ - @
    #[schema(min_length = 3, max_length = 64)]
    username: String,
    #[schema(max_length = 200)]
    full_name: Option<String>,
    #[schema(value_type = StaffRole)]
    role: String,
    #[schema(min_length = 12, max_length = 256, format = Password)]
    password: String,
    /// The password is for one use: at the first sign-in another one must be set.
    must_change_password: Option<bool>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl NewStaff {
    fn read(fields: &mut Fields) -> Self {
        Self {
            username: fields.required("username", 64),
            full_name: fields.filled("full_name", 200),
            role: fields.required_choice("role", &StaffRole::words()),
            password: fields.secret("password", MAX_PASSWORD),
            must_change_password: fields.flag("must_change_password"),
            reason: fields.reason(),
        }
    }
}

/// Makes a staff account.
#[utoipa::path(
    post,
    path = "/api/staff",
    operation_id = "create_staff",
    tag = "access",
    request_body = NewStaff,
    responses(
        (status = 201, description = "The account", body = Record<StaffJson>),
        (status = 409, description = "There is an account with this username")
    )
)]
pub(crate) async fn create(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let new = NewStaff::read(&mut fields);
    fields.finish()?;
    let request = CreateStaffRequest {
        username: new.username,
        full_name: new.full_name.unwrap_or_default(),
        role: new.role,
        password: new.password,
        must_change_password: new.must_change_password.unwrap_or(false),
        caller: sent.caller(&app, &who, new.reason),
    };
    let created = answered_in_its_words(app.accounts().create_staff(request).await)?;
    let staff = StaffJson::from(created);
    Ok(Record::done("Account created successfully", staff).changed(StatusCode::CREATED))
}
