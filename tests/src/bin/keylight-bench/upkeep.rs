//! What the system of record does later with new rows: counts, search, suggestions of duplicates.

use anyhow::ensure;
use sqlx::PgPool;
use std::time::{Duration, Instant};

/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(600);

/// Waits until nothing of it is left, and says how long that took.
pub async fn done(pool: &PgPool) -> anyhow::Result<Duration> {
    let began = Instant::now();
    loop {
        let left: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM entity.submission_deltas)
                  + (SELECT count(*) FROM entity.submission_search_pending)
                  + (SELECT count(*) FROM entity.people_pending)
                  + (SELECT count(*) FROM entity.project_search_pending)",
        )
        .fetch_one(pool)
        .await?;
        if left == 0 {
            return Ok(began.elapsed());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "counts and search have not caught up in ten minutes, {left} rows are left"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
