//! Due links to calls: one loop that claims, and one short task per claimed link.

mod active;
mod ending;
mod foresee;
mod job;
mod moves;

use crate::{
    canary,
    config::Config,
    entity::Entity,
    links::{self, Claim},
    remote::Remote,
};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::sync::{View, budget::Lane, decide::Settings};
use keylight_runtime::{clock::Clock, trace};
use sqlx::PgPool;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// A link that another process made due is found after this time at the latest.
const POLL: Duration = Duration::from_secs(1);

/// Our change may be written without a look first while a sweep or look was this short ago.
const TRUST: TimeDelta = TimeDelta::seconds(60);

pub use foresee::Foreseen;

/// A task as it was read, and when the reading began.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Its fields.
    pub view: View,
    /// When it changed last, by ClickUp's clock, epoch milliseconds.
    pub updated_ms: Option<i64>,
    /// When it was asked for, by our clock.
    pub read_at: DateTime<Utc>,
}

/// What every job needs. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    pub(crate) pool: PgPool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entity: Entity,
    pub(crate) remote: Arc<Remote>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) settings: Settings,
    lease: TimeDelta,
    concurrency: usize,
    /// between two canaries; zero = none
    canary_interval: Duration,
    claims: Arc<AtomicU64>,
    active: active::Active,
}

impl Worker {
    /// A worker.
    #[must_use]
    pub fn new(
        pool: PgPool,
        clock: Arc<dyn Clock>,
        entity: Entity,
        remote: Arc<Remote>,
        wake: Arc<Notify>,
        config: &Config,
    ) -> Self {
        Self {
            pool,
            clock,
            entity,
            remote,
            wake,
            settings: Settings {
                settle: config.settle,
                trust: TRUST,
            },
            lease: config.lease,
            concurrency: config.concurrency,
            canary_interval: config.canary_interval,
            claims: Arc::default(),
            active: active::Active::default(),
        }
    }

    /// Works until it is asked to stop; what is in hand then is finished.
    ///
    /// # Errors
    /// When the database is away. Links in hand are finished first, as far as that goes.
    pub async fn run(self, stopping: CancellationToken) -> anyhow::Result<()> {
        let mut jobs = JoinSet::new();
        let ended = self.keep_claiming(&mut jobs, &stopping).await;
        while let Some(job) = jobs.join_next().await {
            tell_panic(&job);
        }
        ended
    }

    async fn keep_claiming(
        &self,
        jobs: &mut JoinSet<()>,
        stopping: &CancellationToken,
    ) -> anyhow::Result<()> {
        let mut looked_for_canary = None;
        while !stopping.is_cancelled() {
            self.let_canary_pass(jobs, &mut looked_for_canary).await?;
            while let Some(job) = jobs.try_join_next() {
                tell_panic(&job);
            }
            let free = self.concurrency.saturating_sub(jobs.len());
            let mut pause = POLL;
            if free > 0 {
                let lanes = self.open_lanes();
                let claimed = if lanes.is_empty() {
                    Vec::new()
                } else {
                    self.claim(&lanes, free).await?
                };
                let found = !claimed.is_empty();
                for claim in claimed {
                    let (worker, span) = (self.clone(), span_of(&claim));
                    jobs.spawn(async move { worker.work(claim, None).await }.instrument(span));
                }
                if found {
                    continue;
                }
                pause = self.until_open().min(POLL);
            }
            tokio::select! {
                () = self.wake.notified(), if free > 0 => {}
                Some(job) = jobs.join_next(), if !jobs.is_empty() => { tell_panic(&job); }
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => {}
            }
        }
        Ok(())
    }

    /// About once a second: what waits goes before everything else, so that its age tells of the way and not of the queue.
    async fn let_canary_pass(
        &self,
        jobs: &mut JoinSet<()>,
        looked: &mut Option<Instant>,
    ) -> anyhow::Result<()> {
        let soon = looked.is_some_and(|at| at.elapsed() < POLL);
        if self.canary_interval.is_zero() || soon {
            return Ok(());
        }
        *looked = Some(Instant::now());
        if let Some(taken) = canary::row::take(&self.pool).await? {
            let (worker, interval) = (self.clone(), self.canary_interval);
            jobs.spawn(async move { canary::pass(&worker, taken, interval).await });
        }
        Ok(())
    }

