//! Applications per second over HTTP, beside pgbench in the same run, with ClickUp up and down.

use crate::{System, cpu, load, median, pgbench, upkeep};
use sqlx::PgPool;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

struct Sample {
    load: load::Round,
    cpu: BTreeMap<String, f64>,
    machine: f64,
    /// CPU milliseconds of programs that are no part of this: they disturb, and one should know.
    others: f64,
    /// CPU milliseconds of ours for what was left for later: counts, search, suggestions of duplicates.
    later: f64,
    /// Seconds after the last answer until outbox, wake-ups and read model had caught up.
    drained: [f64; 3],
    /// How long what was left for later took.
    later_for: Duration,
    /// CPU milliseconds that the host gave to other machines.
    stolen: f64,
}

pub async fn run(system: &System) -> anyhow::Result<()> {
    let numbers = Arc::new(AtomicU64::new(0));
    let pool = PgPool::connect(&system.database_url).await?;
    let sample = async |rate| sample(system, &pool, &numbers, rate).await;
    println!("warming up");
    load::post(
        &system.http,
        PATH,
        system.connections,
        Duration::from_secs(3),
        None,
        load::application,
        &numbers,
    )
    .await?;
    upkeep::done(&pool).await?;
    let (mut reference, mut up, mut down) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=system.rounds {
        reference.push(
            pgbench::commits_per_second(&system.database_url, 16, Duration::from_secs(5)).await?,
        );
        // who comes second meets a larger database and a warmer one: so they take turns
        for outage in [round.is_multiple_of(2), !round.is_multiple_of(2)] {
            clickup(system, !outage).await?;
            if outage { &mut down } else { &mut up }.push(sample(None).await?);
        }
        clickup(system, true).await?;
        reference.push(
            pgbench::commits_per_second(&system.database_url, 16, Duration::from_secs(5)).await?,
        );
        println!(
            "round {round}: pgbench {:.0}/s, intake {:.0}/s, with ClickUp down {:.0}/s",
            median(reference.iter().rev().take(2).copied()),
            up[round - 1].load.rate(),
            down[round - 1].load.rate()
        );
    }
    let pgbench = median(reference.iter().copied());
    let (rate_up, rate_down) = (
        median(up.iter().map(|s| s.load.rate())),
        median(down.iter().map(|s| s.load.rate())),
    );
    let mut half = Vec::new();
    for _ in 0..system.rounds {
        half.push(sample(Some(rate_up / 2.0)).await?);
    }
    println!(
        "\n# intake: POST /api/submissions, {} connections, {} rounds of {} s",
        system.connections, system.rounds, system.seconds
    );
    println!(
        "pgbench, 16 clients                 {pgbench:>9.0} commits/s (min {:.0}, max {:.0})",
        min(&reference),
        max(&reference)
    );
    row("intake, ClickUp up", &up, pgbench);
    row("intake, ClickUp down", &down, pgbench);
    println!(
        "ClickUp down / up                   {:>9.3}",
        rate_down / rate_up
    );
    println!("\nat half of that rate, {:.0}/s", rate_up / 2.0);
    for (round, sample) in half.iter().enumerate() {
        println!(
            "   round {}: p50 {:.1} ms  p95 {:.1} ms  p99 {:.1} ms  failed {}   CPU of strangers {:.0} ms, stolen {:.0} ms",
            round + 1,
            sample.load.percentile(0.5),
            sample.load.percentile(0.95),
            sample.load.percentile(0.99),
            sample.load.failed,
            sample.others,
            sample.stolen
        );
    }
    println!(
        "   median p99                        {:>9.1} ms",
        median(half.iter().map(|s| s.load.percentile(0.99)))
    );
    println!(
        "\nCPU ms per application              {:>9} {:>9} {:>9}",
        "up", "down", "half rate"
    );
    let mut sums = [0.0; 3];
    for name in up[0].cpu.keys() {
        let values = [
            per_application(&up, name),
            per_application(&down, name),
            per_application(&half, name),
        ];
        let counted = is_ours(name);
        if counted {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        }
        let mark = if counted { ' ' } else { '*' };
        println!(
            "  {mark}{name:<32} {:>9.3} {:>9.3} {:>9.3}",
            values[0], values[1], values[2]
        );
    }
    let later = [&up, &down, &half]
        .map(|samples| median(samples.iter().map(|s| s.later / s.load.ok as f64)));
    for (sum, value) in sums.iter_mut().zip(later) {
        *sum += value;
    }
    println!(
        "   search and counts, done later    {:>9.3} {:>9.3} {:>9.3}",
        later[0], later[1], later[2]
    );
    println!(
        "   our processes and PostgreSQL     {:>9.3} {:>9.3} {:>9.3}   (* not in the sum)",
        sums[0], sums[1], sums[2]
    );
    println!(
        "   whole machine, load included     {:>9.3} {:>9.3} {:>9.3}",
        median(up.iter().map(|s| s.machine / s.load.ok as f64)),
        median(down.iter().map(|s| s.machine / s.load.ok as f64)),
        median(half.iter().map(|s| s.machine / s.load.ok as f64))
    );
    let all = || up.iter().chain(&down).chain(&half);
    let worst = |at: usize| max(&all().map(|s| s.drained[at]).collect::<Vec<_>>());
    println!(
        "\nafter the last answer of a round, at worst: outbox empty after {:.1} s, every wake-up in a link row after {:.1} s, analytics caught up after {:.1} s, search and counts after {:.1} s",
        worst(0),
        worst(1),
        worst(2),
        max(&all().map(|s| s.later_for.as_secs_f64()).collect::<Vec<_>>())
    );
    println!("\nresident memory, MB");
    for (name, size) in cpu::resident_mb(&system.processes()) {
        println!("   {name:<32} {size:>9.1}");
    }
    Ok(())
}

