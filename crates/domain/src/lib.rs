//! The rules of the business, pure: no I/O, no clock, no randomness. Services fetch, call these rules, and store.
//!
//! - [`access`]: roles, scopes, passwords, and how long what opens a door counts
//! - [`intake`]: what a complete application is, and the messages for one that is not
//! - [`people`]: names and addresses of people, and who may be the same person
//! - [`submissions`]: the life of an application: statuses, paging of lists
//! - [`projects`]: the life of a project, its people, and what may be set
//! - [`sync`]: how our side and ClickUp's are merged, and what to do next for one record
//! - [`error`]: the small set of error codes that every transport maps once

pub mod access;
pub mod error;
pub mod intake;
pub mod people;
pub mod projects;
pub mod submissions;
pub mod sync;
