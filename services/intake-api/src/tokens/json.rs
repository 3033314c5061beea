//! A token as admins see it.

use crate::{
    envelope::time,
    openapi::choices::{StaffRole, TokenScope},
};
use keylight_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// An API token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenJson {
    #[schema(format = Uuid)]
    id: String,
    name: String,
    #[schema(value_type = StaffRole)]
    role: String,
    /// Empty means all that the role may.
    #[schema(value_type = Vec<TokenScope>)]
    scopes: Vec<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
    /// As the audit log names them.
    created_by: String,
    /// First characters of the secret.
    hint: String,
}

/// A token with its secret, shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewTokenAnswer)]
pub(crate) struct NewTokenJson {
    token: TokenJson,
    /// For `Authorization: Bearer`. Null when the same request was answered before: it is told once and not kept.
    secret: Option<String>,
}

impl From<v1::Token> for TokenJson {
    fn from(token: v1::Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role,
            scopes: token.scopes,
            created_at: time(token.created_at.as_ref()),
            expires_at: time(token.expires_at.as_ref()),
            last_used_at: time(token.last_used_at.as_ref()),
            revoked_at: time(token.revoked_at.as_ref()),
            created_by: token.created_by,
            hint: token.hint,
        }
    }
}

impl From<v1::NewToken> for NewTokenJson {
    fn from(made: v1::NewToken) -> Self {
        Self {
            token: made.token.unwrap_or_default().into(),
            secret: Some(made.secret).filter(|secret| !secret.is_empty()),
        }
    }
}