    /// The lanes that may call now. Each of the lower ones comes first now and then, so that a flood in the first does not
    /// hold them up for ever.
    fn open_lanes(&self) -> Vec<Lane> {
        let order = match self.claims.fetch_add(1, Ordering::Relaxed) % 16 {
            15 => [Lane::Bulk, Lane::Interactive, Lane::Normal],
            turn if turn % 4 == 3 => [Lane::Normal, Lane::Interactive, Lane::Bulk],
            _ => [Lane::Interactive, Lane::Normal, Lane::Bulk],
        };
        order
            .into_iter()
            .filter(|lane| self.remote.closed_until(*lane).is_none())
            .collect()
    }

    fn until_open(&self) -> Duration {
        let now = self.clock.now();
        let opens = [Lane::Interactive, Lane::Normal, Lane::Bulk]
            .into_iter()
            .filter_map(|lane| self.remote.closed_until(lane))
            .min();
        opens
            .and_then(|opens| (opens - now).to_std().ok())
            .map_or(POLL, |left| left.max(Duration::from_millis(20)))
    }

    async fn claim(&self, lanes: &[Lane], free: usize) -> anyhow::Result<Vec<Claim>> {
        let now = self.clock.now();
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let claimed = links::claim_due(
            &self.pool,
            now,
            self.clock.new_id(),
            now + self.lease,
            lanes,
            limit,
            &self.remote.account.list_id,
        )
        .await?;
        Ok(claimed)
    }

    /// Takes one link and works on it with a task that was read elsewhere; `false` when somebody has the link or it is paused.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn work_with(&self, submission_id: i64, snapshot: Snapshot) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let lease = self.clock.new_id();
        let list = &self.remote.account.list_id;
        let claim = links::claim_one(
            &self.pool,
            now,
            lease,
            now + self.lease,
            submission_id,
            list,
        )
        .await?;
        let Some(claim) = claim else { return Ok(false) };
        let (worker, span) = (self.clone(), span_of(&claim));
        // on its own, so that a caller that is dropped does not cut it
        let job =
            tokio::spawn(async move { worker.work(claim, Some(snapshot)).await }.instrument(span));
        tell_panic(&job.await);
        Ok(true)
    }

    /// Now, by the clock that all times of links are read from.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn new_id(&self) -> uuid::Uuid {
        self.clock.new_id()
    }

    /// Renews the leases of all jobs under way, until it is asked to stop and the last job is done.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn renew_leases(self, stopping: CancellationToken) -> anyhow::Result<()> {
        let pause = self.lease.to_std().unwrap_or(POLL) / 3;
        while !(stopping.is_cancelled() && self.active.is_empty()) {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled(), if self.active.is_empty() => return Ok(()),
            }
            let leases = self.active.leases();
            if !leases.is_empty() {
                links::renew(&self.pool, &leases, self.clock.now() + self.lease).await?;
            }
        }
        Ok(())
    }
}

fn span_of(claim: &Claim) -> tracing::Span {
    let span = tracing::info_span!(
        "sync",
        otel.kind = "consumer",
        submission_id = claim.submission_id,
        correlation_id = claim.correlation_id.as_deref().unwrap_or("")
    );
    if let Some(cause) = &claim.traceparent {
        // one application is one trace, from the form to the task
        trace::set_parent(&span, cause);
    }
    span
}

/// Tells of a panic; whether it was one.
fn tell_panic<T>(job: &Result<T, tokio::task::JoinError>) -> bool {
    if let Err(error) = job
        && error.is_panic()
    {
        // the lease ends by time, and the link is tried again
        metrics::counter!("keylight_sync_panics_total").increment(1);
        tracing::error!(error = %error, "work on a link panicked");
        return true;
    }
    false
}
