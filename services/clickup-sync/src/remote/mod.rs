//! ClickUp, as the workers use it: every call passes the outage gate and the budget, and is told to both.

mod backlog;
mod budget;
pub mod call_log;
mod list;
mod outage;
mod search;
pub mod snapshot;

pub use list::{Surroundings, field_shape, options};
pub use search::Found;

use crate::config::Account;
use budget::Keeper;
use call_log::{CallLog, Outcome, lane_name};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{Answer, Class, ClickUp, ClickUpError, Options};
use keylight_domain::sync::{
    backoff::Failure,
    budget::{Lane, Window},
};
use keylight_runtime::{clock::Clock, lifecycle::Lifecycle};
use keylight_store::error::StoreError;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use std::{future::Future, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often the backlog is measured.
const MEASURE_EVERY: TimeDelta = TimeDelta::seconds(15);

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It was not made: the budget or an outage says to wait.
    #[error("clickup cannot be called before {0}")]
    NotNow(DateTime<Utc>),
    /// It was made and failed.
    #[error(transparent)]
    Failed(#[from] ClickUpError),
    /// What came back is not enough to go on.
    #[error("{0}")]
    Unclear(&'static str),
    /// Our own database is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CallError {
    /// What the failure means for the next try; `None` when no call was made.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            CallError::NotNow(_) | CallError::Store(_) => None,
            CallError::Unclear(_) => Some(Failure::Away),
            CallError::Failed(error) => Some(match error.class {
                Class::Unreachable | Class::Retry | Class::Unexpected => Failure::Away,
                Class::RateLimited => Failure::RateLimited {
                    retry_after: error.retry_after,
                },
                Class::TokenDead => Failure::TokenDead,
                Class::StatusUnknown | Class::FieldRefused => Failure::MappingStale,
                Class::Gone | Class::Forbidden => Failure::Forbidden,
                Class::PlanLimit => Failure::PlanLimit,
                Class::AlreadyExists | Class::OurFault => Failure::OurFault,
            }),
        }
    }

    /// Short name for rows and metrics.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            CallError::NotNow(_) => "not_now",
            CallError::Failed(error) => error.class.as_str(),
            CallError::Unclear(_) => "unclear",
            CallError::Store(_) => "database",
        }
    }
}

/// How long the books are held open at the end for calls that are still under way.
const CLOSE_BOOKS_WITHIN: Duration = Duration::from_secs(10);

/// For whom a call is made.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The submission.
    pub submission_id: Option<i64>,
    /// From the form to the task and back.
    pub correlation_id: Option<&'a str>,
}

impl Subject<'static> {
    /// For nobody in particular.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            submission_id: None,
            correlation_id: None,
        }
    }
}

/// ClickUp.
pub struct Remote {
    /// The client. Calls go through [`Remote::call`].
    pub client: ClickUp,
    /// How it is reached.
    pub account: Account,
    clock: Arc<dyn Clock>,
    pool: PgPool,
    gate: outage::Gate,
    budget: Keeper,
    cache: list::Cache,
    walk: search::LastWalk,
    log: CallLog,
}

impl Remote {
    /// ClickUp as `account` says.
    ///
    /// # Errors
    /// When address or token cannot be used.
    pub fn new(account: Account, pool: PgPool, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let options = Options {
            timeout: account.call_timeout,
            ..Options::default()
        };
        let client = ClickUp::new(&account.base_url, &account.token, options)?;
        let key = budget::token_key(account.base_url.as_str(), account.token.expose_secret());
        Ok(Self {
            client,
            budget: Keeper::new(pool.clone(), clock.clone(), key),
            account,
            clock,
            pool,
            gate: outage::Gate::default(),
            cache: list::Cache::default(),
            walk: search::LastWalk::default(),
            log: CallLog::default(),
        })
    }

