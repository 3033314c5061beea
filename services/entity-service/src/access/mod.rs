//! Who may come in: staff accounts with passwords, their sessions, and API tokens.
//!
//! - [`sign_in`]: a password for a session; attempts are counted in [`throttle`]
//! - [`identify`]: who holds a session or a token
//! - [`staff`], [`password`], [`tokens`]: what admins manage, each change in the audit log
//! - [`first_start`]: the first account
//!
//! Passwords are hashed with Argon2id by [`passwords`]; secrets of sessions and tokens are 256 random bits of the
//! operating system, of which only the SHA-256 is stored. No secret is ever logged, audited or told twice.

pub mod first_start;
pub mod grpc;
pub mod identify;
pub mod password;
pub mod passwords;
pub mod secrets;
pub mod sign_in;
pub mod staff;
pub mod sweep;
pub mod throttle;
pub mod tokens;

use chrono::{DateTime, SubsecRound as _, Utc};
use keylight_domain::access::login_name;
use keylight_runtime::clock::Clock;
use passwords::Passwords;
use secrets::Randomness;
use sqlx::PgPool;
use std::sync::Arc;

/// What the operations work with; clones share it.
#[derive(Clone)]
pub struct Access {
    /// Connections to the schema `entity`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Where secrets come from.
    pub random: Arc<dyn Randomness>,
    /// Hashes passwords, a few at a time.
    pub passwords: Passwords,
}

/// A name to look for. What cannot be a name is empty, which nothing is called: texts from outside may hold what the
/// database does not even compare.
fn wanted(text: &str) -> String {
    login_name("name", text).unwrap_or_default()
}

impl Access {
    /// Now, as exactly as the database keeps it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}
