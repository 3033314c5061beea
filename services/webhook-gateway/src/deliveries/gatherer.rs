//! Stores what arrives at the same time in one transaction, or with one sync on disk while the database is away, and gives
//! each its own answer.

use super::{
    delivery::Delivery,
    ledger::{Batch, Entry},
    writer::{NotWritten, Writer},
};
use crate::spool::{Spool, queue::Queue};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot, watch},
    task::spawn_blocking,
};
use tokio_util::sync::CancellationToken;

/// Deliveries that may wait for the database. More are refused: ClickUp repeats them.
const WAITING: usize = 4096;
/// Deliveries in one transaction.
const LARGEST_BATCH: usize = 500;
/// Longest time that the database may take; ClickUp waits 7 s for the answer, and what comes meanwhile waits as well.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same where nothing else can be done than to wait.
const PATIENCE_WITHOUT_SPOOL: Duration = Duration::from_secs(4);
/// After the wish to stop, how long to stay for requests in hand.
const LAST_CALL: Duration = Duration::from_secs(4);

/// How it ended for a delivery that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was new.
    Fresh,
    /// It was stored before.
    Repetition,
    /// It is on disk and will be stored.
    Spooled,
}

/// Why a delivery is not kept, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// Too many wait, or the spool is full.
    #[error("too many deliveries wait for the database")]
    Full,
    /// Neither database nor disk take it, or we are stopping.
    #[error("database does not answer")]
    Away,
    /// The database refuses it, and would again.
    #[error("database refuses the delivery")]
    Refused,
}

enum What {
    Signed(Entry),
    /// With its signature.
    Unchecked(Delivery, String),
}

struct Waiting {
    what: What,
    answer: Answer,
    /// Its share of the memory for bodies.
    room: OwnedSemaphorePermit,
}

type Answer = oneshot::Sender<Result<Stored, NotStored>>;

/// Takes deliveries; clones feed the same gatherer.
#[derive(Clone)]
pub struct Intake {
    waiting: mpsc::Sender<Waiting>,
}

/// Stores deliveries until the process stops.
pub struct Gatherer {
    arriving: mpsc::Receiver<Waiting>,
    writer: Writer,
    spool: Option<Arc<Spool>>,
    prepared: watch::Receiver<bool>,
}

/// A gatherer that writes to the ledger once that is `prepared`, and else to the spool if there is one.
#[must_use]
pub fn gatherer(
    writer: Writer,
    spool: Option<Arc<Spool>>,
    prepared: watch::Receiver<bool>,
) -> (Intake, Gatherer) {
    let (waiting, arriving) = mpsc::channel(WAITING);
    (
        Intake { waiting },
        Gatherer {
            arriving,
            writer,
            spool,
            prepared,
        },
    )
}

impl Intake {
    /// Stores a delivery; returns when it is committed or on disk.
    ///
    /// # Errors
    /// When it is not stored, or nobody knows whether it is.
    pub async fn store(
        &self,
        entry: Entry,
        room: OwnedSemaphorePermit,
    ) -> Result<Stored, NotStored> {
        self.hand_over(What::Signed(entry), room).await
    }

    /// Keeps a delivery that nobody can check yet, with its signature; returns when it is on disk.
    ///
    /// # Errors
    /// When it is not kept.
    pub async fn keep_unchecked(
        &self,
        delivery: Delivery,
        signature: String,
        room: OwnedSemaphorePermit,
    ) -> Result<Stored, NotStored> {
        self.hand_over(What::Unchecked(delivery, signature), room)
            .await
    }

    async fn hand_over(&self, what: What, room: OwnedSemaphorePermit) -> Result<Stored, NotStored> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { what, answer, room };
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
            self.keep(arrived.drain(..)).await;
        }
        Ok(())
    }

    async fn keep(&self, arrived: impl Iterator<Item = Waiting>) {
        let (mut entries, mut signed, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
        let (mut unchecked, mut later) = (Vec::new(), Vec::new());
        for Waiting { what, answer, room } in arrived {
            // the sender has gone away: ClickUp will repeat it
            if answer.is_closed() {
                continue;
            }
            rooms.push(room);
            match what {
                What::Signed(entry) => {
                    signed.push((entry.delivery.id, answer));
                    entries.push(entry);
                }
                What::Unchecked(delivery, signature) => {
                    later.push(answer);
                    unchecked.push((delivery, Some(signature)));
                }
            }
        }
        match &self.spool {
            Some(spool) => answer_all(later, on_disk(spool.unchecked.clone(), unchecked).await),
            None => drop(later),
        }
        if !entries.is_empty() {
            self.keep_signed(entries, signed).await;
        }
    }

    async fn keep_signed(&self, entries: Vec<Entry>, answers: Vec<(uuid::Uuid, Answer)>) {
        let batch = Batch::new(entries);
        // nothing overtakes what waits on disk
        let behind = self
            .spool
            .as_ref()
            .is_some_and(|spool| spool.signed.waiting() > 0);
        let mut results = if behind || !*self.prepared.borrow() {
            vec![Err(NotStored::Away); batch.len()]
        } else {
            let patience = match self.spool {
                Some(_) => PATIENCE,
                None => PATIENCE_WITHOUT_SPOOL,
            };
            let written = self.writer.write(&batch, patience).await;
            let answer = |result: Result<Stored, NotWritten>| {
                result.map_err(|error| match error {
                    NotWritten::Away => NotStored::Away,
                    NotWritten::Refused => NotStored::Refused,
                })
            };
            written.into_iter().map(answer).collect()
        };
        if let Some(spool) = &self.spool {
            let away: Vec<usize> = (0..results.len())
                .filter(|at| results[*at] == Err(NotStored::Away))
                .collect();
            let deliveries = away.iter().map(|at| (batch.delivery(*at), None)).collect();
            let kept = on_disk(spool.signed.clone(), deliveries).await;
            for (at, kept) in away.into_iter().zip(kept) {
                results[at] = kept;
            }
        }
        let mut answers: std::collections::HashMap<_, _> = answers.into_iter().collect();
        for (id, result) in batch.ids().iter().zip(results) {
            if let Some(answer) = answers.remove(id) {
                // whoever does not wait any more will be asked again by ClickUp
                let _ = answer.send(result);
            }
        }
    }
}

fn answer_all(answers: Vec<Answer>, results: Vec<Result<Stored, NotStored>>) {
    for (answer, result) in answers.into_iter().zip(results) {
        let _ = answer.send(result);
    }
}

/// Puts deliveries on disk, with one sync for all.
async fn on_disk(
    queue: Arc<Queue>,
    deliveries: Vec<(Delivery, Option<String>)>,
) -> Vec<Result<Stored, NotStored>> {
    let number = deliveries.len();
    if number == 0 {
        return Vec::new();
    }
    let name = queue.name();
    let append = move || {
        queue.append(
            deliveries
                .iter()
                .map(|(delivery, signature)| (delivery, signature.as_deref())),
        )
    };
    match spawn_blocking(append).await {
        Ok(Ok(admitted)) => admitted
            .into_iter()
            .map(|admitted| match admitted {
                true => Ok(Stored::Spooled),
                false => Err(NotStored::Full),
            })
            .collect(),
        Ok(Err(error)) => {
            tracing::error!(spool = name, error = %error, deliveries = number, "deliveries cannot be written to disk, clickup will repeat them");
            vec![Err(NotStored::Away); number]
        }
        Err(panic) => {
            tracing::error!(spool = name, error = %panic, "writing to the spool panicked");
            vec![Err(NotStored::Away); number]
        }
    }
}
