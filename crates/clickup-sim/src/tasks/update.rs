//! `PUT /task/{id}`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::body::{self, optional};
use super::change::TaskEdit;
use super::create::{optional_date, priority};
use super::model::{Task, priority_name};
use super::render::{self, Extras, event_status, person, time};
use super::text::{quill, strip_markdown};
use super::view::View;
use crate::auth::{Actor, Caller};
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::Workspace;
use crate::webhooks::history::Item;

const TWIN: &str = "taskUpdated";

pub(crate) async fn update(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let body = body::object(&bytes)?;
    let (view, task) = sim.change(|change| {
        let stale = caller.stale || change.world.options.stale_status_after_put;
        let before = change.world.task(&id)?;
        let mut task = update_task(change, caller.actor, &id, &body)?;
        if stale {
            // The new version with the old status, as was seen on the real service.
            let mut shown = Task::clone(&task);
            shown.status.clone_from(&before.status);
            task = Arc::new(shown);
        }
        let view = View::of(change.world, change.now, [&task]);
        Ok((view, task))
    })?;
    let extras = Extras {
        markdown: query.flag("include_markdown_description"),
        ..Extras::default()
    };
    Ok(Json(render::task(&view, &task, extras)))
}

/// Changes a task as the body says. Tags and custom fields in it are ignored, and so is what has
/// the wrong type.
pub(crate) fn update_task(
    change: &mut Change<'_>,
    actor: Actor,
    id: &str,
    body: &Map<String, Value>,
) -> Result<Arc<Task>, ApiError> {
    let workspace = Arc::clone(&change.world.workspace);
    let mut edit = TaskEdit::begin(change, actor, id)?;
    name(&mut edit, body)?;
    content(&mut edit, body);
    status(&mut edit, &workspace, body)?;
    change_priority(&mut edit, body);
    dates(&mut edit, body);
    people(&mut edit, &workspace, body);
    rest(&mut edit, body)?;
    Ok(edit.finish())
}

fn name(edit: &mut TaskEdit<'_, '_>, body: &Map<String, Value>) -> Result<(), ApiError> {
    let Some(name) = body::text(body, "name").map(str::trim) else {
        return Ok(());
    };
    if name.is_empty() {
        return Err(ApiError::BAD_NAME);
    }
    if name != edit.task.name {
        let old = std::mem::replace(&mut edit.task.name, name.to_owned());
        edit.record(
            &[TWIN],
            Item::new("name", json!(old), json!(name)),
            "renamed the task".to_owned(),
        );
    }
    Ok(())
}

/// Markdown wins over plain text. One space or null clears; an empty text does nothing.
fn content(edit: &mut TaskEdit<'_, '_>, body: &Map<String, Value>) {
    let markdown = body::text(body, "markdown_content")
        .or_else(|| body::text(body, "markdown_description"))
        .filter(|markdown| !markdown.is_empty());
    let (text, markdown) = if let Some(markdown) = markdown {
        (strip_markdown(markdown), Some(markdown.to_owned()))
    } else {
        match body.get("description") {
            Some(Value::Null) => (String::new(), None),
            Some(Value::String(text)) if text == " " => (String::new(), None),
            Some(Value::String(text)) if !text.is_empty() => (text.clone(), None),
            _ => return,
        }
    };
    let markdown = markdown.filter(|markdown| !markdown.trim().is_empty());
    if text != edit.task.text || markdown != edit.task.markdown {
        let item = Item::new("content", Value::Null, quill(&text));
        edit.task.text = text;
        edit.task.markdown = markdown;
        edit.record(&[TWIN], item, "changed the description".to_owned());
    }
}

fn status(
    edit: &mut TaskEdit<'_, '_>,
    workspace: &Workspace,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let Some(name) = body::text(body, "status") else {
        return Ok(());
    };
    let fold = edit.world().options.fold_status_case;
    let list = workspace.list(&edit.task.list);
    let new = list
        .and_then(|list| list.status(name, fold))
        .ok_or(ApiError::STATUS_ON_UPDATE)?;
    if new.status == edit.task.status {
        return Ok(());
    }
    let old = list.and_then(|list| list.status(&edit.task.status, false));
    let item = Item::new(
        "status",
        old.map_or(Value::Null, event_status),
        event_status(new),
    )
    .data(json!({"status_type": new.kind.as_str()}));
    let told = format!("moved the task from {} to {}", edit.task.status, new.status);
    edit.set_status(&new.status, new.kind);
    edit.record(&["taskStatusUpdated", TWIN], item, told);
    Ok(())
}

fn change_priority(edit: &mut TaskEdit<'_, '_>, body: &Map<String, Value>) {
    let Some(new) = priority(body) else {
        return;
    };
    if new == edit.task.priority {
        return;
    }
    let old = std::mem::replace(&mut edit.task.priority, new);
    let item = Item::new("priority", render::priority(old), render::priority(new));
    let name = new.map_or("none", |new| priority_name(new).0);
    edit.record(
        &["taskPriorityUpdated", TWIN],
        item,
        format!("set the priority to {name}"),
    );
}

