//! Reading among many submissions over HTTP, beside pgbench with the very statements that the system runs for it.

mod questions;
mod seed;
mod statements;

use crate::{System, cpu, load, median};
use anyhow::Context as _;
use questions::Question;
use serde_json::Value;
use sqlx::PgPool;
use statements::{Scripts, StatementLog};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

/// What this benchmark needs to know.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    system: System,
    /// The token that opens the admin endpoints.
    #[arg(long, env = "KEYLIGHT_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: String,
    /// The file that PostgreSQL writes its log to; the statements are read from it.
    #[arg(long)]
    postgres_log: PathBuf,
    /// Submissions in the database; made when there are fewer.
    #[arg(long, default_value_t = 100_000)]
    rows: i64,
    /// Clients of pgbench, and connections of the load generator for reads.
    #[arg(long, default_value_t = 32)]
    clients: u32,
    /// Only questions whose name has this text in it.
    #[arg(long)]
    only: Option<String>,
}

/// How often a question is asked at least while PostgreSQL tells what it is asked.
const WINDOWS: usize = 15;

/// What was measured for one question.
struct Measured {
    name: &'static str,
    bare: Vec<f64>,
    full: Vec<load::Round>,
    half: load::Round,
    /// CPU milliseconds per answer at full speed, by process.
    cpu: BTreeMap<String, f64>,
    /// CPU milliseconds of PostgreSQL per run of the bare statements.
    bare_cpu: f64,
}

pub async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let system = &arguments.system;
    let pool = PgPool::connect(&system.database_url).await?;
    let ids = seed::seed(&pool, arguments.rows).await?;
    let mut measured = Vec::new();
    let wanted = |question: &Question| {
        let name = arguments.only.as_deref().unwrap_or_default();
        question.name.contains(name)
    };
    for question in questions::all(&ids).into_iter().filter(wanted) {
        measured.push(measure(arguments, &pool, question).await?);
    }
    let (rounds, seconds, clients) = (system.rounds, system.seconds, arguments.clients);
    println!(
        "\n# reads: {} submissions, {clients} connections, {rounds} rounds of {seconds} s, medians\n{:<22}{:>10}{:>10}{:>7}{:>9}{:>9} |{:>9}{:>9}{:>9}{:>8}",
        ids.end() - ids.start() + 1,
        "",
        "answers/s",
        "SQL/s",
        "ratio",
        "p50 ms",
        "p99 ms",
        "at half/s",
        "p50 ms",
        "p99 ms",
        "failed"
    );
    for one in &measured {
        one.print();
    }
    println!("\nCPU milliseconds per answer at full speed; last column: PostgreSQL under pgbench");
    for one in &measured {
        one.print_cpu();
    }
    Ok(())
}

async fn measure(
    arguments: &Arguments,
    pool: &PgPool,
    question: Question,
) -> anyhow::Result<Measured> {
    let scripts = capture(arguments, pool, &question).await?;
    let system = &arguments.system;
    let processes = system.processes();
    let numbers = Arc::new(AtomicU64::new(0));
    let question = Arc::new(question);
    let get = async |rate: Option<f64>, duration: Duration| {
        let pressure = load::Pressure {
            connections: arguments.clients as usize,
            duration,
            rate,
            expect: 200,
        };
        let question = question.clone();
        let path = move |number| question.path(number);
        load::get(
            &system.http,
            &arguments.admin_token,
            pressure,
            path,
            &numbers,
        )
        .await
    };
    let bare_sql = async || {
        let before = cpu::milliseconds(&processes);
        let rate = scripts
            .rate(&system.database_url, arguments.clients, system.round())
            .await?;
        let used = used(&before, &cpu::milliseconds(&processes));
        let runs = rate * system.round().as_secs_f64();
        anyhow::Ok((rate, used.get("postgres").copied().unwrap_or(0.0) / runs))
    };

    get(None, Duration::from_secs(1)).await?;
    let (mut bare, mut full, mut cpus, mut bare_cpus) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..system.rounds {
        // before and after: the machine's mood belongs to both
        for side in 0..2 {
            let (rate, cpu) = bare_sql().await?;
            bare.push(rate);
            bare_cpus.push(cpu);
            if side == 0 {
                let before = cpu::milliseconds(&processes);
                let round = get(None, system.round()).await?;
                cpus.push(used(&before, &cpu::milliseconds(&processes)));
                full.push(round);
            }
        }
    }
    let rate = median(full.iter().map(load::Round::rate));
    let half = get(Some(rate / 2.0), system.round()).await?;
    let cpu = processes
        .keys()
        .map(|name| {
            let each = cpus.iter().zip(&full);
            let per_answer = each.map(|(cpu, round)| cpu[name] / round.ok.max(1) as f64);
            (name.clone(), median(per_answer))
        })
        .collect();
    let measured = Measured {
        name: question.name,
        bare,
        full,
        half,
        cpu,
        bare_cpu: median(bare_cpus),
    };
    measured.print();
    Ok(measured)
}

