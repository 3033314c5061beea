//! Deliveries are kept for a limited time.

use super::ledger;
use chrono::TimeDelta;
use keylight_runtime::clock::Clock;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Between two rounds.
const PERIOD: Duration = Duration::from_secs(600);
/// Deliveries forgotten by one statement, so that none locks much or takes long.
const AT_ONCE: i64 = 1000;
/// Between two statements of one round.
const BREATH: Duration = Duration::from_millis(50);

/// Forgets, in every round, what is older than `retention`.
///
/// # Errors
/// When the database does not answer.
pub async fn run(
    pool: PgPool,
    retention: Duration,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let retention = TimeDelta::from_std(retention).unwrap_or(TimeDelta::MAX);
    while !stopping.is_cancelled() {
        let mut pause = PERIOD;
        // a retention longer than the calendar keeps everything
        if let Some(before) = clock.now().checked_sub_signed(retention) {
            let gone = ledger::forget(&pool, before, AT_ONCE).await?;
            metrics::counter!("keylight_webhook_pruned_total").increment(gone);
            if gone >= AT_ONCE.unsigned_abs() {
                pause = BREATH;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopping.cancelled() => {}
        }
    }
    Ok(())
}
