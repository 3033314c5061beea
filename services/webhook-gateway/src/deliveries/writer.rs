//! Writes to the ledger with patience and without letting one bad delivery hurt the others.

use super::{
    gatherer::Stored,
    ledger::{self, Batch},
};
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::PgPool;
use std::{ops::Range, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Why a delivery was not written, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// The database does not answer.
    Away,
    /// The database refuses it, and would again.
    Refused,
}

/// Writes to the ledger and wakes the relay.
#[derive(Clone)]
pub struct Writer {
    /// The database.
    pub pool: PgPool,
    /// Whose relay tells of what is written.
    pub outbox: Outbox,
}

impl Writer {
    /// Writes a batch, within `patience`. The results are in its order.
    pub async fn write(
        &self,
        batch: &Batch,
        patience: Duration,
    ) -> Vec<Result<Stored, NotWritten>> {
        let until = Instant::now() + patience;
        let all = batch.len();
        let results = match self.write_part(batch, 0..all, until).await {
            // something in one of them: the others must not suffer
            Err(NotWritten::Refused) if all > 1 => {
                let mut results = Vec::with_capacity(all);
                for one in 0..all {
                    let result = self.write_part(batch, one..one + 1, until).await;
                    results.push(result.map(|stored| stored[0]));
                }
                results
            }
            Ok(stored) => stored.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); all],
        };
        if results.contains(&Ok(Stored::Fresh)) {
            self.outbox.wake();
        }
        results
    }

    async fn write_part(
        &self,
        batch: &Batch,
        part: Range<usize>,
        until: Instant,
    ) -> Result<Vec<Stored>, NotWritten> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        let ids = &batch.ids()[part.clone()];
        let store = || ledger::store(&self.pool, self.outbox.origin, batch, part.clone());
        let mut written = timeout_at(until, store()).await;
        if let Ok(Err(StoreError::Contention(_))) = written {
            written = timeout_at(until, store()).await;
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
            tracing::warn!(deliveries = ids.len(), error = %error, "the database does not take deliveries");
            Err(NotWritten::Away)
        } else {
            if ids.len() == 1 {
                tracing::error!(error = %error, "the database refuses a delivery");
            }
            Err(NotWritten::Refused)
        }
    }
}
