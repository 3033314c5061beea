//! Checklists. On the real service they were seen not to move `date_updated`, so a poll by that
//! date misses them; an option changes this.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::body::{self, optional};
use super::change::TaskEdit;
use super::model::{Checklist, ChecklistItem, Task};
use super::render::person;
use crate::auth::{Actor, Caller};
use crate::errors::ApiError;
use crate::sim::{Change, Sim};
use crate::state::Workspace;
use crate::webhooks::history::Item;

/// Checklists per task and items per checklist at most.
const MOST: usize = 500;
const TWIN: &str = "taskUpdated";

/// `POST /task/{id}/checklist`
pub(crate) async fn create(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(task): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let name = name(&body)?;
    sim.change(|change| {
        let mut edit = begin(change, caller.actor, &task)?;
        if edit.task.checklists.len() >= MOST {
            return Err(ApiError::new(400, "CHECKLIST_001", "Too many checklists"));
        }
        let checklist = Checklist {
            id: edit.ids().uuid(),
            name,
            date_created: edit.now(),
            creator: caller.actor.user,
            items: Vec::new(),
        };
        let id = checklist.id.clone();
        edit.task.checklists.push(checklist);
        let item = Item::new("checklists", Value::Null, json!(id));
        edit.record(&[TWIN], item, "added a checklist".to_owned());
        finish(edit, &id)
    })
}

/// `PUT /checklist/{id}`: name and place.
pub(crate) async fn update(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let (mut edit, place) = find(change, caller.actor, &id)?;
        if let Some(name) = body::text(&body, "name").filter(|name| !name.trim().is_empty()) {
            edit.task.checklists[place].name = name.trim().to_owned();
        }
        let wanted = body.get("position").and_then(Value::as_u64);
        if let Some(wanted) = wanted.and_then(|place| usize::try_from(place).ok()) {
            let moved = edit.task.checklists.remove(place);
            let last = edit.task.checklists.len();
            edit.task.checklists.insert(wanted.min(last), moved);
        }
        let item = Item::new("checklists", Value::Null, json!(id));
        edit.record(&[TWIN], item, "changed a checklist".to_owned());
        finish(edit, &id)
    })
}

/// `DELETE /checklist/{id}`
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        let (mut edit, place) = find(change, caller.actor, &id)?;
        edit.task.checklists.remove(place);
        let item = Item::new("checklists", json!(id), Value::Null);
        edit.record(&[TWIN], item, "removed a checklist".to_owned());
        edit.finish();
        Ok(Json(json!({})))
    })
}

/// `POST /checklist/{id}/checklist_item`
pub(crate) async fn add_item(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let name = name(&body)?;
    sim.change(|change| {
        let (mut edit, place) = find(change, caller.actor, &id)?;
        if edit.task.checklists[place].items.len() >= MOST {
            return Err(ApiError::new(400, "CHECKLIST_002", "Too many items"));
        }
        let item = ChecklistItem {
            id: edit.ids().uuid(),
            name: name.clone(),
            assignee: body.get("assignee").and_then(Value::as_u64),
            resolved: false,
            parent: None,
            date_created: edit.now(),
        };
        edit.task.checklists[place].items.push(item);
        let told = format!("added {name} to a checklist");
        let item = Item::new("checklist_items_added", Value::Null, json!(name));
        edit.record(&[TWIN], item, told);
        finish(edit, &id)
    })
}

/// `PUT /checklist/{id}/checklist_item/{item}`
pub(crate) async fn update_item(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((id, item_id)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| {
        let (mut edit, place) = find(change, caller.actor, &id)?;
        let items = &mut edit.task.checklists[place].items;
        let known: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
        let item = items.iter_mut().find(|item| item.id == item_id);
        let item = item.ok_or(ApiError::UNKNOWN_ID)?;
        if let Some(name) = body::text(&body, "name").filter(|name| !name.trim().is_empty()) {
            item.name = name.trim().to_owned();
        }
        if let Some(assignee) = optional(&body, "assignee", Value::as_u64) {
            item.assignee = assignee;
        }
        if let Some(parent) = optional(&body, "parent", Value::as_str)
            && parent.is_none_or(|parent| parent != item_id && known.iter().any(|id| id == parent))
        {
            item.parent = parent.map(str::to_owned);
        }
        let was = item.resolved;
        item.resolved = body::flag(&body, "resolved").unwrap_or(was);
        let now = item.resolved;
        let told = format!("changed {} on a checklist", item.name);
        let record = if now == was {
            Item::new("checklist_items_changed", Value::Null, Value::Null)
        } else {
            // Booleans are text in these items.
            Item::new(
                "checklist_item_resolved",
                json!(was.to_string()),
                json!(now.to_string()),
            )
        };
        edit.record(&[TWIN], record, told);
        finish(edit, &id)
    })
}

