//! Benchmarks of the distributed set-up on one machine. `scripts/bench` starts everything and calls this.
//!
//! Every figure that depends on the machine stands beside a reference taken in the same run, as a ratio.

mod cpu;
mod intake;
mod load;
mod pgbench;
mod pipeline;
mod reads;
mod relay;
mod upkeep;
mod webhooks;
mod words;

use clap::{Args, Parser, Subcommand};
use std::{collections::BTreeMap, time::Duration};

/// Measures Keylight against goals; prints figures, judges nothing.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// POST /api/submissions beside pgbench, with CPU by process, also while ClickUp is down.
    Intake(System),
    /// From commit to task, and the outbox relay beside a bare publisher.
    Pipeline(System),
    /// Webhooks stored per second beside a bare publisher, and how fast they are answered at half of that.
    Webhooks(webhooks::Arguments),
    /// Lists, counts, searches and single submissions among many, beside pgbench with the same statements.
    Reads(reads::Arguments),
}

/// Where the running system is.
#[derive(Args)]
struct System {
    /// Address of the intake API, host:port.
    #[arg(long)]
    http: String,
    /// Address of the simulator, host:port.
    #[arg(long)]
    sim: String,
    /// The database that the system uses.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// The broker that the system uses.
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    amqp_url: String,
    /// A process of the system, NAME=PID; it stands for its descendants too.
    #[arg(long = "process", value_parser = process)]
    processes: Vec<(String, u32)>,
    /// Seconds of each round of load.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Rounds of each kind; medians are printed.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections of the load generator at full speed.
    #[arg(long, default_value_t = 64)]
    connections: usize,
}

impl System {
    fn round(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn processes(&self) -> BTreeMap<String, u32> {
        self.processes.iter().cloned().collect()
    }
}

fn process(text: &str) -> Result<(String, u32), String> {
    let (name, pid) = text.split_once('=').ok_or("expected NAME=PID")?;
    Ok((
        name.to_owned(),
        pid.parse()
            .map_err(|_| format!("{pid} is not a process id"))?,
    ))
}

/// The middle value; of two, the lower.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values
        .get(values.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    keylight_runtime::tls::install();
    match Arguments::parse().what {
        What::Intake(system) => intake::run(&system).await,
        What::Pipeline(system) => pipeline::run(&system).await,
        What::Webhooks(arguments) => webhooks::run(&arguments).await,
        What::Reads(arguments) => reads::run(&arguments).await,
    }
}
