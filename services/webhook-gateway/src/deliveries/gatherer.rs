//! Stores what arrives at the same time in one transaction, and gives each its own answer.

use super::ledger::{self, Batch, Entry};
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::PgPool;
use std::{collections::HashMap, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Deliveries that may wait for the database. More are refused: ClickUp repeats them.
const WAITING: usize = 4096;
/// Deliveries in one transaction.
const LARGEST_BATCH: usize = 500;
/// Longest time that the database may take; ClickUp waits 7 s for the answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// After the wish to stop, how long to stay for requests in hand.
const LAST_CALL: Duration = Duration::from_secs(4);

/// How it ended for a delivery that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was new.
    Fresh,
    /// It was stored before.
    Repetition,
}

/// Why a delivery is not stored, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// Too many wait.
    #[error("too many deliveries wait for the database")]
    Full,
    /// The database does not answer, or we are stopping.
    #[error("database does not answer")]
    Away,
    /// The database refuses it, and would again.
    #[error("database refuses the delivery")]
    Refused,
}

struct Waiting {
    entry: Entry,
    answer: oneshot::Sender<Result<Stored, NotStored>>,
    /// Its share of the memory for bodies.
    room: OwnedSemaphorePermit,
}

/// Takes deliveries; clones feed the same gatherer.
#[derive(Clone)]
pub struct Intake {
    waiting: mpsc::Sender<Waiting>,
}

/// Stores deliveries until the process stops.
pub struct Gatherer {
    arriving: mpsc::Receiver<Waiting>,
    pool: PgPool,
    outbox: Outbox,
}

/// A gatherer that writes to `pool` and wakes the relay of `outbox`.
#[must_use]
pub fn gatherer(pool: PgPool, outbox: Outbox) -> (Intake, Gatherer) {
    let (waiting, arriving) = mpsc::channel(WAITING);
    (
        Intake { waiting },
        Gatherer {
            arriving,
            pool,
            outbox,
        },
    )
}

impl Intake {
    /// Stores a delivery; returns when it is committed.
    ///
    /// # Errors
    /// When it is not stored, or nobody knows whether it is.
    pub async fn store(
        &self,
        entry: Entry,
        room: OwnedSemaphorePermit,
    ) -> Result<Stored, NotStored> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            entry,
            answer,
            room,
        };
        self.waiting
            .try_send(waiting)
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => NotStored::Full,
                mpsc::error::TrySendError::Closed(_) => NotStored::Away,
            })?;
        answered.await.unwrap_or(Err(NotStored::Away))
    }
}

impl Gatherer {
    /// Works until every [`Intake`] is gone, or nothing more comes after the wish to stop.
    ///
    /// # Errors
    /// Never.
    pub async fn run(mut self, stopping: CancellationToken) -> anyhow::Result<()> {
        let mut arrived = Vec::with_capacity(LARGEST_BATCH);
        loop {
            let number = tokio::select! {
                number = self.arriving.recv_many(&mut arrived, LARGEST_BATCH) => number,
                () = stopping.cancelled(), if !stopping.is_cancelled() => continue,
                () = tokio::time::sleep(LAST_CALL), if stopping.is_cancelled() => break,
            };
            if number == 0 {
                break;
            }
            metrics::histogram!("keylight_webhook_batch_deliveries").record(number as f64);
            self.commit(arrived.drain(..)).await;
        }
        Ok(())
    }

    async fn commit(&self, arrived: impl Iterator<Item = Waiting>) {
        let (mut entries, mut answers, mut rooms) = (Vec::new(), HashMap::new(), Vec::new());
        for Waiting {
            entry,
            answer,
            room,
        } in arrived
        {
            // the sender has gone away: ClickUp will repeat it
            if answer.is_closed() {
                continue;
            }
            answers.insert(entry.id, answer);
            entries.push(entry);
            rooms.push(room);
        }
        let batch = Batch::new(entries);
        let mut fresh = false;
        for (id, result) in self.write(&batch).await {
            fresh |= result == Ok(Stored::Fresh);
            if let Some(answer) = answers.remove(&id) {
                let _ = answer.send(result);
            }
        }
        if fresh {
            self.outbox.wake();
        }
    }

    async fn write(&self, batch: &Batch) -> Vec<(Uuid, Result<Stored, NotStored>)> {
        let all = 0..batch.ids().len();
        match self.write_part(batch, all.clone()).await {
            // something in one of them: the others must not suffer
            Err(NotStored::Refused) if all.len() > 1 => {
                let mut results = Vec::with_capacity(all.len());
                for one in all {
                    let result = self.write_part(batch, one..one + 1).await;
                    results.push((batch.ids()[one], result.map(|stored| stored[0])));
                }
                results
            }
            Ok(stored) => batch
                .ids()
                .iter()
                .copied()
                .zip(stored.into_iter().map(Ok))
                .collect(),
            Err(error) => batch.ids().iter().map(|id| (*id, Err(error))).collect(),
        }
    }

    async fn write_part(
        &self,
        batch: &Batch,
        part: std::ops::Range<usize>,
    ) -> Result<Vec<Stored>, NotStored> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        let ids = &batch.ids()[part.clone()];
        let mut written = timeout(
            PATIENCE,
            ledger::store(&self.pool, self.outbox.origin, batch, part.clone()),
        )
        .await;
        if let Ok(Err(StoreError::Contention(_))) = written {
            written = timeout(
                PATIENCE,
                ledger::store(&self.pool, self.outbox.origin, batch, part),
            )
            .await;
        }
        let error = match written {
            Ok(Ok(fresh)) => {
                let stored = |id| {
                    if fresh.contains(id) {
                        Stored::Fresh
                    } else {
                        Stored::Repetition
                    }
                };
                return Ok(ids.iter().map(stored).collect());
            }
            Ok(Err(error)) => error,
            Err(_) => StoreError::Unavailable("no answer in time".to_owned()),
        };
        if error.is_retryable() {
            tracing::warn!(deliveries = ids.len(), error = %error, "deliveries are not stored, clickup will repeat them");
            Err(NotStored::Away)
        } else {
            if ids.len() == 1 {
                tracing::error!(error = %error, "delivery cannot be stored");
            }
            Err(NotStored::Refused)
        }
    }
}
