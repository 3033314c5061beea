//! The REST interface with the system of record and its database behind it, in one process: what needs both, and that
//! the examples of the OpenAPI document work.

#![allow(clippy::unwrap_used)]

mod examples;
mod listing;
mod people;
mod projects;
mod records;
mod repeating;
mod schema;
mod setting_aside;
mod submissions;
mod system;
