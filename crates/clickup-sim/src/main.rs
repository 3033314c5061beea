//! The simulator on its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Parser;
use keylight_clickup_sim::{Sim, SimConfig, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// ClickUp simulator: API under /api/v2, control interface under /_sim/, board page at /.
#[derive(Debug, Parser)]
#[command(name = "clickup-sim", version)]
struct Args {
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

    /// Length of the rate window in seconds
    #[arg(long, env = "KEYLIGHT_CLICKUP_SIM_WINDOW_SECS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    window_secs: u64,

    /// File that keeps the workspace over restarts
    #[arg(long, env = "KEYLIGHT_CLICKUP_SIM_STATE", value_name = "FILE")]
    state: Option<PathBuf>,

    /// Seed of all ids and secrets; without it every start has its own
    #[arg(long, env = "KEYLIGHT_CLICKUP_SIM_SEED")]
    seed: Option<u64>,

    /// Refuse webhooks that point at this machine, as the real service does
    #[arg(long, env = "KEYLIGHT_CLICKUP_SIM_REFUSE_LOCAL_WEBHOOKS")]
    refuse_local_webhooks: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clickup-sim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let listener = bind(args.addr).await?;
        let addr = listener.local_addr()?;
        let sim = Sim::new(SimConfig {
            rate_limit: args.rate_limit,
            window: Duration::from_secs(args.window_secs),
            seed: args.seed.unwrap_or_else(fresh_seed),
            allow_local_webhooks: !args.refuse_local_webhooks,
            state: args.state,
            ..SimConfig::default()
        })?;
        println!("ClickUp simulator: API http://{addr}/api, board http://{addr}/");
        let stop = CancellationToken::new();
        tokio::spawn({
            let stop = stop.clone();
            async move {
                ended_by_signal().await;
                stop.cancel();
            }
        });
        serve(listener, sim, stop).await
    })
}

async fn bind(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AddrInUse {
            anyhow::anyhow!(
                "port {} is in use: stop the other program or choose another address with --addr",
                addr.port()
            )
        } else {
            anyhow::anyhow!("cannot listen on {addr} ({error}): choose another address with --addr")
        }
    })
}

/// Ids that no earlier start has used, because a client may remember those.
fn fresh_seed() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_secs() << 20 | u64::from(since.subsec_micros())
}

#[cfg(unix)]
async fn ended_by_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut term) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn ended_by_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
