//! Work on one link: decide, do, store, until there is nothing to do or it has to wait.

use super::{Snapshot, Worker, tell_panic};
use crate::{
    entity::Submission,
    hints::{changes_of, hints_for},
    links::Claim,
    operations::pauses,
    remote::{CallError, Subject, Surroundings},
};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::error::DomainError;
use keylight_domain::sync::budget::Lane;
use keylight_domain::sync::decide::{Decision, Link, Ours, Progress, Theirs, decide};
use keylight_domain::sync::hint::{Verdict, judge};
use keylight_domain::sync::mapping::remap;
use keylight_domain::sync::{Field, Mapping, Plan, View, template};
use keylight_store::error::StoreError;
use std::sync::Arc;
use tracing::Instrument as _;
use uuid::Uuid;

/// More steps than any state needs: a defect shows as a failure, not as an endless loop.
const MOST_STEPS: usize = 16;
/// How long a record rests whose list is gone.
const LIST_GONE_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// Why a job stops before there is nothing to do.
pub(super) enum Stop {
    /// A call failed or was not allowed.
    Call(CallError),
    /// What must be known before any record is touched cannot be read: no fault of this one.
    Surroundings(CallError),
    /// The system of record is away.
    Entity(DomainError),
    /// Our database is away.
    Store(StoreError),
    /// The answer was older than what is known: ask again then.
    OldAnswer(DateTime<Utc>),
    /// Somebody else has the link now.
    LeaseLost,
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Stop::Call(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}

/// What is asked of ClickUp in this job.
pub(super) enum Seen {
    Nothing,
    Task(Snapshot),
    Gone,
}

/// The state of one job.
pub(super) struct Job<'a> {
    pub(super) worker: &'a Worker,
    pub(super) claim: Claim,
    pub(super) submission: Option<Submission>,
    pub(super) known: Arc<Surroundings>,
    pub(super) seen: Seen,
    pub(super) blocked: Vec<String>,
    /// fields that ClickUp refused in this job
    pub(super) refused: Vec<String>,
    /// a copy for the calls, so that the claim stays free for changes
    correlation: String,
    hints: Vec<Uuid>,
}

/// How a job came to rest.
pub(super) enum Rest {
    /// Everything is settled.
    Settled,
    /// The task is gone.
    TaskGone,
    /// The submission is gone.
    Unlinked,
    /// Not before this time.
    Until(DateTime<Utc>),
}

impl Worker {
    /// Works on a claimed link and gives it back.
    pub(super) async fn work(&self, claim: Claim, snapshot: Option<Snapshot>) {
        let submission_id = claim.submission_id;
        let _active = self.active.begin(claim.lease);
        let mut claim = claim;
        if claim.dead_at.take().is_some() {
            // somebody asked again: with the patience of the first time
            claim.attempts = 0;
            claim.failing_since = None;
            claim.error_class = None;
        }
        let (worker, taken) = (self.clone(), claim.clone());
        // a task of its own, so that a record that brings our program down takes nobody along
        let job = tokio::spawn(
            async move { worker.work_or_fail(taken, snapshot).await }.in_current_span(),
        )
        .await;
        let panicked = tell_panic(&job);
        let ended = match job {
            Ok(ended) => ended,
            Err(_) if panicked => self.note_defect(claim).await,
            // only when the process ends
            Err(_) => Ok(()),
        };
        if let Err(error) = ended {
            // the lease ends by time
            tracing::warn!(submission_id, error = %error, "link is not given back, its lease will end");
        }
    }

    async fn work_or_fail(
        &self,
        claim: Claim,
        snapshot: Option<Snapshot>,
    ) -> Result<(), StoreError> {
        let submission = match self.entity.submission(claim.submission_id).await {
            Ok(submission) => submission,
            Err(error) => {
                return self
                    .put_back(claim, Vec::new(), Vec::new(), Stop::Entity(error))
                    .await;
            }
        };
        let known = match self.remote.surroundings().await {
            Ok(known) => known,
            Err(error) => {
                return self
                    .put_back(claim, Vec::new(), Vec::new(), Stop::Surroundings(error))
                    .await;
            }
        };
        let job = self.job(claim, submission, known, snapshot);
        self.carry_on(job).await
    }

