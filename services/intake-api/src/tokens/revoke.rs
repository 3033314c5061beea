//! `DELETE /api/tokens/{id}`.

use super::json::TokenJson;
use crate::{
    access::Who,
    app::App,
    entity::answered_in_its_words,
    envelope::Record,
    requests::{Parameters, PathTexts, ReasonQuery, Sent},
};
use axum::{extract::State, response::Response};
use keylight_contracts::v1::RevokeTokenRequest;
use keylight_web::error::ApiError;

/// Ends a token; one that is revoked already stays as it is.
#[utoipa::path(
    delete,
    path = "/api/tokens/{id}",
    operation_id = "revoke_token",
    tag = "access",
    params(("id" = String, Path, description = "Id or name"), ReasonQuery),
    responses((status = 200, description = "The token", body = Record<TokenJson>))
)]
pub(crate) async fn revoke(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    query: Parameters,
    sent: Sent,
) -> Result<Response, ApiError> {
    let request = RevokeTokenRequest {
        token: path.text("id").to_owned(),
        caller: sent.caller(&app, &who, query.reason()?),
    };
    let revoked = answered_in_its_words(app.accounts().revoke_token(request).await);
    app.remembered.forget();
    let token = TokenJson::from(revoked?);
    Ok(Record::done("Token revoked successfully", token).ok())
}
