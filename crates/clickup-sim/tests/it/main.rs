//! The simulator over HTTP, as a client sees it.
#![allow(clippy::unwrap_used, missing_docs)]

mod attachments;
mod board;
mod contract;
mod errors;
mod examples;
mod faults;
mod fields;
mod options;
mod pages;
mod process;
mod rate;
mod relations;
mod seeding;
mod state_file;
mod support;
mod tasks;
mod time;
mod webhooks;
