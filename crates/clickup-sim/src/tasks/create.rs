//! `POST /list/{id}/task`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::body::{self, optional};
use super::change::task_event;
use super::dates::snap_to_local_morning;
use super::model::{Activity, Link, Task};
use super::render::{Extras, event_status, task as render};
use super::tags;
use super::text::strip_markdown;
use super::view::View;
use crate::auth::{Actor, Caller};
use crate::errors::ApiError;
use crate::fields::calls::{applicable, wants_time};
use crate::fields::write::{Write, parse};
use crate::sim::{Change, Sim};
use crate::state::{StatusKind, World};
use crate::webhooks::history::Item;

/// Longest name the simulator takes.
const LONGEST_NAME: usize = 2_000;

pub(crate) async fn create(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let (view, task) = sim.change(|change| {
        let task = create_task(change, caller.actor, &list, &body)?;
        let view = View::of(change.world, change.now, [&task]);
        Ok((view, task))
    })?;
    Ok(Json(render(&view, &task, Extras::default())))
}

/// Makes a task and queues its events.
pub(crate) fn create_task(
    change: &mut Change<'_>,
    actor: Actor,
    list_id: &str,
    body: &Map<String, Value>,
) -> Result<Arc<Task>, ApiError> {
    let now = change.now;
    let world = &mut *change.world;
    let workspace = Arc::clone(&world.workspace);
    let list = world.list(list_id)?;
    if list.deleted {
        return Err(ApiError::UNKNOWN_ID);
    }
    let name = task_name(body)?;
    let status = match body::text(body, "status") {
        Some(name) => workspace
            .list(list_id)
            .and_then(|list| list.status(name, world.options.fold_status_case))
            .ok_or(ApiError::STATUS_ON_CREATE)?,
        None => workspace
            .list(list_id)
            .and_then(|list| list.open_status())
            .ok_or(ApiError::STATUS_ON_CREATE)?,
    };
    let parent = parent(world, list_id, body)?;
    let zone = world.options.zone_offset_minutes;
    let due = due_date(body, zone)?;
    let start = optional_date(body, "start_date", "start_date_time", zone);
    let (text, markdown) = description(body);
    let assignees = body::integers(body.get("assignees"))
        .unwrap_or_default()
        .into_iter()
        .filter(|id| workspace.user(*id).is_some())
        .collect();

    let mut task = Task {
        n: 0,
        id: String::new(),
        list: list_id.to_owned(),
        name,
        text,
        markdown,
        status: status.status.clone(),
        date_created: now,
        date_updated: now,
        date_closed: (status.kind == StatusKind::Closed).then_some(now),
        date_done: matches!(status.kind, StatusKind::Done | StatusKind::Closed).then_some(now),
        archived: body::flag(body, "archived").unwrap_or(false),
        creator: actor.user,
        assignees,
        watchers: vec![actor.user],
        tags: Vec::new(),
        top_parent: parent.as_ref().map(|parent| {
            parent
                .top_parent
                .clone()
                .unwrap_or_else(|| parent.id.clone())
        }),
        parent: parent.map(|parent| parent.id.clone()),
        priority: priority(body).flatten(),
        due_date: due,
        due_date_time: due.is_some() && body::flag(body, "due_date_time").unwrap_or(false),
        start_date: start.flatten(),
        start_date_time: body::flag(body, "start_date_time").unwrap_or(false),
        points: optional(body, "points", Value::as_f64).flatten(),
        time_estimate: optional(body, "time_estimate", Value::as_i64).flatten(),
        custom_item_id: optional(body, "custom_item_id", Value::as_i64)
            .flatten()
            .unwrap_or(0),
        fields: std::collections::BTreeMap::new(),
        checklists: Vec::new(),
        dependencies: Vec::new(),
        links: Vec::new(),
        attachments: Vec::new(),
        lists: Vec::new(),
        stations: Vec::new(),
    };
    set_fields(world, &mut task, body)?;
    if body::flag(body, "check_required_custom_fields") == Some(true) {
        let of_list = workspace.list(list_id);
        let mut required = of_list
            .into_iter()
            .flat_map(|list| workspace.fields_of(list))
            .filter(|field| field.required);
        if required.any(|field| !task.fields.contains_key(&field.id)) {
            return Err(ApiError::FIELD_REQUIRED);
        }
    }
    let linked = match body::text(body, "links_to") {
        Some(other) => Some(world.task(other)?),
        None => None,
    };
    // Nothing can fail from here on.
    task.n = world.ids.number();
    task.id = world.ids.task_id(task.n);
    task.tags = tags::of_new_task(world, &list_space(world, list_id), actor.user, body);
    if let Some(other) = linked {
        let link = world.ids.uuid();
        let end = |other: &str| Link {
            id: link.clone(),
            other: other.to_owned(),
            date_created: now,
            user: actor.user,
        };
        task.links.push(end(&other.id));
        let mut other = Task::clone(&other);
        other.links.push(end(&task.id));
        world.put_task(other, now);
    }
    let task = world.put_task(task, now);

    let status_item = Item::new(
        "status",
        json!({"status": null, "color": "#000000", "type": "removed", "orderindex": -1}),
        event_status(status),
    )
    .data(json!({"status_type": status.kind.as_str()}))
    // Seen on the real service: the status item of a task made by the API names no source.
    .sourceless()
    .build(world, actor, list_id, task.date_created, None);
    let creation_data = if actor.via_api && !world.options.old_webhook_bodies {
        let trace = world.ids.snowflake(now);
        json!({"via": "api", "trace_id": trace, "subcategory_id": list_id})
    } else {
        json!({"subcategory_id": list_id})
    };
    let creation_item = Item::new("task_creation", Value::Null, Value::Null)
        .data(creation_data)
        .build(world, actor, list_id, task.date_created, None);
    let created = task_event(
        world,
        "taskCreated",
        &task,
        vec![status_item.clone(), creation_item],
    );
    let moved = task_event(world, "taskStatusUpdated", &task, vec![status_item]);
    world.events.extend([created, moved]);
    world.add_activity(
        task.n,
        Activity {
            at: task.date_created,
            user: actor.user,
            via_api: actor.via_api,
            text: "created the task".to_owned(),
        },
    );
    Ok(task)
}