    /// A job with what is known at its start.
    pub(super) fn job(
        &self,
        claim: Claim,
        submission: Option<Submission>,
        known: Arc<Surroundings>,
        snapshot: Option<Snapshot>,
    ) -> Job<'_> {
        let correlation = claim
            .correlation_id
            .clone()
            .or_else(|| {
                submission
                    .as_ref()
                    .map(|submission| submission.correlation_id.clone())
            })
            .unwrap_or_default();
        Job {
            worker: self,
            submission,
            known,
            // what was read before our last write to the task says nothing
            seen: snapshot
                .filter(|snapshot| {
                    let (view, read_at) = (&snapshot.view, snapshot.read_at);
                    claim.touched_at.is_none_or(|touched| read_at > touched)
                        && claim.base.outdated_until(view, read_at).is_none()
                })
                .map_or(Seen::Nothing, Seen::Task),
            blocked: Vec::new(),
            refused: Vec::new(),
            correlation,
            hints: Vec::new(),
            claim,
        }
    }

    async fn carry_on(&self, mut job: Job<'_>) -> Result<(), StoreError> {
        let rest = job.steps().await;
        let Job {
            mut claim,
            hints,
            blocked,
            submission,
            seen,
            ..
        } = job;
        if matches!(seen, Seen::Task(_)) {
            // what it showed is not settled before the job comes to rest; until then the task has to be read again
            claim.stale = true;
        }
        match rest {
            Ok(rest) => {
                self.come_to_rest(claim, hints, blocked, submission, rest)
                    .await
            }
            Err(stop) => self.put_back(claim, hints, blocked, stop).await,
        }
    }
}

