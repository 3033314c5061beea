//! The command line against a running `keylight up`, through the built program.
#![allow(missing_docs, clippy::unwrap_used)]

mod access;
mod nothing_in_plain;
mod program;
mod records;
mod sealing;
mod syncing;