fn dates(edit: &mut TaskEdit<'_, '_>, body: &Map<String, Value>) {
    let zone = edit.zone_offset_minutes();
    if let Some(new) = optional_date(body, "due_date", "due_date_time", zone) {
        let with_time = new.is_some() && body::flag(body, "due_date_time").unwrap_or(false);
        if new != edit.task.due_date {
            let item = Item::new("due_date", time(edit.task.due_date), time(new)).data(json!({
                "due_date_time": with_time,
                "old_due_date_time": edit.task.due_date_time,
            }));
            edit.task.due_date = new;
            edit.task.due_date_time = with_time;
            let told = "changed the due date".to_owned();
            edit.record(&["taskDueDateUpdated", TWIN], item, told);
        }
    }
    if let Some(new) = optional_date(body, "start_date", "start_date_time", zone) {
        let with_time = new.is_some() && body::flag(body, "start_date_time").unwrap_or(false);
        if new != edit.task.start_date {
            let item = Item::new("start_date", time(edit.task.start_date), time(new))
                .data(json!({"start_date_time": with_time}));
            edit.task.start_date = new;
            edit.task.start_date_time = with_time;
            edit.record(&[TWIN], item, "changed the start date".to_owned());
        }
    }
}

/// `{"assignees": {"add": [..], "rem": [..]}}`; the flat form of create does nothing here.
fn people(edit: &mut TaskEdit<'_, '_>, workspace: &Workspace, body: &Map<String, Value>) {
    let ids = |who: &str, what: &str| -> Vec<u64> {
        let change = body.get(who).and_then(Value::as_object);
        body::integers(change.and_then(|change| change.get(what))).unwrap_or_default()
    };
    for id in ids("assignees", "add") {
        if let Some(user) = workspace.user(id)
            && !edit.task.assignees.contains(&id)
        {
            edit.task.assignees.push(id);
            let item = Item::new("assignee_add", Value::Null, person(user)).without_before();
            let told = format!("assigned {}", user.username);
            edit.record(&["taskAssigneeUpdated", TWIN], item, told);
        }
    }
    for id in ids("assignees", "rem") {
        let before = edit.task.assignees.len();
        edit.task.assignees.retain(|assignee| *assignee != id);
        if edit.task.assignees.len() < before
            && let Some(user) = workspace.user(id)
        {
            let item = if edit.world().options.assignee_rem_in_after {
                Item::new("assignee_rem", Value::Null, person(user))
            } else {
                Item::new("assignee_rem", person(user), Value::Null)
            };
            let told = format!("unassigned {}", user.username);
            edit.record(&["taskAssigneeUpdated", TWIN], item, told);
        }
    }
    let (add, rem) = (ids("watchers", "add"), ids("watchers", "rem"));
    for id in add {
        if workspace.user(id).is_some() && !edit.task.watchers.contains(&id) {
            edit.task.watchers.push(id);
            let item = Item::new("follower", Value::Null, json!(id.to_string()));
            edit.record(&[TWIN], item, "added a watcher".to_owned());
        }
    }
    if rem.iter().any(|id| edit.task.watchers.contains(id)) {
        edit.task.watchers.retain(|id| !rem.contains(id));
        let item = Item::new("unfollower", Value::Null, Value::Null);
        edit.record(&[TWIN], item, "removed a watcher".to_owned());
    }
}

fn rest(edit: &mut TaskEdit<'_, '_>, body: &Map<String, Value>) -> Result<(), ApiError> {
    if let Some(new) = optional(body, "time_estimate", Value::as_i64)
        && new != edit.task.time_estimate
    {
        let old = std::mem::replace(&mut edit.task.time_estimate, new);
        let item = Item::new("time_estimate", time(old), time(new)).data(json!({
            "time_estimate_string": new.map(|ms| format!("{} minutes", ms / 60_000)),
            "old_time_estimate_string": old.map(|ms| format!("{} minutes", ms / 60_000)),
            "rolled_up_time_estimate": new,
            "time_estimate": new,
            "time_estimates_by_user": [],
        }));
        let told = "changed the time estimate".to_owned();
        edit.record(&["taskTimeEstimateUpdated", TWIN], item, told);
    }
    if let Some(new) = optional(body, "points", Value::as_f64)
        && new != edit.task.points
    {
        let old = std::mem::replace(&mut edit.task.points, new);
        let item = Item::new("points", json!(old), json!(new));
        edit.record(&[TWIN], item, "changed the points".to_owned());
    }
    if let Some(new) = body::flag(body, "archived")
        && new != edit.task.archived
    {
        edit.task.archived = new;
        let item = Item::new("archived", json!(!new), json!(new));
        let told = if new { "archived" } else { "unarchived" };
        let events: &[&str] = if edit.world().options.archive_events {
            &[TWIN]
        } else {
            &[]
        };
        edit.record(events, item, format!("{told} the task"));
    }
    // Null does not make a task of a subtask, and a task is not its own parent.
    if let Some(id) = body::text(body, "parent")
        && edit.task.parent.as_deref() != Some(id)
        && id != edit.task.id
    {
        let parent = edit.world().task(id)?;
        if parent.list != edit.task.list {
            return Err(ApiError::FOREIGN_PARENT);
        }
        let old = edit.task.parent.replace(id.to_owned());
        edit.task.top_parent = Some(parent.top_parent.clone().unwrap_or_else(|| id.to_owned()));
        let item = Item::new("parent", json!(old), json!(id));
        edit.record(&[TWIN], item, "moved the task below another".to_owned());
    }
    Ok(())
}
