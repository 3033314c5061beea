//! Gathers applications that arrive at the same time into one commit.
//!
//! A commit costs the database much more than a row. A few committers share one bounded queue: each takes what is
//! waiting, stores it with one statement and answers everybody. While one commit is under way the next batch is gathered;
//! a second commit begins beside it only when the batch is large or the first takes long. When many come, commits keep
//! their distance, because each costs more than a millisecond of CPU whatever is in it. When nobody waits, an
//! application is a batch of one and waits for nobody. A batch that fails for one bad row is stored one by one, so no
//! application suffers from its neighbours.

use super::{
    accept::{self, Verdict},
    candidate::{Accepted, Candidate},
};
use chrono::SubsecRound as _;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    intake::DUPLICATE_EMAIL,
    submissions::Duplicates,
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::PgPool;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};

/// Most applications in one commit.
pub const MAX_BATCH: usize = 128;
/// A batch of this size does not wait for the commit that is under way.
const LARGE_BATCH: usize = 64;
/// Nor does one that has been gathered for so long.
const GATHER_AT_MOST: Duration = Duration::from_millis(4);
/// After a batch of at least this size, many are coming.
const MANY: usize = 4;
/// While many come, a commit begins this long after the one before, unless its batch is large.
const DISTANCE: Duration = Duration::from_millis(8);
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
    queue: Arc<Mutex<Queue>>,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
    duplicates: Duplicates,
    busy: Arc<Busy>,
}

/// What waits, and what was last taken.
struct Queue {
    waiting: mpsc::Receiver<Waiting>,
    /// When the last commit began, and how many were in it.
    last: Option<(tokio::time::Instant, usize)>,
}

impl Queue {
    /// The time before which the next commit should not begin, if many come.
    fn not_before(&self) -> Option<tokio::time::Instant> {
        self.last
            .filter(|(_, size)| *size >= MANY)
            .map(|(began, _)| began + DISTANCE)
    }
}

/// The commits under way.
#[derive(Default)]
struct Busy {
    commits: AtomicUsize,
    ended: Notify,
}

/// One commit under way; ends with this value, also when the commit panics.
struct UnderWay<'a>(&'a Busy);

impl Busy {
    fn begin(&self) -> UnderWay<'_> {
        self.commits.fetch_add(1, Ordering::AcqRel);
        UnderWay(self)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.commits.fetch_sub(1, Ordering::AcqRel);
        // kept for whoever looks next, so the order of looking and ending does not matter
        self.0.ended.notify_one();
    }
}

