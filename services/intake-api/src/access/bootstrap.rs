//! The admin token of the settings: for automation, and for the time before there are accounts. It is checked here,
//! without asking the entity service.

use super::{Identity, Role};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Who caused a change, as the audit log names the admin token.
const ACTOR: &str = "admin-token";

/// The admin token, kept as its hash so that comparing tells nothing about it, its length included.
pub(crate) struct AdminToken {
    digest: [u8; 32],
    identity: Arc<Identity>,
}

impl AdminToken {
    pub(crate) fn new(token: &SecretString) -> Self {
        Self {
            digest: Sha256::digest(token.expose_secret().as_bytes()).into(),
            identity: Arc::new(Identity {
                actor: ACTOR.to_owned(),
                role: Role::Admin,
                scopes: Vec::new(),
                id: String::new(),
                username: String::new(),
                full_name: "admin token of the settings".to_owned(),
                csrf_token: String::new(),
                expires_at: None,
                must_change_password: false,
            }),
        }
    }

    /// Whether this is the token; takes the same time whatever it is.
    pub(crate) fn is(&self, shown: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown.as_bytes()).into();
        self.digest.ct_eq(&shown).into()
    }

    /// Who shows it.
    pub(crate) fn identity(&self) -> Arc<Identity> {
        self.identity.clone()
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
