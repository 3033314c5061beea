//! The system of record: users, submissions, projects, their audit log and event log, behind gRPC.
//!
//! - [`submissions`]: applications from the moment they are accepted
//! - [`projects`]: what is built for whom
//! - [`access`]: staff accounts, sessions, API tokens
//! - [`records`]: whether all of it fits together, and what was done to it
//! - [`clickup`]: what the sync worker asks and reports
//! - [`people`]: who applied, and what staff do with them
//! - [`journal`]: audit entry, event and outbox row of every change
//! - [`idempotency`]: requests that come twice
//! - [`sweep`]: what is kept for a time only
//! - [`upkeep`]: counts, search and duplicates, brought up to date behind those who write
//! - [`legacy_import`]: the predecessor's rows
//! - [`app`]: puts it together; [`grpc`] is the door
//!
//! No code here needs a second database connection while it holds one: embedded there is only one.

pub mod access;
pub mod app;
pub mod clickup;
pub mod config;
pub mod grpc;
pub mod idempotency;
pub mod journal;
pub mod legacy_import;
pub mod people;
pub mod projects;
pub mod records;
pub mod submissions;
pub mod sweep;
pub mod upkeep;
