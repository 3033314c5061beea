//! How much waits for ClickUp, for the metrics.

use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// Counting stops here: a longer queue is simply long, and counting it would cost more than it tells.
const COUNT_UP_TO: i64 = 10_000;

/// Measures the queue of due links.
///
/// # Errors
/// When the database is away.
pub async fn measure(pool: &PgPool, now: DateTime<Utc>) -> Result<(), StoreError> {
    let row = sqlx::query!(
        r#"SELECT
             (SELECT count(*) FROM (SELECT 1 FROM sync.links WHERE due_at IS NOT NULL LIMIT $1) d) AS "backlog!",
             (SELECT min(oldest) FROM unnest(ARRAY[0, 1, 2]::smallint[]) AS lanes (lane),
                LATERAL (SELECT min(due_at) AS oldest FROM sync.links c WHERE c.lane = lanes.lane AND due_at IS NOT NULL) o)
                AS oldest"#,
        COUNT_UP_TO,
    )
    .fetch_one(pool)
    .await?;
    let age = row
        .oldest
        .and_then(|oldest| (now - oldest).to_std().ok())
        .unwrap_or_default();
    metrics::gauge!("keylight_sync_backlog")
        .set(f64::from(u32::try_from(row.backlog).unwrap_or(u32::MAX)));
    metrics::gauge!("keylight_sync_oldest_due_seconds").set(age.as_secs_f64());
    Ok(())
}
