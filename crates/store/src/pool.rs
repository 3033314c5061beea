//! The connection pool and its settings.

use anyhow::Context as _;
use keylight_runtime::config::{Key, Reader};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr as _, time::Duration};

/// Where the database is.
pub const DATABASE_URL: Key = Key {
    path: "database.url",
    env: "DATABASE_URL",
    default: None,
    secret: true,
    doc: "PostgreSQL, for example postgres://user:password@host:5432/keylight",
};
const POOL_SIZE: Key = Key {
    path: "database.pool_size",
    env: "KEYLIGHT_DATABASE_POOL_SIZE",
    default: Some("8"),
    secret: false,
    doc: "connections that one process may hold",
};
const WAIT: Key = Key {
    path: "database.acquire_timeout",
    env: "KEYLIGHT_DATABASE_ACQUIRE_TIMEOUT",
    default: Some("2s"),
    secret: false,
    doc: "how long a request waits for a free connection before it is answered with 503",
};

/// The settings of this module.
pub const KEYS: &[Key] = &[DATABASE_URL, POOL_SIZE, WAIT];

/// How to reach the database.
#[derive(Debug, Clone)]
pub struct Config {
    /// See [`DATABASE_URL`].
    pub url: SecretString,
    /// Connections at the most.
    pub pool_size: u32,
    /// Longest wait for a connection.
    pub acquire_timeout: Duration,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let url = reader.secret(&DATABASE_URL);
        if !url.expose_secret().is_empty()
            && PgConnectOptions::from_str(url.expose_secret()).is_err()
        {
            reader.refuse(&DATABASE_URL, "the value is not a PostgreSQL URL, for example postgres://user:password@host:5432/keylight");
        }
        Self {
            url,
            pool_size: reader.number(&POOL_SIZE, 1, 500),
            acquire_timeout: reader.duration(&WAIT),
        }
    }
}

/// A pool that connects when it is first used. A database that is away is no reason not to start: readiness tells.
///
/// # Errors
/// When the URL cannot be understood.
pub fn connect(config: &Config, application: &str) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(config.url.expose_secret())
        .context("DATABASE_URL is not a PostgreSQL URL")?
        .application_name(application);
    Ok(PgPoolOptions::new()
        .max_connections(config.pool_size)
        .acquire_timeout(config.acquire_timeout)
        // our statements are short, and a broken connection shows at once: asking first would cost a round trip each
        .test_before_acquire(false)
        .connect_lazy_with(options))
}