/// A queue for `capacity` waiting applications, and what stores them.
#[must_use]
pub fn gatherer(
    capacity: usize,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
    duplicates: Duplicates,
) -> (Gatherer, Committer) {
    let (queue, waiting) = mpsc::channel(capacity);
    let committer = Committer {
        queue: Arc::new(Mutex::new(Queue {
            waiting,
            last: None,
        })),
        pool,
        clock,
        outbox,
        duplicates,
        busy: Arc::default(),
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
            let mut queue = self.queue.lock().await;
            if queue.waiting.recv_many(&mut batch, MAX_BATCH).await == 0 {
                return Ok(());
            }
            self.gather(&mut queue, &mut batch).await;
            queue.last = Some((tokio::time::Instant::now(), batch.len()));
            // counted before the next one may gather, so that it sees this one
            let under_way = self.busy.begin();
            drop(queue);
            self.settle(&mut batch).await;
            drop(under_way);
        }
    }

    /// Lets a batch grow while many come or another commit is under way.
    async fn gather(&self, queue: &mut Queue, batch: &mut Vec<Waiting>) {
        let not_before = queue.not_before();
        let queue = &mut queue.waiting;
        if let Some(time) = not_before {
            while batch.len() < LARGE_BATCH
                && let Ok(Some(more)) = tokio::time::timeout_at(time, queue.recv()).await
            {
                batch.push(more);
            }
        }
        let enough = tokio::time::sleep(GATHER_AT_MOST);
        tokio::pin!(enough);
        while batch.len() < LARGE_BATCH && self.busy.commits.load(Ordering::Acquire) > 0 {
            tokio::select! {
                () = self.busy.ended.notified() => {}
                () = &mut enough => break,
                more = queue.recv() => match more {
                    Some(more) => batch.push(more),
                    None => break,
                },
            }
        }
        // those who are about to hand in may do so: it makes fewer, larger commits
        tokio::task::yield_now().await;
        while batch.len() < MAX_BATCH
            && let Ok(more) = queue.try_recv()
        {
            batch.push(more);
        }
    }

    /// Stores a batch and answers everybody in it.
    async fn settle(&self, batch: &mut Vec<Waiting>) {
        // nobody waits for these any more
        batch.retain(|waiting| !waiting.answer.is_closed());
        // of two applications with one address the first goes first; the second is judged by what became of it
        let mut places = HashMap::with_capacity(batch.len());
        let (mut first, mut second) = (Vec::with_capacity(batch.len()), Vec::new());
        for waiting in batch.drain(..) {
            match places.entry(waiting.candidate.application.email_address.clone()) {
                Entry::Vacant(free) => {
                    free.insert(first.len());
                    first.push(waiting);
                }
                Entry::Occupied(taken) => second.push((waiting, *taken.get())),
            }
        }
        let judged = self.commit(first).await;
        for (waiting, place) in second {
            if judged[place] && self.duplicates == Duplicates::Reject {
                answer(waiting, Verdict::EmailTaken);
            } else {
                self.commit(vec![waiting]).await;
            }
        }
    }

    /// Stores a batch of different addresses; says for each whether there was a verdict, and not a failure.
    async fn commit(&self, batch: Vec<Waiting>) -> Vec<bool> {
        if batch.is_empty() {
            return Vec::new();
        }
        let error = match self.store(&batch).await {
            Ok(verdicts) => return answer_all(batch, verdicts),
            Err(error) => error,
        };
        if batch.len() == 1 || matches!(error, StoreError::Unavailable(_)) {
            return fail(batch, error);
        }
        metrics::counter!("keylight_intake_split_batches_total").increment(1);
        tracing::warn!(applications = batch.len(), error = %error, "batch failed, storing one by one");
        let mut judged = Vec::with_capacity(batch.len());
        for waiting in batch {
            match self.store(std::slice::from_ref(&waiting)).await {
                Ok(verdicts) => judged.extend(answer_all(vec![waiting], verdicts)),
                Err(error) => judged.extend(fail(vec![waiting], error)),
            }
        }
        judged
    }

    async fn store(&self, batch: &[Waiting]) -> Result<Vec<Verdict>, StoreError> {
        let began = Instant::now();
        let candidates: Vec<&Candidate> = batch.iter().map(|waiting| &waiting.candidate).collect();
        let mut connection = self.pool.acquire().await?;
        // the database keeps microseconds, and the answer should say what is stored
        let at = self.clock.now().trunc_subsecs(6);
        let work = accept::accept(
            &mut connection,
            &candidates,
            at,
            self.outbox.origin,
            self.duplicates,
        );
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

fn answer(waiting: Waiting, verdict: Verdict) {
    let answer = match verdict {
        Verdict::Accepted(accepted) => Ok(accepted),
        Verdict::EmailTaken => Err(DomainError::invalid(DUPLICATE_EMAIL)),
    };
    // who does not wait any more will find the submission when asking again
    let _ = waiting.answer.send(answer);
}

fn answer_all(batch: Vec<Waiting>, verdicts: Vec<Verdict>) -> Vec<bool> {
    let judged = vec![true; batch.len()];
    for (waiting, verdict) in batch.into_iter().zip(verdicts) {
        answer(waiting, verdict);
    }
    judged
}

fn fail(batch: Vec<Waiting>, error: StoreError) -> Vec<bool> {
    let judged = vec![false; batch.len()];
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
    judged
}
