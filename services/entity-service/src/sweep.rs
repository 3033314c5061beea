//! Deletes what is kept for a time only: answers to repeated requests, applications that were settled in quarantine.

use crate::{idempotency, submissions::quarantine};
use chrono::{DateTime, Utc};
use keylight_runtime::clock::Clock;
use keylight_store::StoreError;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Between two rounds.
const EVERY: Duration = Duration::from_secs(600);
/// Rows in one statement.
pub const LOT: i64 = 500;
/// Between two statements of a round.
const PAUSE: Duration = Duration::from_millis(50);

/// Sweeps until the process stops.
///
/// # Errors
/// When the database fails; the supervisor begins anew.
pub async fn run(
    pool: PgPool,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    while !stopping.is_cancelled() {
        loop {
            let swept = sweep(&pool, clock.now()).await?;
            if swept < LOT
                || tokio::time::timeout(PAUSE, stopping.cancelled())
                    .await
                    .is_ok()
            {
                break;
            }
        }
        let _ = tokio::time::timeout(EVERY, stopping.cancelled()).await;
    }
    Ok(())
}

/// Deletes at most [`LOT`] rows of each kind whose time is over; says how many of the kind that had most.
///
/// # Errors
/// When the database fails.
pub async fn sweep(pool: &PgPool, now: DateTime<Utc>) -> Result<i64, StoreError> {
    let answers = sqlx::query!(
        "DELETE FROM entity.idempotency_keys WHERE key_digest = ANY (ARRAY(
             SELECT key_digest FROM entity.idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2
             FOR UPDATE SKIP LOCKED))",
        now - idempotency::KEPT,
        LOT,
    )
    .execute(pool)
    .await?
    .rows_affected();
    let settled = sqlx::query!(
        "DELETE FROM entity.quarantined_applications WHERE id = ANY (ARRAY(
             SELECT id FROM entity.quarantined_applications WHERE settled_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now - quarantine::KEPT,
        LOT,
    )
    .execute(pool)
    .await?
    .rows_affected();
    metrics::counter!("keylight_swept_rows_total", "table" => "idempotency_keys")
        .increment(answers);
    metrics::counter!("keylight_swept_rows_total", "table" => "quarantined_applications")
        .increment(settled);
    Ok(i64::try_from(answers.max(settled)).unwrap_or(i64::MAX))
}
