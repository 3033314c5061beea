//! Periodic work of which there must be one at a time: whoever holds the lease of a chore does it. The next process takes
//! over when the lease has ended.

mod held;
mod lease;
mod prune;
mod repair;
mod sweep;
mod webhook;

pub use repair::Repair;
pub use sweep::Sweep;
pub use webhook::{WEBHOOK_NAME, WebhookKeeper};

use crate::config::CallLogKept;
use chrono::{DateTime, Utc};
use keylight_runtime::{clock::Clock, lifecycle::Lifecycle};
use lease::Held;
use sqlx::PgPool;
use std::{future::Future, sync::Arc, time::Duration};
use uuid::Uuid;

/// What all chores share.
#[derive(Clone)]
pub struct Chores {
    /// The database.
    pub pool: PgPool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names this process.
    pub owner: Uuid,
}

/// One round of a chore.
pub trait Chore: Send + Sync + 'static {
    /// Its name in rows, and of its task.
    const NAME: &'static str;

    /// Does one round, starting at the stored position; gives the new position, and whether the round was complete.
    fn round(
        &self,
        began_at: DateTime<Utc>,
        position: i64,
    ) -> impl Future<Output = anyhow::Result<(i64, bool)>> + Send;

    /// The pause after a round that failed or was not complete.
    fn retry_after(&self) -> Duration {
        Duration::from_secs(1)
    }
}

impl Chores {
    /// Starts a chore that has a round every `interval`.
    pub fn start<C: Chore>(&self, lifecycle: &Lifecycle, chore: C, interval: Duration) {
        let (chores, chore, stopping) = (self.clone(), Arc::new(chore), lifecycle.stopping());
        lifecycle.supervise(C::NAME, move || {
            let (chores, chore, stopping) = (chores.clone(), chore.clone(), stopping.clone());
            async move {
                while !stopping.is_cancelled() {
                    let complete = tokio::select! {
                        complete = chores.one_round(&*chore, interval) => complete?,
                        // a round can be cut anywhere: its position is stored at its end
                        () = stopping.cancelled() => break,
                    };
                    let pause = if complete {
                        interval
                    } else {
                        chore.retry_after().min(interval)
                    };
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = stopping.cancelled() => break,
                    }
                }
                chores.let_go(C::NAME).await;
                Ok(())
            }
        });
    }

    /// One round, if the lease is ours; whether all is well until the next one.
    async fn one_round<C: Chore>(&self, chore: &C, interval: Duration) -> anyhow::Result<bool> {
        let began_at = self.clock.now();
        let lease = began_at + crate::config::delta(interval * 2 + Duration::from_secs(10));
        let Some(Held {
            position,
            last_run_at,
        }) = lease::hold(&self.pool, C::NAME, self.owner, began_at, lease).await?
        else {
            return Ok(true);
        };
        // another holder may just have had its round
        let early =
            last_run_at.is_some_and(|last| began_at - last < crate::config::delta(interval / 2));
        if early {
            return Ok(true);
        }
        match chore.round(began_at, position).await {
            Ok((position, complete)) => {
                let ran_at = complete.then_some(began_at);
                lease::store(&self.pool, C::NAME, self.owner, position, ran_at).await?;
                Ok(complete)
            }
            Err(error) => {
                metrics::counter!("keylight_chore_failures_total", "chore" => C::NAME).increment(1);
                tracing::debug!(
                    chore = C::NAME,
                    error = format!("{error:#}"),
                    "round failed, trying again"
                );
                Ok(false)
            }
        }
    }

    async fn let_go(&self, name: &str) {
        if let Err(error) = lease::let_go(&self.pool, name, self.owner).await {
            tracing::debug!(chore = name, error = %error, "lease is not given back, it will end");
        }
    }

    /// Starts the pruning of what is kept for a while only.
    pub fn start_pruning(&self, lifecycle: &Lifecycle, calls: CallLogKept) {
        self.start(
            lifecycle,
            prune::Prune {
                pool: self.pool.clone(),
                calls,
            },
            Duration::from_secs(60),
        );
    }
}
