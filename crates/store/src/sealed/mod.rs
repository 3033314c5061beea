//! Secrets that have to stand in a table, sealed: who has only the database, or a backup of it, cannot read them.
//!
//! A sealed value is text, `s1.<key id>.<nonce and ciphertext in base64url>`, so that values can be counted by key with
//! SQL. It is XChaCha20-Poly1305: its nonce of 192 bits can be random for as many values as anybody will ever seal. The
//! place of use (column and row) is part of what is authenticated, and so are version and key id: a value that was copied
//! to another place, or altered anywhere, does not open.
//!
//! - [`Keyring`]: the keys of a process; the first one seals, all of them open
//! - [`config`]: the setting that holds them
//! - [`Tally`]: how many values stand under which key
//!
//! To seal another column: give it a [`Place`], count and re-seal it in the service that owns the table, and name it in
//! `docs/operations.md`.

pub mod config;
mod keyring;
mod tally;

pub use keyring::{Keyring, KeyringError, is_id as is_key_id, new_key};
pub use tally::Tally;

use crate::StoreError;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use keylight_domain::error::{DomainError, ErrorCode};
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};
use std::fmt;

/// Stands at the front of every sealed value, and would change with the form.
const VERSION: &str = "s1";
/// Bytes of a nonce.
const NONCE: usize = 24;

/// Where a value is used. A value that was sealed for one place opens at no other.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Schema, table and column.
    column: &'static str,
    /// Key of the row.
    row: &'a str,
}

impl<'a> Place<'a> {
    /// The place `column` (with schema and table) of the row with the key `row`.
    #[must_use]
    pub const fn new(column: &'static str, row: &'a str) -> Self {
        Self { column, row }
    }

    /// What is authenticated beside the value. No part can be taken for another: neither version, key id nor column holds
    /// a line break.
    fn authenticated(&self, key_id: &str) -> Vec<u8> {
        format!("{VERSION}\n{key_id}\n{}\n{}", self.column, self.row).into_bytes()
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.column, self.row)
    }
}

/// Why a value does not open. Never holds the value or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed under a key that this process does not have.
    #[error(
        "{place} is sealed under key \"{key_id}\", which KEYLIGHT_SEAL_KEYS does not have: add it behind the first one"
    )]
    UnknownKey {
        /// The key's id.
        key_id: String,
        /// Where the value stands.
        place: String,
    },
    /// It was altered, comes from another place, or the key is not the one that has this id elsewhere.
    #[error(
        "{place} does not open with key \"{key_id}\": it was altered or moved, or another key had this id"
    )]
    Refused {
        /// The key's id.
        key_id: String,
        /// Where the value stands.
        place: String,
    },
    /// It is no sealed value at all.
    #[error("{place} is not a sealed value")]
    NotSealed {
        /// Where the value stands.
        place: String,
    },
}

/// Why values cannot be sealed anew, or not be vouched for.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value does not open.
    #[error(transparent)]
    Shut(#[from] OpenError),
}

impl From<sqlx::Error> for SealError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<SealError> for DomainError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Store(error) => error.into(),
            // names place and key, for the operator who asked
            SealError::Shut(error) => DomainError::new(ErrorCode::Conflict, error.to_string()),
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Defect(error.to_string())
    }
}

/// The id of the key that a value is sealed under; `None` when it is not a sealed value.
#[must_use]
pub fn key_id_of(sealed: &str) -> Option<&str> {
    split(sealed).map(|(key_id, _)| key_id)
}

fn split(sealed: &str) -> Option<(&str, &str)> {
    let (version, rest) = sealed.split_once('.')?;
    let (key_id, body) = rest.split_once('.')?;
    (version == VERSION && keyring::is_id(key_id)).then_some((key_id, body))
}

impl Keyring {
    /// Seals a value for a place, under the first key.
    #[must_use]
    pub fn seal(&self, place: Place<'_>, value: &SecretString) -> String {
        let (key_id, key) = self.first();
        let nonce: [u8; NONCE] = rand::rng().random();
        let authenticated = place.authenticated(key_id);
        let payload = Payload {
            msg: value.expose_secret().as_bytes(),
            aad: &authenticated,
        };
        let ciphertext = XChaCha20Poly1305::new(key.expose_secret().into())
            .encrypt(&XNonce::from(nonce), payload)
            .expect("only a value of 256 GB is too long");
        let body = [nonce.as_slice(), &ciphertext].concat();
        format!("{VERSION}.{key_id}.{}", URL_SAFE_NO_PAD.encode(body))
    }

    /// Opens a value that was sealed for this place.
    ///
    /// # Errors
    /// When the key is not there, or the value is not what was sealed for this place.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<SecretString, OpenError> {
        let not_sealed = || OpenError::NotSealed {
            place: place.to_string(),
        };
        let (key_id, body) = split(sealed).ok_or_else(not_sealed)?;
        let key = self.key(key_id).ok_or_else(|| OpenError::UnknownKey {
            key_id: key_id.to_owned(),
            place: place.to_string(),
        })?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| not_sealed())?;
        let (nonce, ciphertext) = body.split_first_chunk::<NONCE>().ok_or_else(not_sealed)?;
        let authenticated = place.authenticated(key_id);
        let payload = Payload {
            msg: ciphertext,
            aad: &authenticated,
        };
        let refused = || OpenError::Refused {
            key_id: key_id.to_owned(),
            place: place.to_string(),
        };
        let value = XChaCha20Poly1305::new(key.expose_secret().into())
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| refused())?;
        // what was sealed is text
        let text = std::str::from_utf8(&value).map_err(|_| refused())?;
        Ok(SecretString::from(text))
    }

    /// The value under the first key: sealed anew, or `None` when it is already.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn reseal(&self, place: Place<'_>, sealed: &str) -> Result<Option<String>, OpenError> {
        let value = self.open(place, sealed)?;
        if key_id_of(sealed) == Some(self.first_id()) {
            return Ok(None);
        }
        Ok(Some(self.seal(place, &value)))
    }

    /// Whether this process can open values under the key that this one is sealed under.
    #[must_use]
    pub fn knows_key_of(&self, sealed: &str) -> bool {
        key_id_of(sealed).is_some_and(|key_id| self.key(key_id).is_some())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
