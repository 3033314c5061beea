//! How a job gives its link back: at rest, waiting, or failed.

use super::Worker;
use super::job::{Rest, Stop};
use crate::{
    entity::{Report, Submission},
    links::{self, Claim, Ending},
    remote::CallError,
};
use chrono::TimeDelta;
use keylight_domain::sync::backoff::{Failure, retry};
use keylight_domain::sync::decide::Progress;
use keylight_store::error::StoreError;
use uuid::Uuid;

impl Worker {
    pub(super) async fn come_to_rest(
        &self,
        mut claim: Claim,
        hints: Vec<Uuid>,
        blocked: Vec<String>,
        submission: Option<Submission>,
        rest: Rest,
    ) -> Result<(), StoreError> {
        let mut ending = Ending {
            served: true,
            blocked,
            hints,
            ..Ending::default()
        };
        match rest {
            Rest::Settled => {
                "synced".clone_into(&mut claim.state);
                claim.attempts = 0;
            }
            Rest::TaskGone => {
                claim.progress = Progress::TaskGone;
                "failed".clone_into(&mut claim.state);
                ending.failure = Some(("task_gone", "the task was deleted in clickup".to_owned()));
            }
            Rest::Unlinked => {
                claim.progress = Progress::Unlinked;
                "synced".clone_into(&mut claim.state);
            }
            Rest::Until(due_at) => {
                ending.served = false;
                ending.due_at = Some(due_at);
                // the hints are looked at again when the time has come
                ending.hints.clear();
            }
        }
        if ending.served {
            // stale is what these hints and looks have settled
            claim.stale = false;
            if let Some(submission) = &submission
                && !self.report(&mut claim, submission.version).await
            {
                ending.due_at = Some(self.clock.now() + TimeDelta::seconds(2));
            }
            if let (Some(wanted_at), "synced") = (claim.wanted_at, claim.state.as_str()) {
                let waited = (self.clock.now() - wanted_at).to_std().unwrap_or_default();
                metrics::histogram!("keylight_sync_delay_seconds").record(waited.as_secs_f64());
            }
        }
        self.give_back(&claim, &ending).await
    }

    /// Tells the system of record how the link stands, unless it knows; whether it knows now.
    async fn report(&self, claim: &mut Claim, version: i64) -> bool {
        let news = (claim.state.clone(), version);
        if claim.reported.as_ref() == Some(&news) {
            return true;
        }
        let task = claim
            .task_id
            .as_deref()
            .map(|task| (task, claim.task_url.as_deref().unwrap_or("")));
        let report = Report {
            submission_id: claim.submission_id,
            task,
            state: &claim.state,
            version,
        };
        match self.entity.report(report).await {
            Ok(()) => {
                claim.reported = Some(news);
                true
            }
            Err(error) => {
                tracing::warn!(
                    submission_id = claim.submission_id,
                    cause = error.cause,
                    "state is not reported, trying again"
                );
                false
            }
        }
    }

    pub(super) async fn put_back(
        &self,
        mut claim: Claim,
        hints: Vec<Uuid>,
        blocked: Vec<String>,
        stop: Stop,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut ending = Ending {
            blocked,
            ..Ending::default()
        };
        // the hints stay: what they told is not settled
        drop(hints);
        match stop {
            Stop::LeaseLost => return Ok(()),
            Stop::Store(error) => return Err(error),
            Stop::Call(CallError::Store(error)) => return Err(error),
            Stop::Call(CallError::NotNow(until)) => {
                ending.due_at = Some(until.max(now + TimeDelta::milliseconds(20)))
            }
            Stop::OldAnswer => ending.due_at = Some(now + TimeDelta::seconds(2)),
            Stop::Entity(error) => {
                claim.attempts = claim.attempts.saturating_add(1);
                let wait = retry(Failure::Away, attempts(&claim), self.clock.jitter())
                    .after
                    .min(std::time::Duration::from_secs(10));
                ending.due_at = Some(now + TimeDelta::from_std(wait).unwrap_or_default());
                ending.failure = Some(("entity", error.cause.unwrap_or(error.message)));
            }
            Stop::Call(error) => {
                claim.attempts = claim.attempts.saturating_add(1);
                let failure = error.failure().unwrap_or(Failure::Away);
                if failure == Failure::MappingStale {
                    self.remote.distrust_list();
                }
                let again = retry(failure, attempts(&claim), self.clock.jitter());
                let after = match failure {
                    // the budget knows when the window opens, and nobody claims before
                    Failure::RateLimited { .. } => TimeDelta::seconds(1),
                    _ => TimeDelta::from_std(again.after).unwrap_or_default(),
                };
                ending.due_at = Some(now + after);
                ending.failure = Some((error.class(), error.to_string()));
                if again.failed {
                    tracing::warn!(submission_id = claim.submission_id, error = %error, "submission cannot be synchronised");
                    "failed".clone_into(&mut claim.state);
                    let version = self
                        .entity
                        .submission(claim.submission_id)
                        .await
                        .ok()
                        .flatten()
                        .map(|found| found.version);
                    if let Some(version) = version {
                        self.report(&mut claim, version).await;
                    }
                }
            }
        }
        self.give_back(&claim, &ending).await
    }

    async fn give_back(&self, claim: &Claim, ending: &Ending) -> Result<(), StoreError> {
        let now = self.clock.now();
        if !links::finish(&self.pool, claim, ending, now).await? {
            tracing::debug!(
                submission_id = claim.submission_id,
                "lease was lost, another worker goes on"
            );
        } else if ending.due_at.is_none() {
            // a reason may have come up meanwhile; the row tells
            self.wake.notify_one();
        }
        Ok(())
    }
}

fn attempts(claim: &Claim) -> u32 {
    u32::try_from(claim.attempts).unwrap_or(1)
}
