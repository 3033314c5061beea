//! Who is calling.

use axum::extract::FromRequestParts;
use http::request::Parts;
use keylight_domain::{
    access::{Role, Scope},
    error::DomainError,
};
use keylight_web::error::ApiError;
use std::{ops::Deref, sync::Arc};

/// Whoever showed a valid credential.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// As the audit log names them.
    pub(crate) actor: String,
    /// How much they may do.
    pub(crate) role: Role,
    /// What the token is limited to; empty means no limit.
    pub(crate) scopes: Vec<Scope>,
    /// Only a new password may be set.
    pub(crate) must_change_password: bool,
}

/// The caller, for handlers. It is there because a guard let them in: a handler that takes it behind a public rule fails
/// every request.
#[derive(Debug, Clone)]
pub(crate) struct Who(pub(super) Arc<Identity>);

impl Deref for Who {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| DomainError::internal("a handler asks who calls behind no guard").into())
    }
}
