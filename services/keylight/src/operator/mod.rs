//! Commands that ask the running services for something.
//!
//! - [`connection`]: finds the services, wherever they run
//! - [`staff`], [`token`]: who may come in
//! - [`records`]: whether the records fit together
//! - [`clickup`]: the account at ClickUp
//! - [`doctor`]: what is wrong with the set-up
//! - [`seal`]: keys of sealed secrets
//! - [`sync`]: how records stand with ClickUp
//! - [`password`], [`table`]: what is read from and shown to people
//!
//! To add a command: an arm in [`cli`](crate::cli), and a function that takes a [`Connection`] and is handed to [`run`].

pub(crate) mod clickup;
pub(crate) mod connection;
pub(crate) mod doctor;
mod password;
pub(crate) mod records;
pub(crate) mod seal;
pub(crate) mod staff;
pub(crate) mod sync;
mod table;
pub(crate) mod token;

pub(crate) use connection::Connection;

use crate::settings;
use keylight_runtime::{process::checked, tls};
use std::{future::Future, process::ExitCode};

/// Finds the services, runs a command with them, and tells on the error stream why it failed.
///
/// The exit code is 0, 1 for a failure, 64 for wrong settings.
pub(crate) fn run<F, Fut>(command: F) -> ExitCode
where
    F: FnOnce(Connection) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    tls::install();
    let connection = match Connection::find(settings::environment()) {
        Ok(connection) => connection,
        Err(connection::Lost::Settings(problems)) => return checked(&problems),
        Err(connection::Lost::Nowhere(error)) => return failed(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("cannot start")),
    };
    match runtime.block_on(command(connection)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("keylight: {error:#}");
    ExitCode::FAILURE
}