impl Job<'_> {
    async fn steps(&mut self) -> Result<Rest, Stop> {
        self.link_again();
        self.weigh_hints().await?;
        for _ in 0..MOST_STEPS {
            let marker = self.marker();
            let ours = self
                .submission
                .as_ref()
                .map(|submission| self.our_view(submission, &marker));
            self.take_up_mapping(ours.as_ref());
            match self.decide(ours.as_ref()) {
                Decision::Create => match &ours {
                    Some(_) if self.known.mapping.is_gone(self.list()) => {
                        // others go on; a new mapping, or the list's return, ends it
                        self.blocked = vec!["list".to_owned()];
                        return Ok(Rest::Until(self.worker.clock.now() + LIST_GONE_PAUSE));
                    }
                    Some(_) if self.target_is_paused().await? => {
                        return Ok(Rest::Until(self.worker.clock.now()));
                    }
                    Some(ours) => self.create(ours, &marker).await?,
                    None => return Ok(Rest::Unlinked),
                },
                Decision::FindMarker => self.find_marker(&marker).await?,
                Decision::GetRemote => self.look().await?,
                Decision::Move(plan) => self.carry_out(plan).await?,
                Decision::Done(plan) => {
                    self.note_conflicts(&plan);
                    self.claim.base.absorb(&plan.settled);
                    return Ok(if self.claim.progress == Progress::Unlinked {
                        Rest::Unlinked
                    } else {
                        Rest::Settled
                    });
                }
                Decision::WaitUntil(time) => return Ok(Rest::Until(time)),
                Decision::Unlink => return Ok(Rest::Unlinked),
                Decision::TaskGone => return Ok(Rest::TaskGone),
            }
        }
        Err(Stop::Call(CallError::Unclear(
            "the link does not come to rest",
        )))
    }

    /// The list of the task, or the one in which it is to be made.
    pub(super) fn list(&self) -> &str {
        let known = &self.known.mapping;
        match (&self.claim.progress, &self.submission) {
            (Progress::Unborn, Some(submission)) => known.list_for(&submission.record),
            _ => known.list(self.claim.list_id.as_deref()),
        }
    }

    /// Whether the list in which the task is to be made is paused. The claim could not tell, unless the link named that list
    /// already; from now on it does, so it is not claimed again before the pause ends.
    async fn target_is_paused(&mut self) -> Result<bool, Stop> {
        let list = self.list().to_owned();
        if self.claim.list_id.as_ref() == Some(&list) {
            return Ok(false);
        }
        let paused = pauses::list_is_paused(&self.worker.pool, &list).await?;
        if paused {
            self.claim.list_id = Some(list);
        }
        Ok(paused)
    }

    /// The translation for that list.
    pub(super) fn mapping(&self) -> &Mapping {
        self.known.mapping.mapping(Some(self.list()))
    }

    /// A task that was written by an earlier version of the mapping: what is written differently now is settled anew by what
    /// the task shows.
    pub(super) fn take_up_mapping(&mut self, ours: Option<&View>) {
        let version = self.known.mapping.version;
        if self.claim.mapping_version == version {
            return;
        }
        if self.claim.progress == Progress::Linked {
            let list = self.claim.list_id.as_deref();
            let changed = self
                .known
                .mapping
                .changed_since(self.claim.mapping_version, list);
            match (&self.seen, ours) {
                _ if changed.is_empty() => {}
                (Seen::Task(shown), Some(ours)) => {
                    remap::rebase_all(&mut self.claim.base, &changed, ours, &shown.view);
                }
                _ => {
                    self.claim.stale = true;
                    return;
                }
            }
        }
        self.claim.mapping_version = version;
    }

    /// Goes on where a deletion ended that was taken back. What happened to the task meanwhile nobody has followed. A link
    /// without a task was given up before any call, or after a search that found nothing.
    pub(super) fn link_again(&mut self) {
        if self.claim.progress != Progress::Unlinked || self.submission.is_none() {
            return;
        }
        if self.claim.task_id.is_some() {
            self.claim.progress = Progress::Linked;
            self.claim.stale = true;
        } else {
            self.claim.progress = Progress::Unborn;
        }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            submission_id: Some(self.claim.submission_id),
            correlation_id: Some(&self.correlation),
        }
    }

    pub(super) fn correlation(&self) -> &str {
        &self.correlation
    }

    /// The lane of the link, lifted by how long it has waited.
    pub(super) fn lane(&self) -> Lane {
        let since = self.claim.wanted_at.unwrap_or(self.claim.due_at);
        let lane = self
            .claim
            .lane
            .after_waiting(self.worker.clock.now() - since);
        let imported = self.submission.as_ref().is_some_and(|one| one.imported);
        if imported && self.claim.progress != Progress::Linked {
            // years of applications may come at once and wait for hours: what new ones need is not theirs
            return lane.max(Lane::Normal);
        }
        lane
    }

    pub(super) fn marker(&self) -> String {
        self.claim.marker.clone().unwrap_or_else(|| {
            template::marker(self.claim.submission_id, self.worker.clock.new_id())
        })
    }

    pub(super) fn our_view(&self, submission: &Submission, marker: &str) -> View {
        let (base, document) = (&self.claim.base, &self.known.mapping.document);
        let (record, mapping) = (&submission.record, self.mapping());
        template::our_view(record, marker, document, mapping, |field| {
            // the base of a call without an answer only tells what was sent
            let unborn = matches!(
                self.claim.progress,
                Progress::Unborn | Progress::Uncertain { .. }
            );
            field.is_custom()
                && if base.is_empty() || unborn {
                    mapping.offers(field)
                } else {
                    base.knows(field)
                }
        })
    }

    pub(super) fn decide(&mut self, ours: Option<&View>) -> Decision {
        if let Seen::Task(shown) = &self.seen {
            let updated_at = shown.updated_ms.and_then(DateTime::from_timestamp_millis);
            let base = &mut self.claim.base;
            base.settle_attempts(&shown.view, shown.read_at, updated_at);
        }
        let claim = &self.claim;
        let verified_at = claim
            .touched_at
            .max(claim.swept_at)
            .unwrap_or(DateTime::UNIX_EPOCH);
        let link = Link {
            progress: claim.progress,
            base: &claim.base,
            stale: claim.stale,
            verified_at,
        };
        let ours = match (ours, &self.submission) {
            (Some(view), Some(submission)) => Ours::Present {
                view,
                changed_at: submission.changed_at,
            },
            _ => Ours::Deleted,
        };
        let theirs = match &self.seen {
            Seen::Nothing => Theirs::Unasked,
            Seen::Gone => Theirs::Gone,
            Seen::Task(snapshot) => Theirs::Task {
                view: &snapshot.view,
                changed_at: snapshot
                    .updated_ms
                    .and_then(DateTime::from_timestamp_millis),
            },
        };
        let mapping = self.mapping();
        let mut blocked = self.refused.clone();
        let can_push = |field: Field, value: &_| mapping.can_push(field, value);
        let decision = decide(
            link,
            ours,
            theirs,
            self.worker.settings,
            can_push,
            self.worker.clock.now(),
        );
        if let Ours::Present { view, .. } = ours {
            let without_place = view
                .iter()
                .filter(|(field, value)| !mapping.can_push(*field, value));
            blocked.extend(without_place.map(|(field, _)| field.as_str().to_owned()));
        }
        self.blocked = blocked;
        decision
    }

    /// Hints that came for the task since: only those that tell something new make it stale.
    async fn weigh_hints(&mut self) -> Result<(), Stop> {
        let Some(task_id) = &self.claim.task_id else {
            return Ok(());
        };
        let waiting = hints_for(&self.worker.pool, task_id).await?;
        for hint in waiting {
            let changes = changes_of(&hint.history, self.mapping(), self.known.user_id);
            if judge(&changes, &self.claim.base, self.claim.seen_ms) == Verdict::Look {
                self.claim.stale = true;
            }
            self.hints.push(hint.delivery_id);
        }
        Ok(())
    }

    pub(super) fn note_conflicts(&self, plan: &Plan) {
        for conflict in &plan.conflicts {
            let winner = match conflict.winner {
                keylight_domain::sync::merge::Side::Ours => "keylight",
                keylight_domain::sync::merge::Side::Theirs => "clickup",
            };
            metrics::counter!("keylight_sync_conflicts_total", "field" => conflict.field.as_str(), "winner" => winner)
                .increment(1);
            tracing::info!(
                submission_id = self.claim.submission_id,
                field = conflict.field.as_str(),
                winner,
                loser = ?conflict.loser,
                "both sides changed a field"
            );
        }
    }
}
