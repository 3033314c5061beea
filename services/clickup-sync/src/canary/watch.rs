//! The age of the newest canary, as metric and readiness.

use super::{patience, row};
use chrono::{DateTime, Utc};
use keylight_runtime::{
    clock::Clock,
    lifecycle::{Latch, Lifecycle},
};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps the readiness condition `canary` and the metric, until the process stops.
pub fn watch(lifecycle: &Lifecycle, pool: PgPool, clock: Arc<dyn Clock>, interval: Duration) {
    let latch = lifecycle.latch("canary");
    let stopping = lifecycle.stopping();
    lifecycle.supervise("sync-canary-watch", move || {
        let (pool, clock, latch, stopping) =
            (pool.clone(), clock.clone(), latch.clone(), stopping.clone());
        async move {
            while tokio::time::timeout(EVERY, stopping.cancelled())
                .await
                .is_err()
            {
                look(&pool, &*clock, &latch, interval).await;
            }
            Ok(())
        }
    });
}

async fn look(pool: &PgPool, clock: &dyn Clock, latch: &Latch, interval: Duration) {
    let place = match row::place(pool).await {
        Ok(place) => place,
        Err(error) => {
            tracing::debug!(error = %error, "canary cannot be looked for");
            latch.set(false);
            return;
        }
    };
    let now = clock.now();
    tell("worker", place.passed, now);
    tell("clickup", place.answered_at, now);
    latch.set(
        place
            .passed
            .is_some_and(|passed| now - passed < patience(interval)),
    );
}

/// One that never came through has no age yet.
fn tell(leg: &'static str, newest: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    if let Some(newest) = newest {
        let age = (now - newest).to_std().unwrap_or_default();
        metrics::gauge!("keylight_sync_canary_age_seconds", "leg" => leg).set(age.as_secs_f64());
    }
}
