//! ClickUp simulator: enough of the public API v2 to develop, test and show a sync worker without
//! the real service.
//!
//! - The API answers under `/api/v2`, with the shapes, JSON types, error codes and rate limit
//!   headers that were observed on the real service, and on purpose in the less convenient way
//!   wherever the documents disagree.
//! - `/_sim/` is the control interface: request log, faults, edits as a person would make them.
//! - `/` is a board page on which a person moves cards.
//!
//! Everything lives in memory behind one lock; a state file, when asked for, is an append-only
//! journal, so that a killed simulator comes back with every answered write.
//!
//! The simulator imports nothing else of this workspace. That is what makes it a judge of the
//! client instead of a mirror.

mod attachments;
pub mod auth;
mod board;
mod clock;
mod config;
mod connection;
mod control;
mod errors;
mod faults;
mod fields;
mod gateway;
mod handle;
mod hierarchy;
mod ids;
mod options;
mod query;
pub mod rate;
pub mod requests;
mod routes;
mod serve;
mod sim;
pub mod state;
mod tasks;
pub mod webhooks;

pub use config::{SimConfig, WebhookRetry};
pub use faults::spec::{Fault, FaultKind, FaultMatch};
pub use handle::RunningSim;
pub use options::{AutomationUser, CustomIds, DeletedTask, NumericFields, Options};
pub use routes::router;
pub use serve::serve;
pub use sim::{Sim, SimError};
