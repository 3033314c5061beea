//! Who is calling.

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use http::request::Parts;
use keylight_contracts::{time::from_wire, v1};
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
    /// Of the account or the token; empty for the admin token of the settings.
    pub(crate) id: String,
    /// Of an account; empty for tokens.
    pub(crate) username: String,
    /// As people read it.
    pub(crate) full_name: String,
    /// What forms of a session carry; empty for tokens.
    pub(crate) csrf_token: String,
    /// When it ends if it is not used again; never for the admin token of the settings.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Only a new password may be set.
    pub(crate) must_change_password: bool,
}

impl Identity {
    /// As the entity service says.
    ///
    /// # Errors
    /// When it says what we do not know: better nobody comes in than somebody who may too much.
    pub(super) fn read(told: v1::Identity) -> Result<Self, ApiError> {
        let role = Role::parse(&told.role);
        let scopes: Result<Vec<_>, _> = told.scopes.iter().map(|name| Scope::parse(name)).collect();
        let (Some(role), Ok(scopes)) = (role, scopes) else {
            return Err(DomainError::internal("an identity with an unknown role or scope").into());
        };
        Ok(Self {
            actor: told.actor,
            role,
            scopes,
            id: told.id,
            username: told.username,
            full_name: told.full_name,
            csrf_token: told.csrf_token,
            expires_at: told.expires_at.as_ref().and_then(from_wire),
            must_change_password: told.must_change_password,
        })
    }
}

/// What somebody showed.
#[derive(Clone)]
pub(crate) enum Credential {
    /// An API token, or the admin token of the settings.
    Token,
    /// The cookie of a session, with its secret.
    Session(String),
}

/// The caller, for handlers. It is there because a guard let them in: a handler that takes it behind a public rule fails
/// every request.
#[derive(Clone)]
pub(crate) struct Who {
    pub(super) identity: Arc<Identity>,
    pub(super) credential: Credential,
}

impl Who {
    /// The secret of the session that was shown, if it was one.
    pub(crate) fn session(&self) -> Option<&str> {
        match &self.credential {
            Credential::Session(secret) => Some(secret),
            Credential::Token => None,
        }
    }
}

impl Deref for Who {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
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
