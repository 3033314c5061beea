//! Gathers applications that arrive at the same time into one commit.
//!
//! A commit costs the database much more than a row. A few committers share one bounded queue: each takes what is
//! waiting, stores it with one statement and answers everybody. While all of them are busy, the next batch grows; when
//! nobody waits, an application is a batch of one and waits for nobody. A batch that fails for one bad row is stored one by
//! one, so no application suffers from its neighbours.

use super::{
    accept::{self, Verdict},
    candidate::{Accepted, Candidate},
};
use chrono::SubsecRound as _;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    intake::DUPLICATE_EMAIL,
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::PgPool;
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, mpsc, oneshot};

/// Most applications in one commit.
pub const MAX_BATCH: usize = 128;
/// Longest wait for one commit. The callers have given up by then, and a database that hangs must not hold us.
const COMMIT_DEADLINE: Duration = Duration::from_secs(15);

type Answer = Result<Accepted, DomainError>;

/// One application that waits to be stored.
struct Waiting {
    candidate: Candidate,
    answer: oneshot::Sender<Answer>,
}

/// Where applications are handed in; clones share the queue.
#[derive(Clone)]
pub struct Gatherer {
    queue: mpsc::Sender<Waiting>,
}

/// What the committers work on; clones share the queue.
#[derive(Clone)]
pub struct Committer {
    queue: Arc<Mutex<mpsc::Receiver<Waiting>>>,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
}

/// A queue for `capacity` waiting applications, and what stores them.
#[must_use]
pub fn gatherer(
    capacity: usize,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
) -> (Gatherer, Committer) {
    let (queue, waiting) = mpsc::channel(capacity);
    let committer = Committer {
        queue: Arc::new(Mutex::new(waiting)),
        pool,
        clock,
        outbox,
    };
    (Gatherer { queue }, committer)
}

impl Gatherer {
    /// Hands an application in and waits until it is stored or refused.
    ///
    /// # Errors
    /// `InvalidInput` when its address has applied already, `Unavailable` when too many wait or the database is away.
    pub async fn submit(&self, candidate: Candidate) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.queue.try_send(Waiting { candidate, answer }).is_err() {
            metrics::counter!("keylight_intake_refused_total").increment(1);
            // no cause: under overload a line for each refusal would make it worse
            return Err(busy());
        }
        // the answer is lost only with the committer itself
        answered
            .await
            .unwrap_or_else(|_| Err(DomainError::unavailable("committer went away")))
    }
}

fn busy() -> DomainError {
    DomainError {
        cause: None,
        ..DomainError::unavailable("")
    }
}

impl Committer {
    /// Stores batches until nobody can hand in any more.
    ///
    /// # Errors
    /// Never: a batch that fails is answered as failed.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        loop {
            {
                let mut queue = self.queue.lock().await;
                if queue.recv_many(&mut batch, MAX_BATCH).await == 0 {
                    return Ok(());
                }
                // let those who are about to hand in do so: under load this makes fewer, larger commits
                tokio::task::yield_now().await;
                while batch.len() < MAX_BATCH
                    && let Ok(more) = queue.try_recv()
                {
                    batch.push(more);
                }
            }
            self.settle(&mut batch).await;
        }
    }

    /// Stores a batch and answers everybody in it.
    async fn settle(&self, batch: &mut Vec<Waiting>) {
        // nobody waits for these any more
        batch.retain(|waiting| !waiting.answer.is_closed());
        // of two applications with one address the first wins; the second is judged after it
        let mut seen = HashSet::with_capacity(batch.len());
        let doubled: Vec<bool> = batch
            .iter()
            .map(|waiting| !seen.insert(waiting.candidate.application.email_address.clone()))
            .collect();
        let mut first = Vec::with_capacity(batch.len());
        let mut second = Vec::new();
        for (waiting, doubled) in batch.drain(..).zip(doubled) {
            if doubled {
                second.push(waiting)
            } else {
                first.push(waiting)
            }
        }
        self.commit(first).await;
        for waiting in second {
            self.commit(vec![waiting]).await;
        }
    }

    async fn commit(&self, batch: Vec<Waiting>) {
        if batch.is_empty() {
            return;
        }
        match self.store(&batch).await {
            Ok(verdicts) => answer(batch, verdicts),
            Err(error) if batch.len() > 1 && !matches!(error, StoreError::Unavailable(_)) => {
                metrics::counter!("keylight_intake_split_batches_total").increment(1);
                tracing::warn!(applications = batch.len(), error = %error, "batch failed, storing one by one");
                for waiting in batch {
                    match self.store(std::slice::from_ref(&waiting)).await {
                        Ok(verdicts) => answer(vec![waiting], verdicts),
                        Err(error) => fail(vec![waiting], error),
                    }
                }
            }
            Err(error) => fail(batch, error),
        }
    }

    async fn store(&self, batch: &[Waiting]) -> Result<Vec<Verdict>, StoreError> {
        let began = Instant::now();
        let candidates: Vec<&Candidate> = batch.iter().map(|waiting| &waiting.candidate).collect();
        let mut connection = self.pool.acquire().await?;
        // the database keeps microseconds, and the answer should say what is stored
        let at = self.clock.now().trunc_subsecs(6);
        let work = accept::accept(&mut connection, &candidates, at, self.outbox.origin);
        let Ok(result) = tokio::time::timeout(COMMIT_DEADLINE, work).await else {
            // its state is unknown: not to be used again
            connection.close_on_drop();
            return Err(StoreError::Unavailable(
                "commit did not end in time".to_owned(),
            ));
        };
        drop(connection);
        let verdicts = result?;
        let accepted = verdicts
            .iter()
            .filter(|verdict| matches!(verdict, Verdict::Accepted(_)))
            .count();
        if accepted > 0 {
            self.outbox.wake();
        }
        metrics::histogram!("keylight_intake_commit_seconds").record(began.elapsed().as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
        metrics::histogram!("keylight_intake_batch_applications").record(batch.len() as f64);
        metrics::counter!("keylight_submissions_created_total").increment(accepted as u64);
        Ok(verdicts)
    }
}

fn answer(batch: Vec<Waiting>, verdicts: Vec<Verdict>) {
    for (waiting, verdict) in batch.into_iter().zip(verdicts) {
        let answer = match verdict {
            Verdict::Accepted(accepted) => Ok(accepted),
            Verdict::EmailTaken => Err(DomainError::invalid(DUPLICATE_EMAIL)),
        };
        // who does not wait any more will find the submission when asking again
        let _ = waiting.answer.send(answer);
    }
}

fn fail(batch: Vec<Waiting>, error: StoreError) {
    // told here once, not by each of the callers
    let error = DomainError::from(error);
    let cause = error.cause.clone().unwrap_or_default();
    if error.code == ErrorCode::Internal {
        tracing::error!(
            applications = batch.len(),
            cause,
            "applications could not be stored"
        );
    } else {
        tracing::warn!(
            applications = batch.len(),
            cause,
            "applications could not be stored"
        );
    }
    for waiting in batch {
        let _ = waiting.answer.send(Err(DomainError {
            cause: None,
            ..error.clone()
        }));
    }
}
