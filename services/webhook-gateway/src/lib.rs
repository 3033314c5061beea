//! Verifies, stores and passes on ClickUp's webhooks.
//!
//! A delivery is answered when it stands in the ledger together with the event that will tell about it, or, while the
//! database is away, on disk, from where it goes into the ledger later; the relay publishes afterwards. A delivery is a hint and nothing more, so what is published says which task to look at, and of
//! the change only what helps to recognise our own echo.
//!
//! - [`door`]: the HTTP side, and what is answered when
//! - [`endpoints`]: names and the secrets that belong to them
//! - [`deliveries`]: reading, telling apart, storing
//! - [`spool`]: on disk while the database is away
//! - [`app`]: putting it together
//!
//! Never answered are 401 and 410: ClickUp suspends a webhook at once for either.

pub mod app;
pub mod config;
pub mod deliveries;
pub mod door;
pub mod endpoints;
pub mod spool;

pub use config::Config;
