//! Judges deliveries that came before any secret was known, as soon as secrets are.

use super::{
    drain::{AT_ONCE, Away, Drain, PAUSES},
    queue::Front,
    record::Record,
};
use crate::{
    deliveries::ledger::Entry,
    endpoints::keyring::{Judged, Keyring},
};
use chrono::TimeDelta;
use keylight_runtime::clock::Clock;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// How long a delivery waits for somebody who knows the secret of its name. By then the sweep has found what it tells of.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// What judges unchecked deliveries.
#[derive(Clone)]
pub struct Judge {
    /// Where the good ones go.
    pub drain: Drain,
    /// The secrets.
    pub keyring: Arc<Keyring>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Judge {
    /// Judges whatever comes until the process stops. What is left then waits for the next start.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub async fn run(self, stopping: CancellationToken) -> anyhow::Result<()> {
        let mut pause = PAUSES.0;
        let mut refusals = 0;
        while !stopping.is_cancelled() {
            tokio::select! {
                () = self.drain.spool.unchecked.filled() => {}
                () = stopping.cancelled() => break,
            }
            let round = tokio::select! {
                round = self.round(&mut refusals) => round?,
                () = stopping.cancelled() => break,
            };
            match round {
                Ok(()) => pause = PAUSES.0,
                Err(Away) => {
                    let _ = tokio::time::timeout(pause, stopping.cancelled()).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
        Ok(())
    }

    async fn round(&self, refusals: &mut u32) -> anyhow::Result<Result<(), Away>> {
        let queue = self.drain.spool.unchecked.clone();
        let Some(front) = spawn_blocking(move || queue.read(AT_ONCE)).await?? else {
            return Ok(Ok(()));
        };
        let (signed, judged) = self.judge(&front).await;
        if let Err(away) = self.drain.store(signed, refusals).await? {
            return Ok(Err(away));
        }
        let all = judged == front.len();
        let queue = self.drain.spool.unchecked.clone();
        spawn_blocking(move || queue.done(&front, judged)).await??;
        Ok(if all { Ok(()) } else { Err(Away) })
    }

    /// The signed ones among the first records, up to one that nobody can judge yet, and how many that were.
    async fn judge(&self, front: &Front) -> (Vec<Entry>, usize) {
        let mut signed = Vec::new();
        for (at, record) in front.records().enumerate() {
            match self.verdict(record).await {
                Some("signed") => signed.push(record.delivery.clone().into_entry()),
                Some(other) => {
                    metrics::counter!("keylight_webhook_spool_dropped_total", "reason" => other)
                        .increment(1);
                }
                None => return (signed, at),
            }
        }
        (signed, front.len())
    }

    /// `signed`, or why not; none while nobody knows.
    async fn verdict(&self, record: &Record) -> Option<&'static str> {
        let delivery = &record.delivery;
        // what was signed when it came stands in another folder; without a signature it would be nobody's
        let signature = record.signature.as_deref().unwrap_or_default();
        match self
            .keyring
            .judge(&delivery.webhook, &delivery.body, signature)
            .await
        {
            Judged::Signed => Some("signed"),
            Judged::Forged => Some("forged"),
            Judged::Unanswered if self.clock.now() - delivery.received_at > PATIENCE => {
                Some("unanswered")
            }
            Judged::Unanswered => None,
        }
    }
}
