//! What administrators do to a workspace under a client's feet: rename a status, take an option or
//! a field away, delete a list. No event tells more than that something changed.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::seed_forms::{OptionSeed, options};
use super::{Refusal, read};
use crate::errors::ApiError;
use crate::hierarchy::{folders, lists, spaces};
use crate::sim::{Change, Sim};
use crate::tasks::model::Task;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    from: String,
    to: String,
}

/// `POST /_sim/lists/{id}/statuses/rename` with `{"from", "to"}`: the status keeps its id and its
/// tasks.
pub(crate) async fn rename_status(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let rename: Rename = read(&bytes)?;
    let to = rename.to.trim().to_lowercase();
    let object = sim.change(|change| {
        let mut list = change.world.list(&id)?.clone();
        if to.is_empty() || list.status(&to, true).is_some() {
            return Err(ApiError::BAD_STATUSES);
        }
        let status = list
            .statuses
            .iter_mut()
            .find(|status| status.status.eq_ignore_ascii_case(&rename.from));
        let status = status.ok_or(ApiError::STATUS_ON_UPDATE)?;
        let from = std::mem::replace(&mut status.status, to.clone());
        list.override_statuses = true;
        let kept = list.clone();
        change.world.change_workspace(|workspace| {
            if let Some(place) = workspace.lists.iter_mut().find(|list| list.id == id) {
                *place = kept;
            }
        });
        each_task(change, &|task| {
            let here = task.list == id && task.status == from;
            here.then(|| Task {
                status: to.clone(),
                ..task.clone()
            })
        });
        lists::announce(change.world, "listUpdated", &list, Vec::new());
        Ok(lists::object(change.world, &list))
    })?;
    Ok(Json(object))
}

/// Changes tasks without counting that as an update of theirs.
fn each_task(change: &mut Change<'_>, act: &dyn Fn(&Task) -> Option<Task>) {
    let changed: Vec<Task> = change
        .world
        .tasks
        .all()
        .filter_map(|task| act(task))
        .collect();
    for task in changed {
        change.world.put_untouched(task);
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldEdit {
    name: Option<String>,
    options: Option<Vec<OptionSeed>>,
}

/// `POST /_sim/fields/{id}` with `{"name"?, "options"?}`: options in their new order. Values that
/// name an option which is gone are lost.
pub(crate) async fn edit_field(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let edit: FieldEdit = read(&bytes)?;
    let definition = sim.change(|change| {
        let found = change.world.workspace.field(&id).cloned();
        let mut field = found.ok_or(ApiError::UNKNOWN_ID)?;
        if let Some(name) = edit.name {
            field.name = name;
        }
        if let Some(wanted) = edit.options {
            field.options = options(&id, wanted);
        }
        let kept = field.clone();
        change.world.change_workspace(|workspace| {
            if let Some(place) = workspace.fields.iter_mut().find(|field| field.id == id) {
                *place = kept;
            }
        });
        if !field.options.is_empty() {
            each_task(change, &|task| {
                let value = task.fields.get(&id)?;
                let known = |option: &Value| {
                    option
                        .as_str()
                        .is_some_and(|id| field.option_place(id).is_some())
                };
                let mut task = task.clone();
                match value {
                    Value::Array(labels) if !labels.iter().all(known) => {
                        let left: Vec<Value> =
                            labels.iter().filter(|l| known(l)).cloned().collect();
                        if left.is_empty() {
                            task.fields.remove(&id);
                        } else {
                            task.fields.insert(id.clone(), json!(left));
                        }
                        Some(task)
                    }
                    Value::String(_) if !known(value) => {
                        task.fields.remove(&id);
                        Some(task)
                    }
                    _ => None,
                }
            });
        }
        Ok(field.definition())
    })?;
    Ok(Json(definition))
}

/// `DELETE /_sim/fields/{id}`: with all its values.
pub(crate) async fn delete_field(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    sim.change(|change| {
        let workspace = Arc::clone(&change.world.workspace);
        workspace.field(&id).ok_or(ApiError::UNKNOWN_ID)?;
        change.world.change_workspace(|workspace| {
            workspace.fields.retain(|field| field.id != id);
            for list in &mut workspace.lists {
                list.fields.retain(|field| *field != id);
            }
        });
        each_task(change, &|task| {
            let mut task = task.fields.contains_key(&id).then(|| task.clone())?;
            task.fields.remove(&id);
            Some(task)
        });
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_sim/lists/{id}`
pub(crate) async fn delete_list(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    sim.change(|change| lists::remove(change, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_sim/folders/{id}`
pub(crate) async fn delete_folder(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    sim.change(|change| folders::remove(change, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /_sim/spaces/{id}`
pub(crate) async fn delete_space(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    sim.change(|change| spaces::remove(change, &id))?;
    Ok(StatusCode::NO_CONTENT)
}
