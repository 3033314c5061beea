//! All of Keylight in one process, and its command line.
//!
//! - [`up`]: the embedded set-up: database, bus, every service and the ClickUp simulator on one machine without servers
//! - [`settings`]: the settings of all services in one place, with what `up` knows better than their defaults
//! - [`cli`]: the command line
//! - [`operator`]: commands that ask the running services for something
//! - [`import_legacy`]: the predecessor's rows
//!
//! The services are the same libraries that run alone elsewhere; nothing here is business.

mod admin_token;
mod cli;
mod data_folder;
mod database;
#[cfg(feature = "embedded")]
mod embedded;
mod import_legacy;
mod operator;
mod parts;
mod running;
mod seal_keys;
mod settings;
mod simulator;
mod up;
mod welcome;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
