//! PostgreSQL as every service uses it.
//!
//! - [`pool`]: the connection pool and its settings
//! - [`migrate`]: each service migrates its own schema, with its own book of migrations
//! - [`error`]: what a database failure means to a caller
//! - [`watch()`]: an eye on the database, for readiness
//! - [`sealed`]: secrets that stand in a table, unreadable without the keys of the process
//! - [`outbox`]: events that leave in the same transaction as the state they tell of

pub mod error;
pub mod migrate;
pub mod outbox;
pub mod pool;
pub mod sealed;
pub mod watch;

pub use error::StoreError;
pub use migrate::migrate;
pub use pool::{Config, connect};
pub use watch::watch;
