//! Pages of tasks: `GET /list/{id}/task` and `GET /team/{id}/task`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::filter::{Filter, Order, Range};
use super::model::Task;
use super::render::{self, Extras};
use super::view::View;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::hierarchy::check_team;
use crate::query::Query;
use crate::sim::Sim;
use crate::state::{ListIndex, World};

/// Tasks per page; cannot be changed by a caller.
const PAGE: usize = 100;

/// `GET /list/{id}/task`
pub(crate) async fn of_list(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let found = sim.read(|world| {
        world.list(&list)?;
        let filter = Filter::read(world, &query)?;
        Ok::<_, ApiError>(Page::collect(
            world,
            sim.now_ms(),
            &[list.as_str()],
            &filter,
            caller.stale,
            query.flag("include_timl"),
        ))
    })?;
    Ok(found.answer(&query))
}

/// `GET /team/{id}/task`
pub(crate) async fn of_team(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(team): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let found = sim.read(|world| {
        check_team(world, &team)?;
        let filter = Filter::read(world, &query)?;
        let (spaces, folders, lists) = (
            query.all("space_ids"),
            query.all("project_ids"),
            query.all("list_ids"),
        );
        let wanted = |among: &[String], id: &String| among.is_empty() || among.contains(id);
        let lists: Vec<&str> = world
            .workspace
            .lists
            .iter()
            .filter(|list| {
                !list.deleted
                    && wanted(&spaces, &list.space)
                    && wanted(&folders, &list.folder)
                    && wanted(&lists, &list.id)
            })
            .map(|list| list.id.as_str())
            .collect();
        Ok::<_, ApiError>(Page::collect(
            world,
            sim.now_ms(),
            &lists,
            &filter,
            caller.stale,
            false,
        ))
    })?;
    Ok(found.answer(&query))
}

/// The tasks of one page, taken out of the lock before they are rendered.
pub(crate) struct Page {
    pub(crate) tasks: Vec<Arc<Task>>,
    pub(crate) last: bool,
    view: View,
}

impl Page {
    /// `timl`: with tasks whose home is another list.
    pub(crate) fn collect(
        world: &World,
        now_ms: i64,
        lists: &[&str],
        filter: &Filter,
        stale: bool,
        timl: bool,
    ) -> Self {
        let skip = filter.page.saturating_mul(PAGE);
        let mut tasks = match lists {
            [list] if timl => sorted(
                world
                    .tasks
                    .all()
                    .filter(|task| task.list == *list || task.lists.iter().any(|id| id == list)),
                world,
                filter,
                skip,
            ),
            [list] => world
                .tasks
                .list(list)
                .map(|index| from_index(world, index, filter, skip))
                .unwrap_or_default(),
            _ => sorted(
                lists
                    .iter()
                    .filter_map(|list| world.tasks.list(list))
                    .flat_map(|index| candidates(world, index, filter)),
                world,
                filter,
                skip,
            ),
        };
        let last = tasks.len() <= PAGE;
        tasks.truncate(PAGE);
        if stale {
            for task in &mut tasks {
                if let Some(old) = world.tasks.previous(task.n) {
                    *task = Arc::clone(old);
                }
            }
        }
        let view = View::of(world, now_ms, &tasks);
        Self { tasks, last, view }
    }

    fn answer(self, query: &Query) -> Json<Value> {
        let extras = Extras {
            markdown: query.flag("include_markdown_description"),
            ..Extras::default()
        };
        let tasks = render::page(&self.view, &self.tasks, extras);
        Json(json!({"tasks": tasks, "last_page": self.last}))
    }
}

/// One page and one task more, which tells whether the page is the last.
fn from_index(world: &World, index: &ListIndex, filter: &Filter, skip: usize) -> Vec<Arc<Task>> {
    let (entries, range) = match filter.order {
        Order::Updated => (&index.updated, filter.updated),
        // Narrow by the last change first when that is asked for; there are few of those.
        Order::Created if filter.updated.is_open() => (&index.created, filter.created),
        _ => return sorted(candidates(world, index, filter), world, filter, skip),
    };
    let entries = entries.range(keys(range));
    if filter.reverse {
        lazily(world, filter, skip, entries.map(|(_, n)| *n))
    } else {
        lazily(world, filter, skip, entries.rev().map(|(_, n)| *n))
    }
}

fn lazily(
    world: &World,
    filter: &Filter,
    skip: usize,
    numbers: impl Iterator<Item = u64>,
) -> Vec<Arc<Task>> {
    numbers
        .filter_map(|n| world.tasks.by_number(n))
        .filter(|task| filter.holds(&world.workspace, task))
        .skip(skip)
        .take(PAGE + 1)
        .cloned()
        .collect()
}

fn candidates<'a>(
    world: &'a World,
    index: &'a ListIndex,
    filter: &Filter,
) -> impl Iterator<Item = &'a Arc<Task>> + use<'a> {
    let (entries, range) = if filter.updated.is_open() {
        (&index.created, filter.created)
    } else {
        (&index.updated, filter.updated)
    };
    entries
        .range(keys(range))
        .filter_map(|(_, n)| world.tasks.by_number(*n))
}

fn sorted<'a>(
    tasks: impl Iterator<Item = &'a Arc<Task>>,
    world: &World,
    filter: &Filter,
    skip: usize,
) -> Vec<Arc<Task>> {
    let mut tasks: Vec<&Arc<Task>> = tasks
        .filter(|task| filter.holds(&world.workspace, task))
        .collect();
    let key = |task: &Task| match filter.order {
        Order::Id => (0, task.n),
        Order::Created => (task.date_created, task.n),
        Order::Updated => (task.date_updated, task.n),
        Order::DueDate => (task.due_date.unwrap_or(i64::MIN), task.n),
    };
    tasks.sort_unstable_by_key(|task| key(task));
    if !filter.reverse {
        tasks.reverse();
    }
    tasks
        .into_iter()
        .skip(skip)
        .take(PAGE + 1)
        .cloned()
        .collect()
}

/// The keys of a time index that a range covers. Bounds that cross cover nothing.
fn keys(range: Range) -> RangeInclusive<(i64, u64)> {
    let from = range.from.unwrap_or(i64::MIN);
    let to = range.to.unwrap_or(i64::MAX);
    if from > to {
        // An inverted range would panic; this one is empty because no task has number 0.
        return (from, 0)..=(from, 0);
    }
    (from, 0)..=(to, u64::MAX)
}