/// Asks every sample once while PostgreSQL tells what it is asked.
async fn capture(
    arguments: &Arguments,
    pool: &PgPool,
    question: &Question,
) -> anyhow::Result<Scripts> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let ask = async |path: &str| {
        let url = format!("http://{}{path}", arguments.system.http);
        let request = client.get(url).bearer_auth(&arguments.admin_token);
        let answer = request.send().await?.error_for_status()?;
        anyhow::Ok(answer.json::<Value>().await?)
    };
    // what is only done the first time belongs to nobody
    for path in &question.samples {
        let answer = ask(path).await.with_context(|| path.clone())?;
        (question.sound)(&answer).with_context(|| format!("{path}: {answer:.300}"))?;
    }
    let mut log = StatementLog::begin(pool, &arguments.postgres_log).await?;
    let mut windows = Vec::new();
    // few samples are asked again: what others do meanwhile shows by being there now and then
    let again = question.samples.iter().cycle();
    for path in again.take(question.samples.len().max(WINDOWS)) {
        log.skip()?;
        ask(path).await?;
        windows.push(log.read()?);
    }
    log.end().await?;
    let samples = question.samples.len();
    let scripts = Scripts::of(question.name, &windows, samples, question.any_id.as_ref())?;
    println!("\n{}: statements per answer", question.name);
    for sql in scripts.statements() {
        let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        println!("    {}", line.chars().take(220).collect::<String>());
    }
    Ok(scripts)
}

fn used(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let spent =
        |(name, ms): (&String, &f64)| (name.clone(), ms - before.get(name).copied().unwrap_or(0.0));
    after.iter().map(spent).collect()
}

impl Measured {
    fn print(&self) {
        let rate = median(self.full.iter().map(load::Round::rate));
        let bare = median(self.bare.iter().copied());
        println!(
            "{:<22}{rate:>10.0}{bare:>10.0}{:>7.2}{:>9.1}{:>9.1} |{:>9.0}{:>9.1}{:>9.1}{:>8}",
            self.name,
            rate / bare,
            median(self.full.iter().map(|round| round.percentile(0.5))),
            median(self.full.iter().map(|round| round.percentile(0.99))),
            self.half.rate(),
            self.half.percentile(0.5),
            self.half.percentile(0.99),
            self.full.iter().map(|round| round.failed).sum::<u64>() + self.half.failed,
        );
    }

    fn print_cpu(&self) {
        let parts: Vec<String> = self
            .cpu
            .iter()
            .filter(|(_, ms)| **ms >= 0.005)
            .map(|(name, ms)| format!("{name} {ms:.3}"))
            .collect();
        println!(
            "{:<22}{}; {:.3}",
            self.name,
            parts.join(", "),
            self.bare_cpu
        );
    }
}