const PATH: &str = "/api/submissions";

async fn sample(
    system: &System,
    pool: &PgPool,
    numbers: &Arc<AtomicU64>,
    rate: Option<f64>,
) -> anyhow::Result<Sample> {
    let processes = system.processes();
    let (before, machine) = (cpu::milliseconds(&processes), cpu::machine_ms());
    let (own, stolen) = (cpu::own_ms(), cpu::stolen_ms());
    let connections = system.connections;
    let load = load::post(
        &system.http,
        PATH,
        connections,
        system.round(),
        rate,
        load::application,
        numbers,
    )
    .await?;
    // what the answers left to do belongs to them
    let drained = drained(pool).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (after, machine_after) = (cpu::milliseconds(&processes), cpu::machine_ms());
    let cpu: BTreeMap<String, f64> = after
        .into_iter()
        .map(|(name, ms)| (name.clone(), ms - before.get(&name).copied().unwrap_or(0.0)))
        .collect();
    let machine = machine_after - machine;
    let others = machine - (cpu::own_ms() - own) - cpu.values().sum::<f64>();
    let stolen = cpu::stolen_ms() - stolen;
    // and so does what it left for a quieter moment: nothing else is measured before that is done
    let before = ours(&cpu::milliseconds(&processes));
    let later_for = upkeep::done(pool).await?;
    let later = ours(&cpu::milliseconds(&processes)) - before;
    Ok(Sample {
        later,
        later_for,
        drained,
        load,
        cpu,
        machine,
        others,
        stolen,
    })
}

/// The simulator and the broker are not ours; they are shown, and left out of the sum.
fn is_ours(name: &str) -> bool {
    !matches!(name, "clickup-sim" | "rabbitmq")
}

fn ours(cpu: &BTreeMap<String, f64>) -> f64 {
    cpu.iter()
        .filter(|(name, _)| is_ours(name))
        .map(|(_, ms)| ms)
        .sum()
}

async fn clickup(system: &System, up: bool) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let request = if up {
        client.post(format!("http://{}/_sim/up", system.sim))
    } else {
        client
            .post(format!("http://{}/_sim/down", system.sim))
            .json(&serde_json::json!({ "mode": "refuse" }))
    };
    request.send().await?.error_for_status()?;
    Ok(())
}

/// Seconds until outbox, wake-ups and read model have caught up, each within two minutes.
async fn drained(pool: &PgPool) -> anyhow::Result<[f64; 3]> {
    let began = Instant::now();
    let mut seconds = [f64::NAN; 3];
    while began.elapsed() < Duration::from_secs(120) && seconds.iter().any(|s| s.is_nan()) {
        let outbox: i64 =
            sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM entity.outbox LIMIT 1) o")
                .fetch_one(pool)
                .await?;
        let missing: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM entity.submissions) - (SELECT count(*) FROM sync.links)",
        )
        .fetch_one(pool)
        .await?;
        let uncounted: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM entity.submissions) - (SELECT coalesce(sum(count), 0)::bigint FROM analytics.submissions_daily)",
        )
        .fetch_one(pool)
        .await?;
        for (at, left) in [outbox, missing, uncounted].into_iter().enumerate() {
            if left == 0 && seconds[at].is_nan() {
                seconds[at] = began.elapsed().as_secs_f64();
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(seconds)
}

fn row(name: &str, samples: &[Sample], pgbench: f64) {
    let rate = median(samples.iter().map(|s| s.load.rate()));
    println!(
        "{name:<36}{rate:>9.0} requests/s = {:.3} of pgbench   p50 {:.1} ms  p95 {:.1} ms  p99 {:.1} ms  failed {}",
        rate / pgbench,
        median(samples.iter().map(|s| s.load.percentile(0.5))),
        median(samples.iter().map(|s| s.load.percentile(0.95))),
        median(samples.iter().map(|s| s.load.percentile(0.99))),
        samples.iter().map(|s| s.load.failed).sum::<u64>()
    );
}

fn per_application(samples: &[Sample], name: &str) -> f64 {
    median(samples.iter().map(|s| s.cpu[name] / s.load.ok as f64))
}

fn min(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn max(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
