//! Who may call the admin endpoints: whoever shows the admin token.

use crate::app::App;
use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use keylight_web::error::ApiError;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Who caused a change, as the audit log names the admin token.
pub(crate) const ACTOR: &str = "admin-token";

/// The admin token, kept as its hash so that comparing tells nothing about it, its length included.
pub(crate) struct AdminToken {
    digest: [u8; 32],
}

impl AdminToken {
    pub(crate) fn new(token: &SecretString) -> Self {
        Self {
            digest: Sha256::digest(token.expose_secret().as_bytes()).into(),
        }
    }

    /// Whether this is the token; takes the same time whatever it is.
    pub(crate) fn is(&self, shown: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown.as_bytes()).into();
        self.digest.ct_eq(&shown).into()
    }
}

/// Proof that the caller showed the admin token. A handler that takes it can be called by nobody else.
pub(crate) struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let shown = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        match shown {
            Some(token) if app.admin_token.is(token) => Ok(Self),
            _ => Err(ApiError::unauthenticated()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_itself() {
        let token = AdminToken::new(&SecretString::from("a-token-for-tests"));
        assert!(token.is("a-token-for-tests"));
        for wrong in [
            "",
            "a-token-for-test",
            "a-token-for-tests ",
            "A-token-for-tests",
        ] {
            assert!(!token.is(wrong), "{wrong}");
        }
    }
}
