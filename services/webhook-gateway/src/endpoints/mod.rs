//! Names under which webhooks arrive, and the secrets that may sign their bodies.
//!
//! `clickup-sync` knows them, since it makes the webhooks. We keep what it told, in memory and in [`table`], so that
//! deliveries are checked without asking, also after a restart while it is away; in the table they are sealed
//! ([`seals`]). [`keyring`] asks again when a signature
//! does not match or a name is not known, and now and then, so that withdrawn secrets stop counting.

pub mod keyring;
pub mod seals;
pub mod table;

use keylight_clickup::signature;
use secrecy::{ExposeSecret as _, SecretString};

/// Column of the secrets.
const SECRETS: &str = "webhook.endpoints.secrets";

/// What may sign the bodies that arrive under one name.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// ClickUp's id of the webhook.
    pub webhook_id: String,
    /// One secret, or two while it is being replaced.
    pub secrets: Vec<SecretString>,
}

impl Endpoint {
    /// Whether one of the secrets has signed the body.
    #[must_use]
    pub fn has_signed(&self, body: &[u8], signature: &str) -> bool {
        // every secret is tried, so that the time tells nothing about which one matched
        self.secrets.iter().fold(false, |signed, secret| {
            signature::verify(secret.expose_secret().as_bytes(), body, signature) | signed
        })
    }
}

/// Whether a name can be one of ours: up to 64 letters, digits, `-` and `_`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_secret_counts_while_one_replaces_the_other() {
        let endpoint = Endpoint {
            webhook_id: "w".to_owned(),
            secrets: vec!["new".into(), "old".into()],
        };
        for secret in ["new", "old"] {
            assert!(
                endpoint.has_signed(b"body", &signature::sign(secret.as_bytes(), b"body")),
                "{secret}"
            );
        }
        assert!(!endpoint.has_signed(b"body", &signature::sign(b"older", b"body")));
        assert!(!endpoint.has_signed(b"altered", &signature::sign(b"new", b"body")));
        let none = Endpoint {
            secrets: Vec::new(),
            ..endpoint
        };
        assert!(!none.has_signed(b"body", &signature::sign(b"", b"body")));
    }

    #[test]
    fn a_secret_is_never_shown() {
        let endpoint = Endpoint {
            webhook_id: "w".to_owned(),
            secrets: vec!["HIDDEN".into()],
        };
        assert!(!format!("{endpoint:?}").contains("HIDDEN"));
    }

    #[test]
    fn names() {
        assert!(is_name("intake") && is_name("list-2_b"));
        for bad in ["", "a b", "a/b", "é", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
