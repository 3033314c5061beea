//! An eye on the database, for readiness.

use crate::StoreError;
use keylight_runtime::lifecycle::Latch;
use sqlx::PgPool;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Failed looks in a row before the database counts as away. One may only mean that every connection is busy.
const LOOKS_UNTIL_AWAY: u32 = 3;

/// Sets `latch` by whether the database answers, until `stopping`.
pub async fn watch(pool: &PgPool, latch: &Latch, stopping: &CancellationToken) {
    let mut failures = 0_u32;
    while !stopping.is_cancelled() {
        match sqlx::query("SELECT 1").execute(pool).await {
            Ok(_) => {
                if failures >= LOOKS_UNTIL_AWAY {
                    tracing::info!("database is back");
                }
                failures = 0;
                latch.set(true);
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if failures == LOOKS_UNTIL_AWAY {
                    let error = StoreError::from(error);
                    tracing::warn!(error = %error, "database does not answer");
                    latch.set(false);
                }
            }
        }
        // an end of the wait before the time is the wish to stop, which the loop sees
        let _ = tokio::time::timeout(LOOK_EVERY, stopping.cancelled()).await;
    }
}
