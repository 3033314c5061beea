//! Webhooks stored per second, beside a loop that publishes with confirms on the same broker.

use crate::{System, cpu, load, median, relay};
use anyhow::Context as _;
use bytes::Bytes;
use keylight_clickup::signature;
use keylight_contracts::v1::{GetWebhookRequest, sync_service_client::SyncServiceClient};
use sqlx::PgPool;
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tonic::transport::Endpoint;

/// Applications whose tasks the webhooks tell of.
const TASKS: u64 = 100;
/// Messages of the bare publisher: in flight as many as the load has connections, and one at a time.
const BARE: (usize, usize) = (30_000, 4_000);
/// Name of the webhook that the set-up has.
const NAME: &str = "intake";

/// What to measure, and where it is.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    system: System,
    /// Address of the webhook gateway, host:port.
    #[arg(long)]
    gateway: String,
    /// Where clickup-sync answers gRPC: it knows the webhook's secret.
    #[arg(long, env = "KEYLIGHT_SYNC_URL")]
    sync_url: String,
    /// Token between the services.
    #[arg(long, env = "KEYLIGHT_SERVICE_TOKEN", hide_env_values = true)]
    service_token: String,
}

pub async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let system = &arguments.system;
    let pool = PgPool::connect(&system.database_url).await?;
    let secret = secret(arguments).await?;
    let tasks = tasks(system, &pool).await?;
    let numbers = Arc::new(AtomicU64::new(0));
    let example = body(&tasks, 0).len();
    let round = async |rate| {
        let (tasks, secret) = (tasks.clone(), secret.clone());
        let message = move |number| {
            let body = body(&tasks, number);
            let signature = signature::sign(secret.as_bytes(), body.as_bytes());
            (format!("x-signature: {signature}\r\n"), body)
        };
        let pressure = load::Pressure {
            connections: system.connections,
            duration: system.round(),
            rate,
            expect: 200,
        };
        let path = format!("/webhooks/clickup/{NAME}");
        let before = stored(&pool).await?;
        let used = cpu::milliseconds(&system.processes());
        let round =
            load::post_signed(&arguments.gateway, &path, pressure, message, &numbers).await?;
        let used: Vec<(String, f64)> = cpu::milliseconds(&system.processes())
            .into_iter()
            .map(|(name, ms)| (name.clone(), (ms - used[&name]) / round.ok as f64))
            .collect();
        told(&pool).await?;
        let rows = stored(&pool).await? - before;
        anyhow::ensure!(
            rows >= round.ok as i64,
            "{} were answered but {rows} are stored",
            round.ok
        );
        anyhow::Ok((round, used))
    };
    println!("warming up");
    round(None).await?;
    let payload = Bytes::from(vec![b'x'; example]);
    let (mut window, mut single, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = Vec::new();
    for number in 1..=system.rounds {
        let publish = async |window, messages| {
            relay::bare_publisher(&system.amqp_url, &payload, window, messages).await
        };
        window.push(publish(system.connections, BARE.0).await?);
        single.push(publish(1, BARE.1).await?);
        let (load, used) = round(None).await?;
        println!(
            "round {number}: bare publisher {:.0}/s ({} in flight) and {:.0}/s (one), webhooks {:.0}/s, p50 {:.1} p99 {:.1} ms, failed {}",
            window[number - 1],
            system.connections,
            single[number - 1],
            load.rate(),
            load.percentile(0.5),
            load.percentile(0.99),
            load.failed
        );
        rates.push(load.rate());
        last = used;
    }
    let (window, single, rate) = (median(window), median(single), median(rates));
    println!(
        "\n# webhooks: bodies of {example} bytes, {} connections, {} rounds of {} s",
        system.connections, system.rounds, system.seconds
    );
    println!(
        "bare publisher, {} in flight        {window:>9.0} messages/s",
        system.connections
    );
    println!("bare publisher, one at a time      {single:>9.0} messages/s");
    println!(
        "webhooks stored                    {rate:>9.0}/s = {:.2} and {:.2} of these",
        rate / window,
        rate / single
    );
    println!("CPU ms per webhook: {}", listed(&last));
    println!("\nat half of that rate, {:.0}/s", rate / 2.0);
    let mut tail = Vec::new();
    for number in 1..=system.rounds {
        let (load, used) = round(Some(rate / 2.0)).await?;
        println!(
            "   round {number}: p50 {:.1} ms  p95 {:.1} ms  p99 {:.1} ms  failed {}   CPU ms per webhook: {}",
            load.percentile(0.5),
            load.percentile(0.95),
            load.percentile(0.99),
            load.failed,
            listed(&used)
        );
        tail.push(load.percentile(0.99));
    }
    println!(
        "   median p99                      {:>9.1} ms",
        median(tail)
    );
    Ok(())
}

