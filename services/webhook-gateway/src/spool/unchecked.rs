//! Judges deliveries that came before any secret was known, as soon as secrets are.

use super::{
    drain::{AT_ONCE, Away, Drain, PAUSES},
    record::Record,
};
use crate::endpoints::keyring::{Judged, Keyring};
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
        let (mut signed, mut undecided) = (Vec::new(), Vec::new());
        for record in front.records() {
            match self.verdict(record).await {
                Verdict::Signed => signed.push(record.delivery.clone().into_entry()),
                Verdict::Not(reason) => dropped(reason, 1),
                Verdict::Later => undecided.push(record.clone()),
            }
        }
        if let Err(away) = self.drain.store(signed, refusals).await? {
            return Ok(Err(away));
        }
        let progress = undecided.len() < front.len();
        let queue = self.drain.spool.unchecked.clone();
        spawn_blocking(move || {
            // to the end, so that a name that nobody knows does not hold up the others
            let again = undecided
                .iter()
                .map(|record| (&record.delivery, record.signature.as_deref()));
            let kept = queue.append(again)?;
            dropped("full", kept.iter().filter(|kept| !**kept).count());
            queue.done(&front, front.len())
        })
        .await??;
        Ok(if progress { Ok(()) } else { Err(Away) })
    }

    async fn verdict(&self, record: &Record) -> Verdict {
        let delivery = &record.delivery;
        // what was signed when it came stands in another folder; without a signature it would be nobody's
        let signature = record.signature.as_deref().unwrap_or_default();
        let (name, body) = (&delivery.webhook, &delivery.body);
        match self.keyring.judge(name, body, signature).await {
            Judged::Signed => Verdict::Signed,
            Judged::Forged => Verdict::Not("forged"),
            // by what was told last, as at the door
            Judged::Unanswered if self.keyring.known(name).is_some() => Verdict::Not("forged"),
            Judged::Unanswered if self.clock.now() - delivery.received_at > PATIENCE => {
                Verdict::Not("unanswered")
            }
            Judged::Unanswered => Verdict::Later,
        }
    }
}

enum Verdict {
    Signed,
    /// Dropped, and why.
    Not(&'static str),
    /// Nobody can tell yet.
    Later,
}

fn dropped(reason: &'static str, number: usize) {
    metrics::counter!("keylight_webhook_spool_dropped_total", "reason" => reason)
        .increment(number as u64);
}
