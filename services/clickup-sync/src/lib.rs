//! Keeps ClickUp and the system of record equal. Alone in calling ClickUp.
//!
//! A message on the bus only says "look at submission 42 again": [`links`] turns it into a row that is due, and
//! [`worker`] takes due rows one by one under a lease, asks the pure rules of `keylight_domain::sync` what to do, does it,
//! and stores what came out. Work that waits (for the rate budget, for ClickUp to come back) waits in its row.
//!
//! - [`links`]: one row per submission: the queue, and what must not be forgotten
//! - [`mapping`]: what goes where in ClickUp: versions, preview, drift
//! - [`changes`]: messages about submissions to due rows
//! - [`hints`]: messages from webhooks; what is known already ends here
//! - [`worker`]: due rows to calls
//! - [`remote`]: ClickUp: the budget, outages, the list's statuses and fields, the search for a marker
//! - [`webhooks`]: our webhooks as rows, their secrets sealed
//! - [`entity`]: the system of record
//! - [`chores`]: periodic work of which there is one: sweep, webhook, repair, pruning
//! - [`account`]: the account that the workers use
//! - [`operations`]: what stands in the way of records, and what people do about it
//! - [`canary`]: whether the way of a change is open
//! - [`setup`]: whether the set-up is right, in plain words
//! - [`answers`]: the gRPC contract
//! - [`app`]: putting it together
//!
//! Several processes may run at once, and each may die at any point: leases end by time, and every step can be done again.

pub mod account;
pub mod answers;
pub mod app;
pub mod canary;
pub mod changes;
pub mod chores;
pub mod config;
pub mod entity;
pub mod hints;
pub mod links;
pub mod mapping;
pub mod operations;
pub mod remote;
pub mod setup;
pub mod webhooks;
pub mod worker;

pub use config::Config;
