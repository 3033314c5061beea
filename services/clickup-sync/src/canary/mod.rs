//! A canary goes the way of a change every few seconds: over the bus, through the consumer into a row, from there to a
//! worker, which asks the system of record and ClickUp. How old the newest one is that came through tells whether the way
//! is open, also while no application comes in.
//!
//! - [`row`]: where it is
//! - [`Canary`]: sends it (a chore: one process does)
//! - [`pass`]: what a worker does with it
//! - [`watch`]: its age as metric and readiness
//!
//! The call to ClickUp counts in the rate budget like any other. It may take [`SHARE`] of the limit and no more: with a small
//! limit most canaries end before it. An outage of ClickUp, or a used-up budget, is no reason to take this process out of
//! service, because what it answers others is right all the same; so readiness depends on our own part of the way, and only
//! the metric and the alert on the whole of it. Pauses do not hold the canary: it touches no record.

pub mod row;
mod watch;

pub use watch::watch;

use crate::{chores::Chore, remote::Subject, worker::Worker};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_contracts::events::{CANARY_SENT, CONTENT_TYPE, CloudEvent};
use keylight_domain::sync::budget::Lane;
use keylight_messaging::{Message, MessageBus};
use keylight_runtime::clock::Clock;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};

/// Share of the rate limit that canaries may use.
pub const SHARE: f64 = 0.02;
/// Limit until ClickUp has told one.
const USUAL_LIMIT: u32 = 100;
/// Readiness ends when the newest canary that came through is this many intervals old, and never before [`PATIENCE`].
const INTERVALS: i32 = 6;
/// See [`INTERVALS`].
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// The chore that sends it.
pub struct Canary {
    /// The bus that it is sent over.
    pub bus: Arc<dyn MessageBus>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
}

impl Chore for Canary {
    const NAME: &'static str = "sync-canary";

    async fn round(&self, began_at: DateTime<Utc>, position: i64) -> anyhow::Result<(i64, bool)> {
        let id = self.clock.new_id();
        let event = CloudEvent::new(
            id,
            "/clickup-sync",
            CANARY_SENT,
            "canary".to_owned(),
            began_at,
            id.to_string(),
        );
        let message = Message {
            id,
            topic: CANARY_SENT.to_owned(),
            content_type: CONTENT_TYPE.to_owned(),
            payload: serde_json::to_vec(&event)?.into(),
            traceparent: None,
        };
        for published in self.bus.publish(vec![message]).await {
            published?;
        }
        Ok((position, true))
    }
}

/// How long a call for a canary has to be ago before there may be another.
#[must_use]
pub fn spacing(interval: Duration, limit: Option<u32>) -> TimeDelta {
    let limit = limit.unwrap_or(USUAL_LIMIT).max(1);
    let by_share = Duration::from_secs(60).div_f64(f64::from(limit) * SHARE);
    crate::config::delta(by_share.max(interval))
}

/// Until what age of the newest canary the way counts as open.
#[must_use]
pub fn patience(interval: Duration) -> TimeDelta {
    (crate::config::delta(interval) * INTERVALS).max(PATIENCE)
}

/// Finishes a canary that [`row::take`] gave.
pub(crate) async fn pass(worker: &Worker, taken: row::Taken, interval: Duration) {
    let pool: &PgPool = &worker.pool;
    // no submission has this id: the answer is that there is none
    if let Err(error) = worker.entity.submission(0).await {
        tracing::debug!(error = %error, "canary ends before the system of record");
        return;
    }
    let now = worker.clock.now();
    if let Err(error) = row::passed(pool, taken.sent, now).await {
        tracing::debug!(error = %error, "canary is not noted");
        return;
    }
    let limit = worker.remote.window().map(|window| window.limit);
    let early = taken
        .answered_at
        .is_some_and(|last| now - last < spacing(interval, limit));
    if early {
        return;
    }
    let call = worker.remote.client.authorized_user();
    match worker
        .remote
        .call(Lane::Normal, Subject::none(), call)
        .await
    {
        Ok(_) => {
            if let Err(error) = row::answered(pool, worker.clock.now()).await {
                tracing::debug!(error = %error, "canary is not noted");
            }
        }
        Err(error) => tracing::debug!(error = %error, "canary ends before clickup"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_stay_within_their_share() {
        let often = Duration::from_secs(5);
        assert_eq!(spacing(often, Some(100)), TimeDelta::seconds(30));
        assert_eq!(spacing(often, None), TimeDelta::seconds(30));
        assert_eq!(spacing(often, Some(1000)), TimeDelta::seconds(5));
        assert_eq!(
            spacing(Duration::from_secs(40), Some(100)),
            TimeDelta::seconds(40)
        );
        for limit in [1, 10, 100, 1000, 10_000] {
            let calls = 60_000.0
                / f64::from(
                    u32::try_from(spacing(often, Some(limit)).num_milliseconds()).unwrap_or(1),
                );
            assert!(calls <= f64::from(limit) * SHARE + 1e-6, "{limit}");
        }
    }
}
