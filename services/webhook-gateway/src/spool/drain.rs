//! Puts what waits in the spool into the ledger, oldest first, as soon as the database answers.

use super::{Spool, queue::Queue};
use crate::deliveries::{
    delivery::Delivery,
    ledger::{Batch, Entry},
    writer::{NotWritten, Writer},
};
use chrono::{DateTime, Utc};
use keylight_runtime::clock::Clock;
use std::{sync::Arc, time::Duration};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// Deliveries in one transaction.
pub(super) const AT_ONCE: usize = 500;
/// Pauses between attempts on a database that is away.
pub(super) const PAUSES: (Duration, Duration) =
    (Duration::from_millis(100), Duration::from_secs(2));
/// Longest time that the database may take: nobody waits for an answer here.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the database must refuse everything before that is taken for the deliveries' fault.
const REFUSALS: u32 = 10;
/// How long emptying may go on after the wish to stop, while the database answers.
pub(super) const LAST_CALL: Duration = Duration::from_secs(5);
/// Between two looks at the extent.
const MEASURE_EVERY: Duration = Duration::from_secs(2);

/// What empties the spool.
#[derive(Clone)]
pub struct Drain {
    /// The spool.
    pub spool: Arc<Spool>,
    /// The ledger.
    pub writer: Writer,
}

/// Nothing was done: the database is away.
pub(super) struct Away;

impl Drain {
    /// Empties the signed queue whenever there is something in it. After the wish to stop it goes on while the database
    /// answers, since the folder may go with the container.
    ///
    /// # Errors
    /// When a file cannot be read or removed.
    pub async fn run(self, stopping: CancellationToken) -> anyhow::Result<()> {
        let mut pause = PAUSES.0;
        let mut refusals = 0;
        let last_call = async {
            stopping.cancelled().await;
            tokio::time::sleep(LAST_CALL).await;
        };
        let mut last_call = std::pin::pin!(last_call);
        loop {
            tokio::select! {
                () = self.spool.signed.filled() => {}
                () = stopping.cancelled() => {}
            }
            let round = tokio::select! {
                round = self.round(&mut refusals) => round?,
                () = &mut last_call => return Ok(()),
            };
            match round {
                Ok(0) if stopping.is_cancelled() => return Ok(()),
                Ok(_) => pause = PAUSES.0,
                Err(Away) if stopping.is_cancelled() => return Ok(()),
                Err(Away) => {
                    let _ = tokio::time::timeout(pause, stopping.cancelled()).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    /// Stores what is at the front; tells how many.
    async fn round(&self, refusals: &mut u32) -> anyhow::Result<Result<usize, Away>> {
        let queue = self.spool.signed.clone();
        let read = spawn_blocking(move || {
            let front = queue.read(AT_ONCE)?;
            Ok::<_, std::io::Error>(front.map(|front| {
                let entries: Vec<Entry> = front
                    .records()
                    .map(|record| record.delivery.clone().into_entry())
                    .collect();
                (front, entries)
            }))
        });
        let Some((front, entries)) = read.await?? else {
            return Ok(Ok(0));
        };
        let number = front.len();
        if let Err(away) = self.store(entries, refusals).await? {
            return Ok(Err(away));
        }
        let queue = self.spool.signed.clone();
        spawn_blocking(move || queue.done(&front, number)).await??;
        Ok(Ok(number))
    }

    /// Stores entries. `Ok(Ok(()))` when all of them are in the ledger, or set aside because it refuses them while it
    /// takes others. `refusals` counts how often it refused everything, which rather is the database's fault.
    pub(super) async fn store(
        &self,
        entries: Vec<Entry>,
        refusals: &mut u32,
    ) -> anyhow::Result<Result<(), Away>> {
        if entries.is_empty() {
            return Ok(Ok(()));
        }
        let batch = Batch::new(entries);
        let results = self.writer.write(&batch, PATIENCE).await;
        let of = |wanted: NotWritten| {
            results
                .iter()
                .enumerate()
                .filter_map(move |(at, result)| (*result == Err(wanted)).then_some(at))
        };
        if of(NotWritten::Away).next().is_some() {
            return Ok(Err(Away));
        }
        let refused: Vec<usize> = of(NotWritten::Refused).collect();
        let taken = results.len() - refused.len();
        if !refused.is_empty() {
            *refusals += 1;
            if taken == 0 && *refusals < REFUSALS {
                return Ok(Err(Away));
            }
            let deliveries = refused.into_iter().map(|at| batch.delivery(at)).collect();
            if !self.set_aside(deliveries).await? {
                return Ok(Err(Away));
            }
        }
        *refusals = 0;
        metrics::counter!("keylight_webhook_spool_drained_total").increment(taken as u64);
        Ok(Ok(()))
    }

    /// Keeps what the database refuses where a person can find it; false when there is no room.
    async fn set_aside(&self, deliveries: Vec<Delivery>) -> anyhow::Result<bool> {
        let queue = self.spool.refused.clone();
        let number = deliveries.len();
        let kept = spawn_blocking(move || {
            queue.append(deliveries.iter().map(|delivery| (delivery, None)))
        })
        .await??;
        let all = kept.iter().all(|kept| *kept);
        tracing::error!(
            deliveries = number,
            kept = all,
            "the database refuses deliveries of the spool, they are set aside in its folder refused"
        );
        Ok(all)
    }
}

/// Tells what is in the spool until the process stops.
///
/// # Errors
/// Never.
pub async fn measure(
    spool: Arc<Spool>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    while !stopping.is_cancelled() {
        for queue in spool.queues() {
            tell(queue, clock.now());
        }
        let _ = tokio::time::timeout(MEASURE_EVERY, stopping.cancelled()).await;
    }
    Ok(())
}

fn tell(queue: &Queue, now: DateTime<Utc>) {
    let (bytes, oldest) = queue.extent();
    let age = oldest.map_or(0.0, |oldest| {
        (now - oldest).to_std().unwrap_or_default().as_secs_f64()
    });
    let name = queue.name();
    metrics::gauge!("keylight_webhook_spool_deliveries", "queue" => name)
        .set(queue.waiting() as f64);
    metrics::gauge!("keylight_webhook_spool_bytes", "queue" => name).set(bytes as f64);
    metrics::gauge!("keylight_webhook_spool_oldest_seconds", "queue" => name).set(age);
}
