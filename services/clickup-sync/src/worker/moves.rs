//! The steps that call somebody.

use super::Snapshot;
use super::job::{Job, Seen, Stop};
use crate::{
    entity::NotApplied,
    links,
    remote::{CallError, snapshot},
};
use chrono::{DateTime, TimeDelta};
use keylight_clickup::{Class, ClickUpError, Sent, Task, UpdateTask};
use keylight_domain::sync::decide::Progress;
use keylight_domain::sync::{Base, Field, Plan, Value, View};

/// An answer that is older than what is known is asked for again after this.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);

impl Job<'_> {
    /// Makes the task. The intent is stored before the call, so whatever happens from then on, the marker is searched for
    /// before there is another call.
    pub(super) async fn create(&mut self, ours: &View, marker: &str) -> Result<(), Stop> {
        let worker = self.worker;
        let list = self.list().to_owned();
        self.claim.list_id = Some(list.clone());
        self.claim.mapping_version = self.known.mapping.version;
        let mut task = snapshot::new_task(ours, self.mapping());
        if let Some(submission) = &self.submission {
            task.tags = self.known.mapping.document.tags_for(&submission.record);
        }
        if self.submission.as_ref().is_some_and(|one| one.imported) {
            task.notify_all = Some(false);
        }
        let (pool, clock) = (&worker.pool, &worker.clock);
        // Asked for the permit before the intent: a link that only waits for the budget stays unborn.
        let (claim, known_marker) = (&self.claim, marker.to_owned());
        let call_timeout = crate::config::delta(worker.remote.account.call_timeout);
        // what a task that is found later was made with
        let mut sent = Base::default();
        for (field, value) in ours.iter() {
            sent.agree(field, value, value);
        }
        let mut intent = Intent::NotYet;
        let call = async {
            let now = clock.now();
            match links::save_intent(pool, claim, &known_marker, &sent, now, now + call_timeout)
                .await
            {
                Ok(true) => intent = Intent::Stored,
                Ok(false) => intent = Intent::LeaseLost,
                Err(error) => intent = Intent::Failed(error),
            }
            match intent {
                Intent::Stored => worker.remote.client.create_task(&list, &task).await,
                _ => Err(ClickUpError::not_sent(
                    "POST /v2/list/{list}/task",
                    "the intent is not stored",
                )),
            }
        };
        let made = worker.remote.call(self.lane(), self.subject(), call).await;
        match intent {
            // no permit: nothing happened at all
            Intent::NotYet => {}
            Intent::Stored => self.claim.marker = Some(known_marker),
            Intent::LeaseLost => return Err(Stop::LeaseLost),
            Intent::Failed(error) => return Err(Stop::Store(error)),
        }
        match made {
            Ok(task) => {
                self.adopt(&task);
                self.settle_created(ours, &task);
                // what it shows otherwise than it was sent is in no row yet
                self.claim.stale = ours.iter().any(|(field, _)| !self.claim.base.knows(field));
                links::save_created(pool, &self.claim, clock.now()).await?;
                metrics::counter!("keylight_sync_tasks_created_total").increment(1);
                Ok(())
            }
            Err(error) => {
                if let CallError::Failed(failed) = &error {
                    self.claim.progress = match failed.sent {
                        Sent::No => Progress::Unborn,
                        Sent::Maybe | Sent::Yes => {
                            self.claim.base = sent;
                            metrics::counter!("keylight_sync_uncertain_creates_total").increment(1);
                            Progress::Uncertain {
                                asked_at: clock.now(),
                                searched_at: None,
                            }
                        }
                    };
                }
                Err(Stop::Call(error))
            }
        }
    }

    /// From now on the link has this task.
    fn adopt(&mut self, task: &Task) {
        self.claim.progress = Progress::Linked;
        self.claim.task_id = Some(task.id.clone());
        self.claim.task_url = task.url.clone();
        self.note_seen(task);
    }

    fn note_seen(&mut self, task: &Task) {
        self.claim.seen_ms = self.claim.seen_ms.max(task.date_updated);
        self.claim.touched_at = Some(self.worker.clock.now());
        // staff may move it; in a list that we do not know it is read like one in the list where it was
        let moved = |list: &String| self.known.mapping.knows(list);
        if let Some(list) = task.list_id.as_ref().filter(|list| moved(list))
            && list != self.list()
        {
            self.claim.list_id = Some(list.clone());
        }
    }

    /// What a fresh task shows is agreed where it is what we sent, and for texts in whatever dress they came back. A value
    /// that was dropped on the way is not agreed: the next step sends it by itself.
    fn settle_created(&mut self, ours: &View, task: &Task) {
        let shown = snapshot::view_of(task, self.mapping());
        for (field, our_value) in ours.iter() {
            if let Some(their_value) = shown.get(field)
                && (our_value == their_value || is_text(field))
            {
                self.claim.base.agree(field, our_value, their_value);
            }
        }
        self.seen = Seen::Task(Snapshot {
            view: shown,
            // made by us, just now: in a conflict about a dropped value ours counts
            updated_ms: None,
            read_at: self.worker.clock.now(),
        });
    }

    /// Looks for the task that an unanswered call may have made.
    pub(super) async fn find_marker(&mut self, marker: &str) -> Result<(), Stop> {
        let Progress::Uncertain { asked_at, .. } = self.claim.progress else {
            return Err(Stop::Call(CallError::Unclear(
                "search without an uncertain call",
            )));
        };
        let worker = self.worker;
        let settled_at = asked_at + worker.settings.settle;
        let found = worker
            .remote
            .search(self.subject(), self.list(), marker, asked_at, settled_at)
            .await?;
        match found.task {
            Some(task) => {
                tracing::info!(
                    submission_id = self.claim.submission_id,
                    "task of an unanswered call was found"
                );
                self.adopt(&task);
                self.settle_found(&task);
                // what has changed since the call is in no row yet
                self.claim.stale = true;
                // known here before anything else is done with it
                links::save_created(&worker.pool, &self.claim, worker.clock.now()).await?;
            }
            None => {
                self.claim.progress = Progress::Uncertain {
                    asked_at,
                    searched_at: Some(found.began_at),
                }
            }
        }
        Ok(())
    }

    /// A task that was found is merged like any other, with what it was made with as the agreement; its texts are agreed as
    /// they are, because nobody can tell their dress from an edit.
    fn settle_found(&mut self, task: &Task) {
        let shown = snapshot::view_of(task, self.mapping());
        let sent = std::mem::take(&mut self.claim.base).theirs();
        for (field, sent) in sent.iter() {
            match shown.get(field) {
                Some(theirs) if is_text(field) => self.claim.base.agree(field, sent, theirs),
                // does not apply to this task
                None => {}
                // dropped on the way: the next step sends it by itself
                Some(Value::Unset) if *sent != Value::Unset => {}
                // as it was made, or edited by staff since
                Some(_) => self.claim.base.agree(field, sent, sent),
            }
        }
        self.seen = Seen::Task(Snapshot {
            view: shown,
            updated_ms: task.date_updated,
            read_at: self.worker.clock.now(),
        });
    }

    /// Reads the task.
    pub(super) async fn look(&mut self) -> Result<(), Stop> {
        let worker = self.worker;
        let task_id = self.task_id()?;
        match worker
            .remote
            .call(
                self.lane(),
                self.subject(),
                worker.remote.client.task(&task_id),
            )
            .await
        {
            Ok(task) => {
                let read_at = worker.clock.now();
                if task.date_updated.is_some() && task.date_updated < self.claim.seen_ms {
                    return Err(Stop::OldAnswer(read_at + LOOK_AGAIN));
                }
                let view = snapshot::view_of(&task, self.mapping());
                if let Some(until) = self.claim.base.outdated_until(&view, read_at) {
                    return Err(Stop::OldAnswer(until));
                }
                self.claim.progress = Progress::Linked;
                self.note_seen(&task);
                self.seen = Seen::Task(Snapshot {
                    view,
                    updated_ms: task.date_updated,
                    read_at,
                });
                Ok(())
            }
            Err(CallError::Failed(error)) if error.class == Class::Gone => {
                self.seen = Seen::Gone;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn task_id(&self) -> Result<String, Stop> {
        self.claim
            .task_id
            .clone()
            .ok_or(Stop::Call(CallError::Unclear("linked without a task")))
    }

    /// Moves values both ways. What succeeded is settled at once, so a later failure repeats only the rest.
    pub(super) async fn carry_out(&mut self, plan: Plan) -> Result<(), Stop> {
        self.note_conflicts(&plan);
        self.claim.base.absorb(&plan.settled);
        if plan.push != View::default() {
            match self.push(&plan.push).await {
                Err(Stop::Call(CallError::Failed(error))) if error.class == Class::Gone => {
                    self.seen = Seen::Gone;
                    return Ok(());
                }
                other => other?,
            }
        }
        if plan.pull != View::default() {
            self.pull(&plan.pull).await?;
        }
        Ok(())
    }

    async fn push(&mut self, push: &View) -> Result<(), Stop> {
        let worker = self.worker;
        let task_id = self.task_id()?;
        let changes = snapshot::update(push, self.mapping());
        if changes != UpdateTask::default() {
            let call = worker.remote.client.update_task(&task_id, &changes);
            let task = match worker.remote.call(self.lane(), self.subject(), call).await {
                Ok(task) => task,
                Err(error) => {
                    for (field, value) in push.iter().filter(|(field, _)| !field.is_custom()) {
                        self.note_attempt(field, value, &error);
                    }
                    return Err(error.into());
                }
            };
            self.note_seen(&task);
            let shown = snapshot::view_of(&task, self.mapping());
            for (field, value) in push.iter().filter(|(field, _)| !field.is_custom()) {
                let theirs = self.after_push(field, value, shown.get(field));
                self.settle_push(field, value, &theirs);
            }
        }
        for (field, value) in push.iter().filter(|(field, _)| field.is_custom()) {
            self.push_custom(&task_id, field, value).await?;
        }
        Ok(())
    }

    async fn push_custom(
        &mut self,
        task_id: &str,
        field: Field,
        value: &Value,
    ) -> Result<(), Stop> {
        let worker = self.worker;
        let known = self.known.clone();
        let client = &worker.remote.client;
        let (lane, subject) = (self.lane(), self.subject());
        let Some(target) = known.mapping.mapping(Some(self.list())).target(field) else {
            return Ok(());
        };
        let done = match target.write(value) {
            Some(written) => {
                let value = snapshot::field_write(written);
                worker
                    .remote
                    .call(lane, subject, client.set_field(task_id, &target.id, &value))
                    .await
            }
            None => {
                worker
                    .remote
                    .call(lane, subject, client.clear_field(task_id, &target.id))
                    .await
            }
        };
        match done {
            Ok(()) => {}
            Err(CallError::Failed(error)) if error.class == Class::FieldRefused => {
                // does not apply to this task, or its options changed: left out until our value changes
                tracing::warn!(submission_id = self.claim.submission_id, field = field.as_str(), error = %error, "clickup refuses a field");
                worker.remote.distrust_list();
                self.refused.push(field.as_str().to_owned());
                self.settle_push(field, value, &Value::Unset);
                return Ok(());
            }
            Err(error) => {
                self.note_attempt(field, value, &error);
                return Err(error.into());
            }
        }
        let now = worker.clock.now();
        self.claim.touched_at = Some(now);
        self.claim
            .base
            .agree_written_undated(field, value, value, now);
        self.show(field, value);
        Ok(())
    }

    /// What ClickUp has after it took our value. The answer may still show the old status, so only the dress of a text is
    /// taken from it, and only when it is not the old text.
    fn after_push(&self, field: Field, sent: &Value, shown: Option<&Value>) -> Value {
        let old = self.claim.base.get(field).map(|agreed| &agreed.theirs);
        match shown {
            Some(shown) if is_text(field) && Some(shown) != old => shown.clone(),
            _ => sent.clone(),
        }
    }

    fn settle_push(&mut self, field: Field, ours: &Value, theirs: &Value) {
        self.claim.base.agree_written(field, ours, theirs);
        self.show(field, theirs);
    }

    /// A write that failed may have taken effect all the same.
    fn note_attempt(&mut self, field: Field, value: &Value, error: &CallError) {
        if matches!(error, CallError::Failed(error) if error.sent != Sent::No) {
            let now = self.worker.clock.now();
            self.claim.base.note_attempt(field, value, now);
            self.claim.stale = true;
        }
    }

    /// What was read of the task shows this now.
    fn show(&mut self, field: Field, theirs: &Value) {
        if let Seen::Task(snapshot) = &mut self.seen {
            snapshot.view.set(field, theirs.clone());
        }
    }

    async fn pull(&mut self, pull: &View) -> Result<(), Stop> {
        let worker = self.worker;
        let Some(submission) = &self.submission else {
            return Ok(());
        };
        let updated_ms = match &self.seen {
            Seen::Task(snapshot) => snapshot.updated_ms,
            _ => None,
        };
        let cause = format!("clickup task {}", self.task_id()?);
        let applied = worker
            .entity
            .apply(
                self.claim.submission_id,
                pull,
                submission.version,
                cause,
                updated_ms.and_then(DateTime::from_timestamp_millis),
                self.correlation().to_owned(),
            )
            .await;
        match applied {
            Ok(_) => {
                for (field, value) in pull.iter() {
                    self.claim.base.agree(field, value, value);
                }
                metrics::counter!("keylight_sync_pulled_total").increment(1);
            }
            // looked at again below
            Err(NotApplied::Conflict | NotApplied::Gone) => {}
            Err(NotApplied::Refused(error)) => {
                tracing::warn!(
                    submission_id = self.claim.submission_id,
                    message = error.message,
                    "change in clickup is not acceptable, it stays there"
                );
                if let Some(submission) = &self.submission {
                    let ours =
                        self.our_view(submission, &self.claim.marker.clone().unwrap_or_default());
                    for (field, value) in pull.iter() {
                        let our_value = ours.get(field).cloned().unwrap_or(Value::Unset);
                        self.claim.base.agree(field, &our_value, value);
                    }
                }
            }
            Err(NotApplied::Away(error)) => return Err(Stop::Entity(error)),
        }
        self.submission = worker
            .entity
            .submission(self.claim.submission_id)
            .await
            .map_err(Stop::Entity)?;
        Ok(())
    }
}

enum Intent {
    NotYet,
    Stored,
    LeaseLost,
    Failed(keylight_store::error::StoreError),
}

const fn is_text(field: Field) -> bool {
    matches!(field, Field::Name | Field::Description)
}
