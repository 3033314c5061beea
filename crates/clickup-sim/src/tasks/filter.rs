//! Which tasks a page asks for, and in which order.

use crate::errors::ApiError;
use crate::fields::filter::{self, FieldFilter};
use crate::query::Query;
use crate::state::{StatusKind, Workspace, World};

use super::model::Task;

/// What the pages are ordered by; newest first unless reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Id,
    Created,
    Updated,
    DueDate,
}

/// Bounds of a time, epoch milliseconds, both included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Range {
    fn read(query: &Query, name: &str, inclusive: bool) -> Self {
        let step = i64::from(!inclusive);
        Self {
            from: query
                .integer(&format!("{name}_gt"))
                .map(|bound| bound.saturating_add(step)),
            to: query
                .integer(&format!("{name}_lt"))
                .map(|bound| bound.saturating_sub(step)),
        }
    }

    pub(crate) fn is_open(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    fn holds(self, time: Option<i64>) -> bool {
        if self.is_open() {
            return true;
        }
        time.is_some_and(|time| {
            self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time <= to)
        })
    }
}

/// The question of one page.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) page: usize,
    pub(crate) order: Order,
    pub(crate) reverse: bool,
    pub(crate) created: Range,
    pub(crate) updated: Range,
    due: Range,
    done: Range,
    subtasks: bool,
    include_closed: bool,
    archived: bool,
    statuses: Vec<String>,
    assignees: Vec<String>,
    watchers: Vec<String>,
    tags: Vec<String>,
    custom_items: Vec<String>,
    parent: Option<String>,
    fields: Vec<FieldFilter>,
}

impl Filter {
    /// # Errors
    /// 500 for a bad page or order (as the real service), 400 for a bad field filter.
    pub(crate) fn read(world: &World, query: &Query) -> Result<Self, ApiError> {
        let page = match query.first("page") {
            None => 0,
            Some(text) => text.parse().map_err(|_| ApiError::BAD_PAGE)?,
        };
        let order = match query.first("order_by") {
            None | Some("" | "created") => Order::Created,
            Some("id") => Order::Id,
            Some("updated") => Order::Updated,
            Some("due_date") => Order::DueDate,
            Some(_) => return Err(ApiError::BAD_ORDER),
        };
        let inclusive = world.options.inclusive_dates;
        let range = |name: &str| Range::read(query, name, inclusive);
        Ok(Self {
            page,
            order,
            reverse: query.flag("reverse"),
            created: range("date_created"),
            updated: range("date_updated"),
            due: range("due_date"),
            done: range("date_done"),
            subtasks: query.flag("subtasks"),
            include_closed: query.flag("include_closed"),
            archived: query.flag("archived"),
            statuses: query.all("statuses"),
            assignees: query.all("assignees"),
            watchers: query.all("watchers"),
            tags: query
                .all("tags")
                .into_iter()
                .map(|tag| tag.to_lowercase())
                .collect(),
            custom_items: query.all("custom_items"),
            parent: query.first("parent").map(str::to_owned),
            fields: filter::parse(
                &world.workspace,
                query.first("custom_fields"),
                query.first("custom_field"),
            )?,
        })
    }

    /// Whether a task belongs to the answer.
    pub(crate) fn holds(&self, workspace: &Workspace, task: &Task) -> bool {
        task.archived == self.archived
            && self.created.holds(Some(task.date_created))
            && self.updated.holds(Some(task.date_updated))
            && self.due.holds(task.due_date)
            && self.done.holds(task.date_done)
            && self.holds_status(workspace, task)
            && self.holds_parent(task)
            && self.holds_people(task)
            && (self.tags.is_empty() || self.tags.iter().any(|tag| task.tags.contains(tag)))
            && (self.custom_items.is_empty()
                || self.custom_items.contains(&task.custom_item_id.to_string()))
            && self
                .fields
                .iter()
                .all(|field| filter::matches(workspace, task, field))
    }

    /// Subtasks are missing unless they are asked for.
    fn holds_parent(&self, task: &Task) -> bool {
        match (&self.parent, &task.parent) {
            (Some(wanted), parent) => parent.as_ref() == Some(wanted),
            (None, Some(_)) => self.subtasks,
            (None, None) => true,
        }
    }

    /// Closed tasks are missing unless they are asked for; a list of statuses overrides that.
    fn holds_status(&self, workspace: &Workspace, task: &Task) -> bool {
        if !self.statuses.is_empty() {
            return self
                .statuses
                .iter()
                .any(|status| status.eq_ignore_ascii_case(&task.status));
        }
        if self.include_closed {
            return true;
        }
        let status = workspace
            .list(&task.list)
            .and_then(|list| list.status(&task.status, false));
        status.is_none_or(|status| status.kind != StatusKind::Closed)
    }

    fn holds_people(&self, task: &Task) -> bool {
        let any = |wanted: &[String], have: &[u64]| {
            wanted.is_empty()
                || wanted
                    .iter()
                    .filter_map(|id| id.parse::<u64>().ok())
                    .any(|id| have.contains(&id))
        };
        any(&self.assignees, &task.assignees) && any(&self.watchers, &task.watchers)
    }
}
