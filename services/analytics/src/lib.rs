//! Read models, rebuildable from the event log.
//!
//! A message on the bus only wakes the projector. What is counted comes from the event log of `entity-service`, read
//! from the position that is stored beside the counts. So lost, doubled and reordered messages do no harm, and building
//! anew is the same code as keeping up.
//!
//! - [`daily_counts`]: submissions per day and status
//! - [`wakeups`]: messages and time as reasons to look
//! - [`service`]: the gRPC contract
//! - [`app`]: putting it together
//!
//! To add a read model: a folder beside `daily_counts` with its table, its pure fold and its position.

pub mod app;
pub mod config;
pub mod daily_counts;
pub mod service;
pub mod wakeups;

pub use config::Config;
