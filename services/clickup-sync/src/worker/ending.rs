//! How a job gives its link back: at rest, waiting, or failed.

use super::Worker;
use super::job::{Rest, Stop};
use crate::{
    entity::{Report, Submission},
    links::{self, Claim, Ending},
    remote::CallError,
};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::sync::backoff::{Failure, pause};
use keylight_domain::sync::{decide::Progress, trouble};
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
                claim.failing_since = None;
            }
            Rest::TaskGone => {
                claim.progress = Progress::TaskGone;
                "failed".clone_into(&mut claim.state);
                claim.attempts = 0;
                claim.failing_since = None;
                claim.dead_at = Some(self.clock.now());
                ending.failure = Some(("task_gone", "the task was deleted in clickup".to_owned()));
            }
            Rest::Unlinked => {
                claim.progress = Progress::Unlinked;
                "synced".clone_into(&mut claim.state);
                claim.attempts = 0;
                claim.failing_since = None;
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
            // what they told is not settled
            kept_hints: hints,
            ..Ending::default()
        };
        let in_millis = |millis| Some(now + TimeDelta::milliseconds(millis));
        match stop {
            Stop::LeaseLost => return Ok(()),
            Stop::Store(error)
            | Stop::Call(CallError::Store(error))
            | Stop::Surroundings(CallError::Store(error)) => return Err(error),
            Stop::Call(CallError::NotNow(until)) | Stop::Surroundings(CallError::NotNow(until)) => {
                ending.due_at = in_millis(20).max(Some(until));
            }
            Stop::OldAnswer(until) => ending.due_at = Some(until),
            Stop::Entity(error) => {
                let wait = self.count_failure(&mut claim, "entity", Failure::Away);
                ending.due_at = Some(now + wait.min(TimeDelta::seconds(10)));
                ending.failure = Some(("entity", error.cause.unwrap_or(error.message)));
            }
            Stop::Surroundings(error) => {
                let failure = error.failure().unwrap_or(Failure::Away);
                let wait = self.count_failure(&mut claim, error.class(), failure);
                ending.due_at = Some(now + wait);
                ending.failure = Some((error.class(), error.to_string()));
            }
            Stop::Call(error) => {
                let failure = error.failure().unwrap_or(Failure::Away);
                if failure == Failure::MappingStale {
                    self.remote.distrust_list();
                }
                let wait = self.count_failure(&mut claim, error.class(), failure);
                ending.failure = Some((error.class(), error.to_string()));
                if failure.gives_up(attempts(&claim), lasted(&claim, now)) {
                    self.give_up(&mut claim, error.class(), now).await;
                } else {
                    ending.due_at = Some(match failure {
                        // the budget knows when the window opens, and nobody claims before
                        Failure::RateLimited { .. } => now + TimeDelta::seconds(1),
                        _ => now + wait,
                    });
                }
            }
        }
        self.give_back(&claim, &ending).await
    }

    /// Counts one more failure of a kind; the pause before the next try.
    fn count_failure(&self, claim: &mut Claim, class: &str, failure: Failure) -> TimeDelta {
        let goes_on = claim
            .error_class
            .as_deref()
            .is_some_and(|last| trouble::is_alike(last, class));
        if !goes_on {
            claim.attempts = 0;
            claim.failing_since = None;
        }
        claim.attempts = claim.attempts.saturating_add(1);
        claim.failing_since.get_or_insert_with(|| self.clock.now());
        let wait = pause(failure, attempts(claim), self.clock.jitter());
        TimeDelta::from_std(wait).unwrap_or_default()
    }

    /// Makes the link a dead letter and tells the system of record.
    async fn give_up(&self, claim: &mut Claim, class: &'static str, now: DateTime<Utc>) {
        tracing::warn!(
            submission_id = claim.submission_id,
            class,
            attempts = claim.attempts,
            "submission cannot be synchronised and is set aside: see `keylight sync failures`"
        );
        metrics::counter!("keylight_sync_dead_letters_total", "class" => class).increment(1);
        "failed".clone_into(&mut claim.state);
        claim.dead_at = Some(now);
        let version = self
            .entity
            .submission(claim.submission_id)
            .await
            .ok()
            .flatten()
            .map(|found| found.version);
        if let Some(version) = version {
            // when it cannot be told now, the repair does
            self.report(claim, version).await;
        }
    }

    /// After a panic: tried again a few times, then given up.
    pub(super) async fn note_defect(&self, mut claim: Claim) -> Result<(), StoreError> {
        let now = self.clock.now();
        let wait = self.count_failure(&mut claim, "defect", Failure::Defect);
        let given_up = Failure::Defect.gives_up(attempts(&claim), lasted(&claim, now));
        if given_up {
            self.give_up(&mut claim, "defect", now).await;
        }
        links::note_defect(&self.pool, &claim, (!given_up).then(|| now + wait), now).await?;
        Ok(())
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

fn lasted(claim: &Claim, now: DateTime<Utc>) -> std::time::Duration {
    let since = claim.failing_since.unwrap_or(now);
    (now - since).to_std().unwrap_or_default()
}