fn listed(used: &[(String, f64)]) -> String {
    let used: Vec<String> = used
        .iter()
        .filter(|(_, ms)| *ms >= 0.0005)
        .map(|(name, ms)| format!("{name} {ms:.3}"))
        .collect();
    used.join(", ")
}

/// What signs the webhook's bodies.
async fn secret(arguments: &Arguments) -> anyhow::Result<String> {
    let channel = Endpoint::from_shared(arguments.sync_url.clone())?
        .connect()
        .await
        .context("clickup-sync does not answer")?;
    let mut request = tonic::Request::new(GetWebhookRequest {
        name: NAME.to_owned(),
    });
    request.metadata_mut().insert(
        "authorization",
        format!("Bearer {}", arguments.service_token).parse()?,
    );
    let reply = SyncServiceClient::new(channel)
        .get_webhook(request)
        .await?
        .into_inner();
    reply
        .secrets
        .into_iter()
        .next()
        .context("clickup-sync has no webhook of this name yet")
}

/// Ids of tasks that are linked, after some applications.
async fn tasks(system: &System, pool: &PgPool) -> anyhow::Result<Arc<Vec<String>>> {
    reqwest::Client::new()
        .post(format!("http://{}/_sim/rate_limit", system.sim))
        .json(&serde_json::json!({ "limit": 10_000 }))
        .send()
        .await?
        .error_for_status()?;
    let rate = 20.0;
    load::post(
        &system.http,
        "/api/submissions",
        4,
        Duration::from_secs_f64(TASKS as f64 / rate),
        Some(rate),
        load::application,
        &Arc::new(AtomicU64::new(0)),
    )
    .await?;
    let began = Instant::now();
    loop {
        let (tasks, waiting): (Vec<String>, i64) = sqlx::query_as(
            "SELECT coalesce(array_agg(clickup_task_id) FILTER (WHERE clickup_task_id IS NOT NULL), '{}'),
                    count(*) FILTER (WHERE sync_state <> 'synced') FROM entity.submissions",
        )
        .fetch_one(pool)
        .await?;
        if waiting == 0 && !tasks.is_empty() {
            return Ok(Arc::new(tasks));
        }
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(120),
            "{waiting} applications without a task after two minutes"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn stored(pool: &PgPool) -> anyhow::Result<i64> {
    let count = sqlx::query_scalar("SELECT count(*) FROM webhook.deliveries");
    Ok(count.fetch_one(pool).await?)
}

/// Waits until everything that was stored has been published.
async fn told(pool: &PgPool) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let left: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM webhook.outbox)")
            .fetch_one(pool)
            .await?;
        if !left {
            return Ok(());
        }
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(60),
            "the relay has not caught up after a minute"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A change that nobody has told before, of a kind that is none of ours: what happens to it later is not measured here.
fn body(tasks: &[String], number: u64) -> String {
    let run = std::process::id();
    let task = &tasks[(number % tasks.len() as u64) as usize];
    format!(
        r##"{{"event":"taskTimeEstimateUpdated","task_id":"{task}","webhook_id":"7fa3ec74-69a8-4530-a251-8a13730bd204","team_id":"9001001","history_items":[{{"id":"{run}{number:012}","type":1,"date":"1642736652800","field":"time_estimate","parent_id":"162641285","data":{{"time_estimate_string":"1 hour 30 minutes","old_time_estimate_string":null,"rolled_up_time_estimate":5400000,"time_estimate":5400000,"time_estimates_by_user":[{{"userid":183,"user_time_estimate":"5400000","user_rollup_time_estimate":"5400000"}}]}},"source":null,"user":{{"id":183,"username":"Jane Doe","email":"jane@example.com","color":"#7b68ee","initials":"JD","profilePicture":null}},"before":null,"after":"5400000"}}]}}"##
    )
}
