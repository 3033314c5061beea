//! The only door for people: public intake, admin REST, staff console. It owns no data: everything is asked of the
//! entity service and of analytics over gRPC, every call with a deadline.
//!
//! # Routes
//! Every path but `/` also answers with a slash at its end; `HEAD` works wherever `GET` does; `OPTIONS` on anything is a
//! preflight. What programs use stands in the OpenAPI document (`docs/openapi.json`), which is made from the handlers; each
//! folder's `routes()` lists its operations with their rules. Beside them there are pages: `/` and `/apply` (the form),
//! `/console`, `/api/docs`, `/assets`.
//!
//! To add an operation: a file with its handler and its description (`#[utoipa::path]`), a line in the folder's `routes()`,
//! and the new document accepted as `tests/door/openapi.rs` says. The modules [`requests`] and [`envelope`] read requests and
//! write answers the way all of them do.

pub mod app;
pub mod config;

mod access;
mod assets;
mod clickup;
mod console;
mod entity;
mod envelope;
mod form;
mod health;
mod info;
mod mapping;
mod openapi;
mod pace;
mod pages;
mod people;
mod projects;
mod quarantine;
mod query;
mod reading;
mod records;
mod requests;
mod staff;
mod submissions;
mod sync;
mod test_db;
mod tokens;
