//! From commit to task in ClickUp.

use crate::{System, load, relay};
use serde_json::Value;
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

/// Applications per second: well below what the raised limit of the simulator allows, as on a busy day.
const RATE: f64 = 25.0;

pub async fn run(system: &System) -> anyhow::Result<()> {
    let pool = PgPool::connect(&system.database_url).await?;
    let client = reqwest::Client::new();
    client
        .post(format!("http://{}/_sim/rate_limit", system.sim))
        .json(&serde_json::json!({ "limit": 10_000 }))
        .send()
        .await?
        .error_for_status()?;
    let numbers = Arc::new(AtomicU64::new(0));
    // the workers learn the new limit from the first answers
    load::post(
        &system.http,
        "/api/submissions",
        2,
        Duration::from_secs(2),
        Some(5.0),
        load::application,
        &numbers,
    )
    .await?;
    wait_until_synced(&pool).await?;
    let from: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM entity.submissions")
        .fetch_one(&pool)
        .await?;
    let duration = system.round() * 3;
    let round = load::post(
        &system.http,
        "/api/submissions",
        16,
        duration,
        Some(RATE),
        load::application,
        &numbers,
    )
    .await?;
    wait_until_synced(&pool).await?;

    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT clickup_task_id, (extract(epoch FROM created_at) * 1000)::bigint FROM entity.submissions \
         WHERE id > $1 AND clickup_task_id IS NOT NULL AND email_address LIKE $2",
    )
    .bind(from)
    .bind(format!("bench-{}-%", std::process::id()))
    .fetch_all(&pool)
    .await?;
    let tasks = created_times(&client, &system.sim).await?;
    let mut delays: Vec<i64> = rows
        .iter()
        .filter_map(|(task, at)| Some(tasks.get(task)? - at))
        .collect();
    delays.sort_unstable();
    let at = |share: f64| {
        delays
            .get(((delays.len().max(1) - 1) as f64 * share).round() as usize)
            .copied()
            .unwrap_or(-1)
    };
    println!(
        "\n# pipeline: {} applications at {RATE}/s, rate limit 10,000 a minute",
        round.ok
    );
    println!(
        "start of the transaction to task in the simulator: p50 {} ms  p95 {} ms  p99 {} ms  max {} ms  (tasks found: {})",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
        delays.len()
    );
    anyhow::ensure!(
        delays.len() as u64 == round.ok,
        "{} applications but {} tasks",
        round.ok,
        delays.len()
    );
    relay::run(system).await
}

async fn wait_until_synced(pool: &PgPool) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let pending: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM entity.submissions WHERE sync_state <> 'synced'",
        )
        .fetch_one(pool)
        .await?;
        if pending == 0 {
            return Ok(());
        }
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(120),
            "{pending} applications without a task after two minutes"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn created_times(
    client: &reqwest::Client,
    sim: &str,
) -> anyhow::Result<HashMap<String, i64>> {
    let body: Value = client
        .get(format!("http://{sim}/_sim/tasks"))
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    let tasks = body
        .get("tasks")
        .and_then(Value::as_array)
        .or_else(|| body.as_array())
        .cloned()
        .unwrap_or_default();
    Ok(tasks
        .iter()
        .filter_map(|task| {
            let created = task.get("date_created")?;
            let created = created
                .as_i64()
                .or_else(|| created.as_str()?.parse().ok())?;
            Some((task.get("id")?.as_str()?.to_owned(), created))
        })
        .collect())
}
