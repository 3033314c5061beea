//! Tasks in several lists, merged tasks, and the time that a task spent in its statuses.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::body;
use super::change::TaskEdit;
use super::delete::delete_task;
use super::model::Task;
use crate::auth::Caller;
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::Sim;
use crate::state::World;
use crate::webhooks::history::Item;

/// Lists that show one task, and tasks of one bulk call, at most.
const MOST: usize = 100;

/// `POST /list/{list}/task/{task}`: no event tells of it.
pub(crate) async fn add(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((list, task)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        if change.world.list(&list)?.deleted {
            return Err(ApiError::UNKNOWN_ID);
        }
        let mut edit = TaskEdit::begin(change, caller.actor, &task)?;
        let known = edit.task.list == list || edit.task.lists.contains(&list);
        if !known && edit.task.lists.len() < MOST {
            edit.task.lists.push(list.clone());
            let item = Item::new("locations", Value::Null, json!(list));
            edit.record(&[], item, "showed the task in another list".to_owned());
        }
        edit.finish();
        Ok(Json(json!({})))
    })
}

/// `DELETE /list/{list}/task/{task}`: not from the list that is its home.
pub(crate) async fn remove(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((list, task)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        change.world.list(&list)?;
        let mut edit = TaskEdit::begin(change, caller.actor, &task)?;
        if edit.task.lists.contains(&list) {
            edit.task.lists.retain(|id| *id != list);
            let item = Item::new("locations", json!(list), Value::Null);
            edit.record(&[], item, "took the task out of a list".to_owned());
        }
        edit.finish();
        Ok(Json(json!({})))
    })
}

/// `POST /task/{id}/merge` with `{"source_task_ids": […]}`: the sources disappear.
pub(crate) async fn merge(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let sources: Vec<&str> = body
        .get("source_task_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if sources.is_empty() || sources.len() > MOST || sources.contains(&id.as_str()) {
        return Err(ApiError::MERGE);
    }
    sim.change(|change| {
        change.world.task(&id)?;
        let mut tasks = Vec::new();
        for source in &sources {
            tasks.push(change.world.task(source)?);
        }
        let mut edit = TaskEdit::begin(change, caller.actor, &id)?;
        for source in &tasks {
            edit.task.attachments.extend(source.attachments.clone());
            for tag in &source.tags {
                if !edit.task.tags.contains(tag) {
                    edit.task.tags.push(tag.clone());
                }
            }
        }
        let item = Item::new("merged", Value::Null, json!(sources));
        let told = format!("merged {} tasks into this one", sources.len());
        edit.record(&["taskUpdated"], item, told);
        edit.finish();
        for source in &sources {
            // One source may have been below another and be gone by now.
            let _ = delete_task(change, source);
        }
        Ok(Json(json!({})))
    })
}

/// `GET /task/{id}/time_in_status`
pub(crate) async fn time_in_status(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let now = sim.now_ms();
    sim.read(|world| Ok(Json(stations(world, &*world.task(&id)?, now))))
}

/// `GET /task/bulk_time_in_status/task_ids?task_ids=a&task_ids=b`
pub(crate) async fn bulk_time_in_status(
    State(sim): State<Sim>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let ids = query.repeated("task_ids");
    if ids.is_empty() || ids.len() > MOST {
        return Err(ApiError::NO_TIME_IN_STATUS);
    }
    let now = sim.now_ms();
    sim.read(|world| {
        let mut out = Map::new();
        for id in ids {
            out.insert(id.to_owned(), stations(world, &*world.task(id)?, now));
        }
        Ok(Json(Value::Object(out)))
    })
}

fn stations(world: &World, task: &Task, now: i64) -> Value {
    let list = world.workspace.list(&task.list);
    let mut history: Vec<Value> = Vec::new();
    let mut current = Value::Null;
    for (place, (name, since)) in task.stations.iter().enumerate() {
        let next = task.stations.get(place + 1);
        let until = next.map_or(now, |(_, at)| *at);
        let total = json!({
            "by_minute": (until - since).max(0) / 60_000,
            "since": since.to_string(),
        });
        let status = list.and_then(|list| list.status(name, false));
        let color = status.map_or("#d3d3d3", |status| status.color.as_str());
        if next.is_none() {
            current = json!({"status": name, "color": color, "total_time": total});
        }
        history.push(json!({
            "status": name,
            "color": color,
            "type": status.map_or("custom", |status| status.kind.as_str()),
            "total_time": total,
            "orderindex": status.map_or(0, |status| status.orderindex),
        }));
    }
    json!({"current_status": current, "status_history": history})
}
