//! Moving a task to another list: the one call of API v3 that v2 has no counterpart for.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::change::{TaskEdit, task_event};
use crate::auth::{Actor, Caller};
use crate::errors::{ApiError, ErrorV3};
use crate::hierarchy::check_team;
use crate::sim::{Change, Sim};
use crate::state::{List, Status, Workspace};
use crate::webhooks::history::Item;
use crate::webhooks::{Event, Scope};

/// `PUT /api/v3/workspaces/{team}/tasks/{task}/home_list/{list}`
pub(crate) async fn to_list(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((team, task, list)): Path<(String, String, String)>,
    bytes: Bytes,
) -> Result<Json<Value>, ErrorV3> {
    let body: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
    let moved = sim.change(|change| {
        check_team(change.world, &team)?;
        move_task(change, caller.actor, &task, &list, &body)
    });
    match moved {
        Ok(()) => Ok(Json(
            json!({"data": {"task_id": task, "new_list_id": list}}),
        )),
        Err(error) => Err(ErrorV3::at(error, sim.now_ms())),
    }
}

/// Moves a task to another list.
pub(crate) fn move_task(
    change: &mut Change<'_>,
    actor: Actor,
    id: &str,
    list_id: &str,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let workspace = std::sync::Arc::clone(&change.world.workspace);
    let new = change.world.list(list_id)?.clone();
    let old = change.world.task(id)?.list.clone();
    let old = workspace.list(&old).ok_or(ApiError::UNKNOWN_ID)?;
    if new.deleted || new.id == old.id {
        return Err(ApiError::BAD_LIST_ID);
    }
    let mut edit = TaskEdit::begin(change, actor, id)?;
    let status = new_status(old, &new, &edit.task.status, body)?.clone();
    if status.status != edit.task.status {
        edit.set_status(&status.status, status.kind);
    }
    edit.task.list.clone_from(&new.id);
    // Values of fields that the new list does not have stay behind, unless their fields move too.
    let all = body.get("move_custom_fields").and_then(Value::as_bool) == Some(true);
    let named = body.get("custom_fields_to_move").and_then(Value::as_array);
    let moves = |field: &String| match named {
        Some(named) => named.iter().any(|id| id.as_str() == Some(field)),
        None => all,
    };
    let added: Vec<String> = edit
        .task
        .fields
        .keys()
        .filter(|field| !new.fields.contains(field) && moves(field))
        .cloned()
        .collect();
    edit.task
        .fields
        .retain(|field, _| new.fields.contains(field) || added.contains(field));
    let item = Item::new(
        "section_moved",
        place(&workspace, old),
        place(&workspace, &new),
    )
    .data(json!({"mute_notifications": true}));
    let told = format!("moved the task to {}", new.name);
    edit.record(&["taskMoved", "taskUpdated"], item, told);
    let task = edit.finish();
    if !added.is_empty() {
        change.world.change_workspace(|workspace| {
            if let Some(list) = workspace.lists.iter_mut().find(|list| list.id == new.id) {
                list.fields.extend(added);
            }
        });
    }
    // The space hears of it too.
    let place = task_event(change.world, "spaceUpdated", &task, Vec::new()).place;
    let space = place.space.clone().unwrap_or_default();
    change.world.events.push(Event {
        name: "spaceUpdated",
        key: "space_id",
        id: space,
        place: Scope {
            space: place.space,
            ..Scope::default()
        },
        items: Vec::new(),
    });
    Ok(())
}

/// The status in the new list: as mapped, or the one of the same name.
fn new_status<'a>(
    old: &List,
    new: &'a List,
    status: &str,
    body: &Map<String, Value>,
) -> Result<&'a Status, ApiError> {
    let old_id = old.status(status, false).map(|status| status.id.as_str());
    let mapped = body
        .get("status_mappings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|mapping| mapping["source_status_id"].as_str() == old_id && old_id.is_some())
        .and_then(|mapping| mapping["destination_status_id"].as_str());
    let found = match mapped {
        Some(id) => new.statuses.iter().find(|status| status.id == id),
        None => new.status(status, true),
    };
    found.ok_or(ApiError::new(
        400,
        "ITEM_114",
        "Status mapping required for this list",
    ))
}

/// A list in a webhook: there the folder is the category and the space the project.
fn place(workspace: &Workspace, list: &List) -> Value {
    let folder = workspace.folder(&list.folder);
    json!({
        "id": list.id,
        "name": list.name,
        "category": folder.map(|folder| json!({
            "id": folder.id,
            "name": folder.name,
            "hidden": folder.hidden,
        })),
        "project": {
            "id": list.space,
            "name": workspace.space(&list.space).map(|space| space.name.clone()),
        },
    })
}
