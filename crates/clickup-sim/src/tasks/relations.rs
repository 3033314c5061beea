//! Dependencies and links between tasks. Both ends show the same thing, and no event tells of it.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::body;
use super::change::TaskEdit;
use super::model::{Dependency, Link, Task};
use super::render::{self, Extras};
use super::view::View;
use crate::auth::{Actor, Caller};
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::Workspace;
use crate::webhooks::history::Item;

/// Relations per task at most.
const MOST: usize = 1_000;

/// `POST /task/{id}/dependency` with exactly one of `depends_on` and `dependency_of`.
pub(crate) async fn add_dependency(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let (waiting, awaited) = ends(
        &id,
        body::text(&body, "depends_on"),
        body::text(&body, "dependency_of"),
    )?;
    sim.change(|change| {
        let dependency = Dependency {
            task_id: waiting.clone(),
            depends_on: awaited.clone(),
            date_created: change.now,
            user: caller.actor.user,
        };
        both(change, caller.actor, &waiting, &awaited, |task, _| {
            let known = task.dependencies.iter().any(|known| {
                known.task_id == dependency.task_id && known.depends_on == dependency.depends_on
            });
            if !known && task.dependencies.len() < MOST {
                task.dependencies.push(dependency.clone());
            }
            !known
        })
    })?;
    Ok(Json(json!({})))
}

/// `DELETE /task/{id}/dependency?depends_on=` or `?dependency_of=`
pub(crate) async fn remove_dependency(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let given = |key: &str| query.first(key).filter(|id| !id.is_empty());
    let (waiting, awaited) = ends(&id, given("depends_on"), given("dependency_of"))?;
    sim.change(|change| {
        both(change, caller.actor, &waiting, &awaited, |task, _| {
            let before = task.dependencies.len();
            task.dependencies
                .retain(|known| known.task_id != waiting || known.depends_on != awaited);
            task.dependencies.len() < before
        })
    })?;
    Ok(Json(json!({})))
}

/// Which task waits for which.
fn ends(
    id: &str,
    depends_on: Option<&str>,
    dependency_of: Option<&str>,
) -> Result<(String, String), ApiError> {
    match (depends_on, dependency_of) {
        (Some(other), None) if other != id => Ok((id.to_owned(), other.to_owned())),
        (None, Some(other)) if other != id => Ok((other.to_owned(), id.to_owned())),
        _ => Err(ApiError::new(400, "DEPS_001", "Dependency invalid")),
    }
}

/// `POST /task/{id}/link/{other}`
pub(crate) async fn add_link(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((id, other)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    if id == other {
        return Err(ApiError::new(400, "LINKS_001", "Link invalid"));
    }
    sim.change(|change| {
        let link = change.world.ids.uuid();
        let date = change.now;
        both(change, caller.actor, &id, &other, |task, peer| {
            let known = task.links.iter().any(|link| link.other == peer);
            if !known && task.links.len() < MOST {
                task.links.push(Link {
                    id: link.clone(),
                    other: peer.to_owned(),
                    date_created: date,
                    user: caller.actor.user,
                });
            }
            !known
        })?;
        answer(change, &id)
    })
}

/// `DELETE /task/{id}/link/{other}`
pub(crate) async fn remove_link(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((id, other)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        both(change, caller.actor, &id, &other, |task, peer| {
            let before = task.links.len();
            task.links.retain(|link| link.other != peer);
            task.links.len() < before
        })?;
        answer(change, &id)
    })
}

fn answer(change: &Change<'_>, id: &str) -> Result<Json<Value>, ApiError> {
    let task = change.world.task(id)?;
    let view = View::of(change.world, change.now, [&task]);
    let object = render::task(&view, &task, Extras::default());
    Ok(Json(json!({"task": object})))
}

/// Applies a change to two tasks, telling each the id of the other; `true` means something changed.
fn both(
    change: &mut Change<'_>,
    actor: Actor,
    one: &str,
    two: &str,
    act: impl Fn(&mut Task, &str) -> bool,
) -> Result<(), ApiError> {
    change.world.task(one)?;
    change.world.task(two)?;
    for (id, peer) in [(one, two), (two, one)] {
        let mut edit = TaskEdit::begin(change, actor, id)?;
        if act(&mut edit.task, peer) {
            let item = Item::new("relation", Value::Null, Value::Null);
            edit.record(&[], item, format!("changed the relation to {peer}"));
        }
        edit.finish();
    }
    Ok(())
}

pub(super) fn dependencies(workspace: &Workspace, task: &Task) -> Value {
    task.dependencies
        .iter()
        .map(|dependency| {
            json!({
                "task_id": dependency.task_id,
                "depends_on": dependency.depends_on,
                "type": 1,
                "date_created": dependency.date_created.to_string(),
                "userid": dependency.user.to_string(),
                "workspace_id": workspace.id,
                "chain_id": null,
            })
        })
        .collect()
}

pub(super) fn links(task: &Task) -> Value {
    task.links
        .iter()
        .map(|link| {
            json!({
                "task_id": task.id,
                "link_id": link.other,
                "date_created": link.date_created.to_string(),
                "userid": link.user.to_string(),
                "workspace_id": null,
            })
        })
        .collect()
}