    /// Makes one call when gate and budget allow it. The future is only begun then.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<T>(
        &self,
        lane: Lane,
        subject: Subject<'_>,
        call: impl Future<Output = Result<Answer<T>, ClickUpError>>,
    ) -> Result<T, CallError> {
        self.gate.check().map_err(CallError::NotNow)?;
        self.budget.permit(lane).await?.map_err(CallError::NotNow)?;
        // another call may have found out meanwhile
        self.gate.check().map_err(CallError::NotNow)?;
        self.make(lane, subject, call).await
    }

    /// Makes a call that has its permit, and tells everybody how it went.
    async fn make<T>(
        &self,
        lane: Lane,
        subject: Subject<'_>,
        call: impl Future<Output = Result<Answer<T>, ClickUpError>>,
    ) -> Result<T, CallError> {
        metrics::counter!("keylight_clickup_budget_calls_total", "lane" => lane_name(lane))
            .increment(1);
        let under_way = self.log.begin(&*self.clock, lane, subject);
        let result = call.await;
        let now = self.clock.now();
        let (rate, route, status, error) = match &result {
            Ok(answer) => (answer.rate, answer.route, Some(answer.status), None),
            Err(error) => (error.rate, error.route, error.status, Some(error)),
        };
        match error {
            None => self.gate.answered(),
            Some(error) => self.gate.failed(error, now, self.clock.jitter()),
        }
        under_way.end(Outcome {
            route,
            outcome: error.map_or("ok", |error| error.class.as_str()),
            ecode: error.and_then(|error| error.ecode.clone()),
            status,
            remaining: rate.remaining,
            limit: rate.limit,
        });
        // the answer counts, whether or not the row could be told
        if let Err(error) = self.budget.tell(rate, error).await {
            tracing::warn!(error = %error, "rate budget is not told about a call, it will be with the next");
        }
        Ok(result?.value)
    }

    /// The database in which budget, log and mapping are.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Now, by the clock of all calls.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Stores what is known of the budget and the last calls, for one that nobody keeps the books of.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tell_books(&self) -> Result<(), StoreError> {
        self.budget.tell_rest().await?;
        self.log.store(&self.pool).await
    }

    /// When a lane can next be served, if not now.
    #[must_use]
    pub fn closed_until(&self, lane: Lane) -> Option<DateTime<Utc>> {
        self.gate
            .check()
            .err()
            .or_else(|| self.budget.closed_until(lane))
    }

    /// What is known of the list, however old, without a call.
    #[must_use]
    pub fn known(&self) -> Option<Arc<Surroundings>> {
        self.cache.last()
    }

    /// Has the list read again before it is used next.
    pub fn distrust_list(&self) {
        self.cache.distrust();
    }

    /// The budget's window as this process saw it last.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        self.budget.last_seen()
    }

    /// Probes ClickUp during outages; calls `reopened` after each.
    ///
    /// # Errors
    /// Never.
    pub async fn watch_outages<F, Fut>(
        &self,
        stopping: CancellationToken,
        reopened: F,
    ) -> anyhow::Result<()>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = ()>,
    {
        loop {
            let probe_at = tokio::select! {
                probe_at = self.gate.outage() => probe_at,
                () = stopping.cancelled() => return Ok(()),
            };
            let wait = (probe_at - self.clock.now()).to_std().unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stopping.cancelled() => return Ok(()),
            }
            let permit = self.budget.permit(Lane::Interactive).await;
            match permit {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => {
                    // no permit, no probe: the budget's own time comes first
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    continue;
                }
            }
            let probe = tokio::select! {
                probe = self.make(Lane::Interactive, Subject::none(), self.client.authorized_user()) => probe,
                () = stopping.cancelled() => return Ok(()),
            };
            let there = match &probe {
                Ok(_) => true,
                // an answer that only ClickUp gives
                Err(CallError::Failed(error)) => !matches!(
                    error.class,
                    Class::Unreachable | Class::Retry | Class::TokenDead | Class::Unexpected
                ),
                Err(_) => false,
            };
            if there && self.gate.open() {
                reopened().await;
            }
        }
    }

    /// Waits until the calls that are under way have ended, so that their entries are stored with the rest.
    async fn last_calls(&self) {
        let ended = async {
            while self.log.under_way() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(CLOSE_BOOKS_WITHIN, ended)
            .await
            .is_err()
        {
            tracing::warn!("calls are still under way at the end, the log lacks them");
        }
    }

    /// Starts the upkeep: budget and log are stored about once a second.
    pub fn keep_books(self: &Arc<Self>, lifecycle: &Lifecycle) {
        let (remote, stopping) = (self.clone(), lifecycle.stopping());
        lifecycle.supervise("clickup-books", move || {
            let (remote, stopping) = (remote.clone(), stopping.clone());
            async move {
                let mut measured_at = None;
                loop {
                    let now = remote.clock.now();
                    if measured_at.is_none_or(|at| now - at >= MEASURE_EVERY) {
                        backlog::measure(&remote.pool, now).await?;
                        measured_at = Some(now);
                    }
                    let stop = tokio::time::timeout(Duration::from_secs(1), stopping.cancelled())
                        .await
                        .is_ok();
                    if stop {
                        remote.last_calls().await;
                    }
                    remote.budget.tell_rest().await?;
                    remote.log.store(&remote.pool).await?;
                    if stop {
                        return Ok(());
                    }
                }
            }
        });
    }
}
