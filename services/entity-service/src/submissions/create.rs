//! One application that may come twice: with a key, the same request is the same submission.
//!
//! It has a transaction of its own, in which key, effect and answer are stored together; those without a key share
//! theirs with others (see [`super::gatherer`]).

use super::{
    accept::{self, Verdict},
    candidate::{self, Candidate},
};
use crate::{
    idempotency::{self, Begun},
    journal::Caller,
};
use chrono::SubsecRound as _;
use keylight_contracts::v1;
use keylight_domain::{error::DomainError, intake::DUPLICATE_EMAIL, submissions::Duplicates};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Longest wait for a turn; who waits longer is told to come again.
const TURN_WITHIN: Duration = Duration::from_secs(2);

/// Accepts applications with a key, a few at a time: the committers need connections too.
#[derive(Clone)]
pub struct Keyed {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
    duplicates: Duplicates,
    turns: Arc<Semaphore>,
}

impl Keyed {
    /// Takes at most half of the pool's connections.
    #[must_use]
    pub fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        outbox: Outbox,
        duplicates: Duplicates,
    ) -> Self {
        let turns = (pool.options().get_max_connections() / 2).max(1);
        Self {
            pool,
            clock,
            outbox,
            duplicates,
            turns: Arc::new(Semaphore::new(turns as usize)),
        }
    }

    /// Stores the application, or gives the answer of the first time.
    ///
    /// # Errors
    /// `InvalidInput` when its address has applied already, `AlreadyExists` when the key was used for another request,
    /// `Unavailable` when too many wait or the database is away.
    pub async fn submit(
        &self,
        candidate: Candidate,
        caller: &Caller,
    ) -> Result<v1::Submission, DomainError> {
        let _turn = tokio::time::timeout(TURN_WITHIN, self.turns.acquire())
            .await
            .map_err(|_| DomainError::unavailable("no turn for an application with a key"))?
            .map_err(|_| DomainError::unavailable("applications are closed"))?;
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        // the database keeps microseconds, and the answer should say what is stored
        let at = self.clock.now().trunc_subsecs(6);
        let ticket = match idempotency::begin(&mut transaction, caller, at).await? {
            Begun::Done(reply) => return Ok(reply),
            Begun::Fresh(ticket) => ticket,
        };
        let verdicts = accept::accept(
            &mut transaction,
            &[&candidate],
            at,
            self.outbox.origin,
            self.duplicates,
        )
        .await?;
        let Some(Verdict::Accepted(accepted)) = verdicts.first().copied() else {
            return Err(DomainError::invalid(DUPLICATE_EMAIL));
        };
        let reply = candidate::into_submission(candidate.application, accepted);
        ticket
            .finish(&mut transaction, &reply, Some(accepted.user_id))
            .await?;
        transaction.commit().await.map_err(StoreError::from)?;
        self.outbox.wake();
        metrics::counter!("keylight_submissions_created_total").increment(1);
        Ok(reply)
    }
}
