//! The tasks with the indexes that keep every common question quick at 50,000 tasks.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::tasks::model::Task;

/// Earlier versions kept for stale reads.
const PREVIOUS_KEPT: usize = 10_000;

/// `(epoch milliseconds, task number)`, the key of the time indexes.
pub(crate) type TimeKey = (i64, u64);

/// All tasks.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    by_number: HashMap<u64, Arc<Task>>,
    numbers: HashMap<String, u64>,
    lists: HashMap<String, ListIndex>,
    children: HashMap<String, Vec<u64>>,
    previous: HashMap<u64, Arc<Task>>,
    gone: HashSet<String>,
}

/// Indexes of one list.
#[derive(Debug, Default)]
pub(crate) struct ListIndex {
    pub(crate) created: BTreeSet<TimeKey>,
    pub(crate) updated: BTreeSet<TimeKey>,
    /// By status name, newest change last; archived tasks are not in it.
    pub(crate) by_status: HashMap<String, BTreeSet<TimeKey>>,
}

impl Shelf {
    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Task>> {
        self.by_number.get(self.numbers.get(id)?)
    }

    pub(crate) fn by_number(&self, n: u64) -> Option<&Arc<Task>> {
        self.by_number.get(&n)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Task>> {
        self.by_number.values()
    }

    pub(crate) fn gone_ids(&self) -> impl Iterator<Item = &String> {
        self.gone.iter()
    }

    pub(crate) fn list(&self, id: &str) -> Option<&ListIndex> {
        self.lists.get(id)
    }

    /// Whether this id once was a task.
    pub(crate) fn is_gone(&self, id: &str) -> bool {
        self.gone.contains(id)
    }

    /// The version before the last change, when it is still known.
    pub(crate) fn previous(&self, n: u64) -> Option<&Arc<Task>> {
        self.previous.get(&n)
    }

    pub(crate) fn children(&self, id: &str) -> Vec<Arc<Task>> {
        self.children
            .get(id)
            .into_iter()
            .flatten()
            .filter_map(|n| self.by_number.get(n))
            .cloned()
            .collect()
    }

    /// Stores a task, new or changed.
    pub(crate) fn put(&mut self, task: Task) -> Arc<Task> {
        let task = Arc::new(task);
        if let Some(old) = self.by_number.get(&task.n).cloned() {
            self.unlist(&old);
            if self.previous.len() >= PREVIOUS_KEPT {
                self.previous.clear();
            }
            self.previous.insert(old.n, old);
        }
        self.numbers.insert(task.id.clone(), task.n);
        let index = self.lists.entry(task.list.clone()).or_default();
        index.created.insert((task.date_created, task.n));
        index.updated.insert((task.date_updated, task.n));
        if !task.archived {
            index
                .by_status
                .entry(task.status.clone())
                .or_default()
                .insert((task.date_updated, task.n));
        }
        if let Some(parent) = &task.parent {
            self.children
                .entry(parent.clone())
                .or_default()
                .push(task.n);
        }
        self.by_number.insert(task.n, Arc::clone(&task));
        task
    }

    /// Removes a task and remembers its id.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<Task>> {
        let n = self.numbers.remove(id)?;
        let task = self.by_number.remove(&n)?;
        self.unlist(&task);
        self.previous.remove(&n);
        self.children.remove(id);
        self.gone.insert(id.to_owned());
        Some(task)
    }

    pub(crate) fn mark_gone(&mut self, id: String) {
        self.gone.insert(id);
    }

    fn unlist(&mut self, task: &Task) {
        if let Some(index) = self.lists.get_mut(&task.list) {
            index.created.remove(&(task.date_created, task.n));
            index.updated.remove(&(task.date_updated, task.n));
            if let Some(column) = index.by_status.get_mut(&task.status) {
                column.remove(&(task.date_updated, task.n));
            }
        }
        if let Some(parent) = &task.parent
            && let Some(children) = self.children.get_mut(parent)
        {
            children.retain(|n| *n != task.n);
        }
    }
}
