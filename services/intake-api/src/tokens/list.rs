//! `GET /api/tokens`.

use super::json::TokenJson;
use crate::{app::App, entity::answered_in_its_words, envelope::Record, requests::Parameters};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::ListTokensRequest;
use keylight_web::error::ApiError;
use utoipa::IntoParams;

/// Which ones.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what the handler reads")]
pub(crate) struct TokenQuery {
    /// Also those that were revoked.
    revoked: Option<bool>,
}

/// API tokens, by name.
#[utoipa::path(
    get,
    path = "/api/tokens",
    operation_id = "list_tokens",
    tag = "access",
    params(TokenQuery),
    responses((status = 200, description = "The tokens", body = Record<Vec<TokenJson>>))
)]
pub(crate) async fn list(State(app): State<App>, query: Parameters) -> Result<Response, ApiError> {
    let request = ListTokensRequest {
        include_revoked: query.flag("revoked")?.unwrap_or(false),
    };
    let listed = answered_in_its_words(app.accounts().list_tokens(request).await)?;
    let tokens: Vec<TokenJson> = listed.tokens.into_iter().map(Into::into).collect();
    Ok(Record::new(tokens).ok())
}
