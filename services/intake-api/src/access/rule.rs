//! Who may use a route.

use super::Identity;
use keylight_domain::access::{Role, Scope, covers};
use serde_json::{Value, json};
use utoipa::openapi::security::SecurityRequirement;

/// The key of the OpenAPI operation under which its rule stands.
pub(crate) const EXTENSION: &str = "x-keylight-rule";
/// Name of the security scheme of bearer tokens in the OpenAPI document.
pub(crate) const BEARER: &str = "bearer";
/// Name of the security scheme of the console's cookie in the OpenAPI document.
pub(crate) const SESSION: &str = "session";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Everybody.
    Public,
    /// Whoever can say who they are, also before a one-time password has been replaced.
    SignedIn,
    /// Whoever has at least this role, with a token that has this scope.
    Role(Role, Scope),
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A one-time password must be replaced first.
    PasswordMustChange,
    /// Only this role may.
    Role(Role),
    /// The token lacks this scope.
    Scope(Scope),
}

impl Rule {
    /// Whether `identity` is let in.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn admits(self, identity: &Identity) -> Result<(), Denied> {
        let Self::Role(role, scope) = self else {
            return Ok(());
        };
        if identity.must_change_password {
            return Err(Denied::PasswordMustChange);
        }
        if !identity.role.includes(role) {
            return Err(Denied::Role(role));
        }
        if !covers(&identity.scopes, scope) {
            return Err(Denied::Scope(scope));
        }
        Ok(())
    }

    /// For people and programs that read the OpenAPI document.
    pub(crate) fn described(self) -> Value {
        match self {
            Self::Public => json!({"who": "public"}),
            Self::SignedIn => json!({"who": "signed-in"}),
            Self::Role(role, scope) => json!({"who": role.as_str(), "scope": scope.as_str()}),
        }
    }

    /// What OpenAPI calls a security requirement: one of these.
    pub(crate) fn security(self) -> Vec<SecurityRequirement> {
        let scope = match self {
            Self::Public => return Vec::new(),
            Self::SignedIn => Vec::new(),
            Self::Role(_, scope) => vec![scope.as_str()],
        };
        vec![
            SecurityRequirement::new(BEARER, scope),
            SecurityRequirement::new(SESSION, Vec::<String>::new()),
        ]
    }
}
