//! The physical reference: pgbench committing one-row inserts on the same server.

use anyhow::Context as _;
use std::time::Duration;
use tokio::process::Command;

/// A row of about the size of an application.
const SCRIPT: &str = "\\set n random(1, 1000000000)\nINSERT INTO bench_reference (number, text) VALUES (:n, repeat('x', 300));\n";

/// Commits per second with `clients` clients.
pub async fn commits_per_second(
    database_url: &str,
    clients: u32,
    duration: Duration,
) -> anyhow::Result<f64> {
    let script = std::env::temp_dir().join(format!("keylight-bench-{}.sql", std::process::id()));
    tokio::fs::write(&script, SCRIPT).await?;
    psql(database_url, "CREATE TABLE IF NOT EXISTS bench_reference (id bigserial PRIMARY KEY, number bigint, text text)").await?;
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={}", duration.as_secs()))
        .arg("--file")
        .arg(&script)
        .arg(database_url)
        .output()
        .await
        .context("pgbench did not start; it comes with PostgreSQL")?;
    tokio::fs::remove_file(&script).await?;
    psql(database_url, "DROP TABLE bench_reference").await?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .with_context(|| {
            format!(
                "pgbench told no rate: {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })
}

async fn psql(database_url: &str, sql: &str) -> anyhow::Result<()> {
    let status = Command::new("psql")
        .args(["-q", "-c", sql, database_url])
        .env("PGOPTIONS", "-c client_min_messages=warning")
        .status()
        .await?;
    anyhow::ensure!(status.success(), "psql failed");
    Ok(())
}