/// `DELETE /checklist/{id}/checklist_item/{item}`
pub(crate) async fn delete_item(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((id, item_id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        let (mut edit, place) = find(change, caller.actor, &id)?;
        let items = &mut edit.task.checklists[place].items;
        let before = items.len();
        items.retain(|item| item.id != item_id && item.parent.as_deref() != Some(&item_id));
        if items.len() == before {
            return Err(ApiError::UNKNOWN_ID);
        }
        let item = Item::new("checklist_items_removed", json!(item_id), Value::Null);
        edit.record(&[TWIN], item, "removed a checklist item".to_owned());
        edit.finish();
        Ok(Json(json!({})))
    })
}

fn name(body: &serde_json::Map<String, Value>) -> Result<String, ApiError> {
    body::text(body, "name")
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .ok_or(ApiError::BAD_NAME)
}

fn begin<'c, 'w>(
    change: &'c mut Change<'w>,
    actor: Actor,
    task: &str,
) -> Result<TaskEdit<'c, 'w>, ApiError> {
    let moves = change.world.options.checklists_move_date_updated;
    let mut edit = TaskEdit::begin(change, actor, task)?;
    if !moves {
        edit.keep_date();
    }
    Ok(edit)
}

/// The task that holds a checklist, and the checklist's place in it. There is no index: checklist
/// calls are rare and carry no task id.
fn find<'c, 'w>(
    change: &'c mut Change<'w>,
    actor: Actor,
    id: &str,
) -> Result<(TaskEdit<'c, 'w>, usize), ApiError> {
    let holds = |task: &Task| task.checklists.iter().position(|list| list.id == id);
    let found = change
        .world
        .tasks
        .all()
        .find_map(|task| Some((task.id.clone(), holds(task)?)));
    let (task, place) = found.ok_or(ApiError::UNKNOWN_ID)?;
    Ok((begin(change, actor, &task)?, place))
}

fn finish(edit: TaskEdit<'_, '_>, id: &str) -> Result<Json<Value>, ApiError> {
    let workspace = std::sync::Arc::clone(&edit.world().workspace);
    let task = edit.finish();
    let found = task
        .checklists
        .iter()
        .enumerate()
        .find(|(_, list)| list.id == id);
    let (place, list) = found.ok_or(ApiError::UNKNOWN_ID)?;
    Ok(Json(
        json!({"checklist": object(&workspace, &task, place, list)}),
    ))
}

pub(super) fn of_task(workspace: &Workspace, task: &Task) -> Value {
    task.checklists
        .iter()
        .enumerate()
        .map(|(place, list)| object(workspace, task, place, list))
        .collect()
}

fn object(workspace: &Workspace, task: &Task, place: usize, list: &Checklist) -> Value {
    let resolved = list.items.iter().filter(|item| item.resolved).count();
    let top: Vec<Value> = list
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.parent.is_none())
        .map(|(place, item)| {
            let children: Vec<Value> = list
                .items
                .iter()
                .enumerate()
                .filter(|(_, child)| child.parent.as_ref() == Some(&item.id))
                .map(|(place, child)| item_object(workspace, place, child, Vec::new()))
                .collect();
            item_object(workspace, place, item, children)
        })
        .collect();
    json!({
        "id": list.id,
        "task_id": task.id,
        "name": list.name,
        "date_created": list.date_created.to_string(),
        "orderindex": place,
        "creator": list.creator,
        "resolved": resolved,
        "unresolved": list.items.len() - resolved,
        "items": top,
    })
}

fn item_object(
    workspace: &Workspace,
    place: usize,
    item: &ChecklistItem,
    children: Vec<Value>,
) -> Value {
    json!({
        "id": item.id,
        "name": item.name,
        "orderindex": place,
        "assignee": item.assignee.and_then(|id| workspace.user(id)).map(person),
        "group_assignee": null,
        "resolved": item.resolved,
        "parent": item.parent,
        "date_created": item.date_created.to_string(),
        "start_date": null,
        "start_date_time": false,
        "due_date": null,
        "due_date_time": false,
        "sent_due_date_notif": null,
        "children": children,
    })
}
