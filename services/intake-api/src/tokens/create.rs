//! `POST /api/tokens`.

use super::json::NewTokenJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    openapi::choices::{StaffRole, TokenScope},
    requests::{Fields, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::CreateTokenRequest;
use keylight_domain::access::MAX_TOKEN_DAYS;
use keylight_web::error::ApiError;
use utoipa::ToSchema;

/// A token to be.
#[derive(ToSchema)]
#[schema(example = json!({"name": "website", "role": "viewer", "scopes": ["submissions:read"], "days": 90}))]
pub(crate) struct NewToken {
    /// Letters a to z, digits and . _ - @; never given twice.
    #[schema(min_length = 3, max_length = 64)]
    name: String,
    #[schema(value_type = StaffRole)]
    role: String,
    /// Empty or left out means all that the role may.
    #[schema(value_type = Option<Vec<TokenScope>>)]
    scopes: Vec<String>,
    /// Until it expires; left out: 365.
    #[schema(minimum = 1, maximum = 3660)]
    days: Option<i32>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl NewToken {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.required("name", 64),
            role: fields.required_choice("role", &StaffRole::words()),
            scopes: fields.words("scopes", &TokenScope::words()),
            days: days(fields),
            reason: fields.reason(),
        }
    }
}

fn days(fields: &mut Fields) -> Option<i32> {
    let days = fields.number("days")?;
    let within = i32::try_from(days)
        .ok()
        .filter(|days| (1..=MAX_TOKEN_DAYS).contains(days));
    if within.is_none() {
        fields.problem("days", format!("must be 1 to {MAX_TOKEN_DAYS}"));
    }
    within
}

/// Makes an API token.
#[utoipa::path(
    post,
    path = "/api/tokens",
    operation_id = "create_token",
    tag = "access",
    request_body = NewToken,
    responses(
        (status = 201, description = "The token and, this once, its secret", body = Record<NewTokenJson>),
        (status = 409, description = "There is or was a token of this name")
    )
)]
pub(crate) async fn create(
    who: Who,
    State(app): State<App>,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let new = NewToken::read(&mut fields);
    fields.finish()?;
    let request = CreateTokenRequest {
        name: new.name,
        role: new.role,
        scopes: new.scopes,
        days: new.days.unwrap_or_default(),
        caller: sent.caller(&app, &who, new.reason),
    };
    let made = answered_in_its_words(app.accounts().create_token(request).await)?;
    Ok(Record::done("Token created successfully", NewTokenJson::from(made)).created())
}