/// Values for fields that do not apply are dropped without a word; bad values are refused.
fn set_fields(world: &World, task: &mut Task, body: &Map<String, Value>) -> Result<(), ApiError> {
    let workspace = &world.workspace;
    let entries = body.get("custom_fields").and_then(Value::as_array);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object) {
        let field = body::text(entry, "id").and_then(|id| applicable(workspace, &task.list, id));
        let (Some(field), Some(value)) = (field, entry.get("value")) else {
            continue;
        };
        if !field.kind.is_settable_on_create() {
            continue;
        }
        if let Write::Set(stored) = parse(world, field, None, value, wants_time(entry))? {
            task.fields.insert(field.id.clone(), stored);
        }
    }
    Ok(())
}

fn parent(
    world: &World,
    list: &str,
    body: &Map<String, Value>,
) -> Result<Option<Arc<Task>>, ApiError> {
    let Some(id) = body::text(body, "parent") else {
        return Ok(None);
    };
    let parent = world.task(id)?;
    if parent.list == list {
        Ok(Some(parent))
    } else {
        Err(ApiError::FOREIGN_PARENT)
    }
}

fn list_space(world: &World, list: &str) -> String {
    world
        .workspace
        .list(list)
        .map(|list| list.space.clone())
        .unwrap_or_default()
}

fn task_name(body: &Map<String, Value>) -> Result<String, ApiError> {
    body::text(body, "name")
        .map(str::trim)
        .filter(|name| !name.is_empty() && name.chars().count() <= LONGEST_NAME)
        .map(str::to_owned)
        .ok_or(ApiError::BAD_NAME)
}

/// Plain text and markdown of a new task; markdown wins.
fn description(body: &Map<String, Value>) -> (String, Option<String>) {
    let markdown = body::text(body, "markdown_content")
        .or_else(|| body::text(body, "markdown_description"))
        .filter(|markdown| !markdown.is_empty());
    match markdown {
        Some(markdown) => (strip_markdown(markdown), Some(markdown.to_owned())),
        None => (
            body::text(body, "description")
                .unwrap_or_default()
                .to_owned(),
            None,
        ),
    }
}

/// Absent, cleared, or 1 to 4; anything else is ignored.
pub(crate) fn priority(body: &Map<String, Value>) -> Option<Option<u8>> {
    optional(body, "priority", |value| {
        value
            .as_u64()
            .and_then(|priority| u8::try_from(priority).ok())
            .filter(|priority| (1..=4).contains(priority))
    })
}

fn due_date(body: &Map<String, Value>, zone: i64) -> Result<Option<i64>, ApiError> {
    match body.get("due_date") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(_)) => {
            Ok(optional_date(body, "due_date", "due_date_time", zone).flatten())
        }
        Some(_) => Err(ApiError::BAD_DUE_DATE),
    }
}

/// A date of a write: absent, cleared, or an instant, snapped when the time of day is not meant.
pub(crate) fn optional_date(
    body: &Map<String, Value>,
    key: &str,
    time_key: &str,
    zone: i64,
) -> Option<Option<i64>> {
    let date = optional(body, key, Value::as_i64)?;
    let with_time = body::flag(body, time_key).unwrap_or(false);
    Some(date.map(|millis| {
        if with_time {
            millis
        } else {
            snap_to_local_morning(millis, zone)
        }
    }))
}
