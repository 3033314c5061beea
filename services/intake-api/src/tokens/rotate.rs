//! `POST /api/tokens/{id}/rotate`.

use super::json::NewTokenJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    requests::{PathTexts, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::RotateTokenRequest;
use keylight_domain::access::MAX_OVERLAP_SECONDS;
use keylight_web::error::ApiError;
use utoipa::ToSchema;

/// How long the secret so far still works, when nobody says: a day, for putting the new one everywhere.
const OVERLAP_SECONDS: i64 = 24 * 60 * 60;

/// How to replace a secret.
#[derive(ToSchema)]
#[schema(example = json!({"overlap_seconds": 3600}))]
pub(crate) struct TokenRotation {
    /// How long the secret so far still works; left out: a day; 0 ends it at once.
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap_seconds: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Gives a token a new secret; the one so far works a while longer.
#[utoipa::path(
    post,
    path = "/api/tokens/{id}/rotate",
    operation_id = "rotate_token",
    tag = "access",
    params(("id" = String, Path, description = "Id or name")),
    request_body = Option<TokenRotation>,
    responses(
        (status = 200, description = "The token and, this once, its new secret", body = Record<NewTokenJson>),
        (status = 409, description = "The token is revoked or has expired")
    )
)]
pub(crate) async fn rotate(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let mut fields = sent.fields()?;
    let rotation = TokenRotation {
        overlap_seconds: fields.number("overlap_seconds"),
        reason: fields.reason(),
    };
    if rotation
        .overlap_seconds
        .is_some_and(|seconds| seconds > MAX_OVERLAP_SECONDS)
    {
        fields.problem(
            "overlap_seconds",
            format!("must be 0 to {MAX_OVERLAP_SECONDS}"),
        );
    }
    fields.finish()?;
    let request = RotateTokenRequest {
        token: path.text("id").to_owned(),
        overlap_seconds: rotation.overlap_seconds.unwrap_or(OVERLAP_SECONDS),
        caller: sent.caller(&app, &who, rotation.reason),
    };
    let made = answered_in_its_words(app.accounts().rotate_token(request).await);
    app.remembered.forget();
    Ok(Record::done("Token rotated successfully", NewTokenJson::from(made?)).ok())
}
