//! One change of one task: what is different, and which events tell of it.

use std::sync::Arc;

use super::model::{Activity, Task};
use crate::auth::Actor;
use crate::errors::ApiError;
use crate::ids::Ids;
use crate::sim::Change;
use crate::state::{StatusKind, World};
use crate::webhooks::history::Item;
use crate::webhooks::{Event, Scope};

/// A task being edited. Nothing happens until [`TaskEdit::finish`].
pub(crate) struct TaskEdit<'c, 'w> {
    pub(crate) task: Task,
    pub(crate) actor: Actor,
    change: &'c mut Change<'w>,
    records: Vec<Record>,
    keeps_date: bool,
}

struct Record {
    /// Every event carries the same item.
    events: Vec<&'static str>,
    item: Item,
    told: String,
}

impl<'c, 'w> TaskEdit<'c, 'w> {
    /// # Errors
    /// The task is deleted or was never there.
    pub(crate) fn begin(
        change: &'c mut Change<'w>,
        actor: Actor,
        id: &str,
    ) -> Result<Self, ApiError> {
        let task = Task::clone(&*change.world.task(id)?);
        Ok(Self {
            task,
            actor,
            change,
            records: Vec::new(),
            keeps_date: false,
        })
    }

    pub(crate) fn world(&self) -> &World {
        self.change.world
    }

    pub(crate) fn zone_offset_minutes(&self) -> i64 {
        self.change.world.options.zone_offset_minutes
    }

    /// The change does not count as an update of the task.
    pub(crate) fn keep_date(&mut self) {
        self.keeps_date = true;
    }

    /// The date that this change gives to what it makes, and the source of new ids.
    pub(crate) fn now(&self) -> i64 {
        self.change.now
    }

    pub(crate) fn ids(&mut self) -> &mut Ids {
        &mut self.change.world.ids
    }

    /// Notes that something changed. Some changes tell nobody: they have no events.
    pub(crate) fn record(&mut self, events: &[&'static str], item: Item, told: String) {
        self.records.push(Record {
            events: events.to_vec(),
            item,
            told,
        });
    }

    /// Sets the status and the times that follow from it.
    pub(crate) fn set_status(&mut self, name: &str, kind: StatusKind) {
        let now = self.change.now;
        name.clone_into(&mut self.task.status);
        let done = matches!(kind, StatusKind::Done | StatusKind::Closed);
        self.task.date_done = done.then_some(self.task.date_done.unwrap_or(now));
        self.task.date_closed = (kind == StatusKind::Closed).then_some(now);
    }

    /// Stores the task when anything was recorded, and queues the events.
    pub(crate) fn finish(self) -> Arc<Task> {
        let Self {
            task,
            actor,
            change,
            records,
            keeps_date,
        } = self;
        let world = &mut *change.world;
        if records.is_empty() {
            return Arc::new(task);
        }
        let task = if keeps_date {
            world.put_untouched(task)
        } else {
            world.put_task(task, change.now)
        };
        for record in records {
            let item = record
                .item
                .build(world, actor, &task.list, task.date_updated, None);
            for name in record.events {
                let event = task_event(world, name, &task, vec![item.clone()]);
                world.events.push(event);
            }
            world.add_activity(
                task.n,
                Activity {
                    at: task.date_updated,
                    user: actor.user,
                    via_api: actor.via_api,
                    text: record.told,
                },
            );
        }
        task
    }
}

/// An event about a task.
pub(crate) fn task_event(
    world: &World,
    name: &'static str,
    task: &Task,
    items: Vec<serde_json::Value>,
) -> Event {
    let list = world.workspace.list(&task.list);
    Event {
        name,
        key: "task_id",
        id: task.id.clone(),
        place: Scope {
            task: Some(task.id.clone()),
            list: Some(task.list.clone()),
            folder: list.map(|list| list.folder.clone()),
            space: list.map(|list| list.space.clone()),
        },
        items,
    }
}
