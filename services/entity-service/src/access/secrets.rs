//! Secrets of sessions and tokens.

use keylight_domain::{
    access::{HINT_LENGTH, TOKEN_PREFIX, one_time_password, spell},
    error::DomainError,
};
use sha2::{Digest as _, Sha256};

/// A source of bytes that nobody can guess.
pub trait Randomness: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), DomainError>;
}

/// The operating system's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), DomainError> {
        getrandom::fill(bytes)
            .map_err(|error| DomainError::internal(format!("no randomness: {error}")))
    }
}

/// A secret that was just made, and what is kept of it.
pub struct Fresh {
    /// For its owner, this once.
    pub text: String,
    /// For the database.
    pub digest: Vec<u8>,
}

/// A secret for a cookie.
///
/// # Errors
/// When there is no randomness.
pub fn session(random: &dyn Randomness) -> Result<Fresh, DomainError> {
    fresh(random, "")
}

/// A secret for an API token.
///
/// # Errors
/// When there is no randomness.
pub fn token(random: &dyn Randomness) -> Result<Fresh, DomainError> {
    fresh(random, TOKEN_PREFIX)
}

/// A password for one use.
///
/// # Errors
/// When there is no randomness.
pub fn password(random: &dyn Randomness) -> Result<String, DomainError> {
    let mut bytes = [0; 10];
    random.fill(&mut bytes)?;
    Ok(one_time_password(bytes))
}

fn fresh(random: &dyn Randomness, prefix: &str) -> Result<Fresh, DomainError> {
    let mut bytes = [0; 32];
    random.fill(&mut bytes)?;
    let text = format!("{prefix}{}", spell(&bytes));
    Ok(Fresh {
        digest: digest(&text),
        text,
    })
}

/// What is stored of a secret.
#[must_use]
pub fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The first characters of a token's secret.
#[must_use]
pub fn hint(secret: &str) -> String {
    secret.chars().take(HINT_LENGTH).collect()
}

/// The token that forms of a session carry. It follows from the session's secret, and the secret not from it.
#[must_use]
pub fn csrf_token(session: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"keylight form token v1\0");
    digest.update(session.as_bytes());
    spell(&digest.finalize())
}
