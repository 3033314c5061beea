//! The ClickUp simulator: inside the process when there is no ClickUp token, or alone.

use anyhow::Context as _;
use clap::Args;
use keylight_clickup_sim::{Sim, SimConfig, serve};
use keylight_runtime::{
    config::Reader,
    lifecycle::Lifecycle,
    process::{self, listen},
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::net::TcpListener;

/// Name of the file in the data folder that keeps the simulator's tasks.
const STATE: &str = "clickup-sim.state";

/// The command line of the simulator alone.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Address to listen on
    #[arg(
        long,
        env = "KEYLIGHT_CLICKUP_SIM_ADDR",
        default_value = "127.0.0.1:8090"
    )]
    addr: SocketAddr,
    /// Requests per token and minute
    #[arg(long, env = "KEYLIGHT_CLICKUP_SIM_RATE_LIMIT", default_value_t = 100)]
    rate_limit: u32,
    /// File that keeps the workspace over restarts
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

/// A simulator that keeps its tasks in `state`.
fn simulator(rate_limit: u32, state: Option<PathBuf>) -> anyhow::Result<Sim> {
    // ids that no earlier start has used: links in a database may remember those
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_micros();
    Ok(Sim::new(SimConfig {
        rate_limit,
        seed: u64::try_from(seed).unwrap_or_default(),
        state,
        ..SimConfig::default()
    })?)
}

/// Starts the simulator inside the process; its tasks are kept in the data folder.
///
/// # Errors
/// When the file in the data folder cannot be used.
pub(crate) fn start(
    listener: TcpListener,
    rate_limit: u32,
    folder: &Path,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let sim = simulator(rate_limit, Some(folder.join(STATE)))?;
    lifecycle.spawn("clickup-sim", serve(listener, sim, lifecycle.stopping()));
    Ok(())
}

/// Runs the simulator alone until it is interrupted.
pub(crate) fn run_alone(arguments: Arguments) -> ExitCode {
    let mut reader = Reader::from_process();
    let config = process::Config::read(&mut reader);
    let problems = reader.problems(&[&crate::settings::all_keys()]);
    if !problems.is_empty() {
        return process::checked(&problems);
    }
    process::execute("clickup-sim", &config, |lifecycle| async move {
        let listener = listen(arguments.addr, "KEYLIGHT_CLICKUP_SIM_ADDR").await?;
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
        let sim = simulator(arguments.rate_limit, arguments.state)?;
        lifecycle.spawn("clickup-sim", serve(listener, sim, lifecycle.stopping()));
        println!("ClickUp simulator: API http://{address}/api, board http://{address}/");
        Ok(())
    })
}
