//! The reference on the same server: pgbench, committing one-row inserts or running somebody's statements.

use anyhow::Context as _;
use std::{path::PathBuf, time::Duration};
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
    let rate = transactions_per_second(
        database_url,
        clients,
        duration,
        std::slice::from_ref(&script),
        &[],
    )
    .await;
    tokio::fs::remove_file(&script).await?;
    psql(database_url, "DROP TABLE bench_reference").await?;
    rate
}

/// Runs of a script per second, each time one of `scripts` at random, statements prepared. `variables` are known to
/// all of them.
pub async fn transactions_per_second(
    database_url: &str,
    clients: u32,
    duration: Duration,
    scripts: &[PathBuf],
    variables: &[(String, String)],
) -> anyhow::Result<f64> {
    let mut command = Command::new("pgbench");
    command
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={}", duration.as_secs()));
    for (name, value) in variables {
        command.arg(format!("--define={name}={value}"));
    }
    for script in scripts {
        command.arg("--file").arg(script);
    }
    let output = command
        .arg(database_url)
        .output()
        .await
        .context("pgbench did not start; it comes with PostgreSQL")?;
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    // a client whose statement fails stops, and the rest would be too fast
    anyhow::ensure!(
        output.status.success() && !errors.contains("ERROR"),
        "pgbench failed: {errors}"
    );
    text.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .with_context(|| format!("pgbench told no rate: {errors}"))
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
