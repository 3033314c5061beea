//! Reasons to look at the event log: a message, the time, or somebody who asked for a rebuild.

use crate::daily_counts::projector::Projector;
use async_trait::async_trait;
use keylight_messaging::{BatchHandler, Message, Outcome};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// Pauses after a failed look, shortest and longest.
const FAILURE_PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// After a message, look once more: the log shows an event only when all earlier transactions have ended, which may be
/// later than its message.
const SECOND_LOOK: Duration = Duration::from_secs(1);

/// Takes every message as a wake-up, whatever it holds: the rows decide.
pub struct WakeUp {
    /// Told once per batch.
    pub wake: Arc<Notify>,
}

#[async_trait]
impl BatchHandler for WakeUp {
    async fn handle(&self, messages: &[Message]) -> Vec<Outcome> {
        self.wake.notify_one();
        messages.iter().map(|_| Outcome::Done).collect()
    }
}

/// Looks at the event log at once, at every wake-up (and a second later once more) and every `interval`; between two looks lies at least `pause`, so
/// that a flood of messages costs few of them.
///
/// # Errors
/// Never: failures are told and the next look comes later.
pub async fn keep_up(
    projector: Projector,
    wake: Arc<Notify>,
    interval: Duration,
    pause: Duration,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let (mut failures, mut by_message) = (0_u32, true);
    while !stopping.is_cancelled() {
        let began = Instant::now();
        match projector.catch_up().await {
            Ok(()) => {
                if failures > 0 {
                    tracing::info!("event log is counted in again");
                }
                failures = 0;
            }
            Err(error) => {
                metrics::counter!("keylight_projection_failures_total").increment(1);
                if failures == 0 {
                    let error = anyhow::Error::new(error);
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "event log is not counted in, trying again"
                    );
                }
                failures = failures.saturating_add(1);
            }
        }
        let rest = match failures {
            0 => began + pause,
            n => {
                Instant::now()
                    + (FAILURE_PAUSE.0 * 2_u32.saturating_pow((n - 1).min(8))).min(FAILURE_PAUSE.1)
            }
        };
        tokio::select! {
            () = sleep_until(rest) => {}
            () = stopping.cancelled() => break,
        }
        if failures == 0 {
            let longest = if by_message {
                SECOND_LOOK.min(interval)
            } else {
                interval
            };
            tokio::select! {
                // an elapsed time-out is the second or the periodic look
                woken = timeout(longest, wake.notified()) => by_message = woken.is_ok(),
                () = stopping.cancelled() => {}
            }
        }
    }
    Ok(())
}
