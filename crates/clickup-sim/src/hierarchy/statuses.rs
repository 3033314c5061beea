//! Sets of statuses: reading them, inheriting them, and what becomes of tasks when one goes.

use serde_json::Value;

use crate::errors::ApiError;
use crate::state::{List, Status, StatusKind, Workspace, World, status_id};

/// A full set of statuses: one open first, one closed last.
pub(crate) fn read(prefix: &str, wanted: &[Value]) -> Result<Vec<Status>, ApiError> {
    let mut out = Vec::with_capacity(wanted.len());
    for (orderindex, status) in (0_i64..).zip(wanted) {
        let name = status["status"].as_str().map(str::to_lowercase);
        let name = name
            .filter(|name| !name.is_empty())
            .ok_or(ApiError::BAD_STATUSES)?;
        let kind = match status["type"].as_str() {
            Some("open") => StatusKind::Open,
            Some("done") => StatusKind::Done,
            Some("closed") => StatusKind::Closed,
            _ => StatusKind::Custom,
        };
        out.push(Status {
            id: status_id(prefix, &name),
            status: name,
            color: status["color"].as_str().unwrap_or("#d3d3d3").to_owned(),
            orderindex,
            kind,
        });
    }
    let count = |kind| out.iter().filter(|status| status.kind == kind).count();
    let ordered = out
        .first()
        .is_some_and(|status| status.kind == StatusKind::Open)
        && out
            .last()
            .is_some_and(|status| status.kind == StatusKind::Closed);
    if ordered && count(StatusKind::Open) == 1 && count(StatusKind::Closed) == 1 {
        Ok(out)
    } else {
        Err(ApiError::BAD_STATUSES)
    }
}

/// What a new space has.
pub(crate) fn usual(prefix: &str) -> Vec<Status> {
    [
        ("to do", "#87909e", StatusKind::Open),
        ("complete", "#008844", StatusKind::Closed),
    ]
    .into_iter()
    .zip(0..)
    .map(|((name, color, kind), orderindex)| Status {
        id: status_id(prefix, name),
        status: name.to_owned(),
        color: color.to_owned(),
        orderindex,
        kind,
    })
    .collect()
}

/// The statuses that a list has unless it has its own: those of its folder, else of its space.
pub(crate) fn inherited(workspace: &Workspace, space: &str, folder: &str) -> Vec<Status> {
    let of_folder = workspace
        .folder(folder)
        .and_then(|folder| folder.statuses.clone());
    of_folder.unwrap_or_else(|| {
        workspace
            .space(space)
            .map(|space| space.statuses.clone())
            .unwrap_or_default()
    })
}

/// Hands the statuses of spaces and folders down to the lists without their own.
pub(crate) fn hand_down(world: &mut World, now: i64) {
    let heirs: Vec<List> = world
        .workspace
        .lists
        .iter()
        .filter(|list| !list.override_statuses && !list.deleted)
        .cloned()
        .collect();
    for old in heirs {
        let statuses = inherited(&world.workspace, &old.space, &old.folder);
        if statuses == old.statuses {
            continue;
        }
        let mut new = old.clone();
        new.statuses = statuses;
        let kept = new.clone();
        world.change_workspace(|workspace| {
            if let Some(place) = workspace.lists.iter_mut().find(|list| list.id == kept.id) {
                *place = kept;
            }
        });
        rehome(world, &old, &new, now);
    }
}

/// Tasks whose status is gone move to the open one.
pub(crate) fn rehome(world: &mut World, old: &List, new: &List, now: i64) {
    let Some(open) = new.open_status().map(|status| status.status.clone()) else {
        return;
    };
    for gone in &old.statuses {
        if new.status(&gone.status, false).is_some() {
            continue;
        }
        let numbers: Vec<u64> = world
            .tasks
            .list(&new.id)
            .and_then(|index| index.by_status.get(&gone.status))
            .into_iter()
            .flatten()
            .map(|(_, n)| *n)
            .collect();
        for n in numbers {
            if let Some(task) = world.tasks.by_number(n) {
                let mut task = crate::tasks::model::Task::clone(task);
                task.status.clone_from(&open);
                world.put_task(task, now);
            }
        }
    }
}
