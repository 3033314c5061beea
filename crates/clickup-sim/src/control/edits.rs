//! Edits as a person makes them in the user interface: user 2, no `source`, no API budget.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::{Json, response::IntoResponse};
use serde_json::{Map, Value, json};

use super::{Refusal, Who, read};
use crate::errors::ApiError;
use crate::fields::calls as fields;
use crate::sim::{Change, Sim};
use crate::tasks::comments::post;
use crate::tasks::create::create_task;
use crate::tasks::delete::delete_task;
use crate::tasks::model::Task;
use crate::tasks::render::{self, Extras};
use crate::tasks::update::update_task;
use crate::tasks::view::View;
use crate::webhooks::HookStatus;

/// `POST /_sim/tasks/{id}/status` with `{"status": "reviewed"}`
pub(crate) async fn status(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(who): Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body: Map<String, Value> = read(&bytes)?;
    let Some(status) = body.get("status").and_then(Value::as_str) else {
        return Err(Refusal::bad("body: status is missing"));
    };
    let mut change = Map::new();
    change.insert("status".into(), json!(status));
    edit(&sim, who, &id, &change)
}

/// `POST /_sim/tasks/{id}`: any of what the API's PUT takes, and `custom_fields` by field id.
pub(crate) async fn task(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(who): Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    edit(&sim, who, &id, &read(&bytes)?)
}

fn edit(sim: &Sim, who: Who, id: &str, body: &Map<String, Value>) -> Result<Json<Value>, Refusal> {
    let mut body = body.clone();
    // A person who empties the text means it; the API ignores an empty text.
    if body.get("description") == Some(&json!("")) {
        body.insert("description".into(), Value::Null);
    }
    let actor = who.actor(sim)?;
    let object = sim.change(|change| {
        // Everything is checked before anything is changed.
        if let Some(Value::Object(values)) = body.get("custom_fields") {
            let task = change.world.task(id)?;
            let workspace = Arc::clone(&change.world.workspace);
            let unknown = |field: &String| fields::applicable(&workspace, &task.list, field);
            if values.keys().any(|field| unknown(field).is_none()) {
                return Err(ApiError::FIELD_UNKNOWN);
            }
        }
        // Status names are picked from a menu, so their case cannot be wrong.
        if let Some(status) = body.get("status").and_then(Value::as_str) {
            let task = change.world.task(id)?;
            let found = change.world.list(&task.list)?.status(status, true);
            let exact = found.ok_or(ApiError::STATUS_ON_UPDATE)?.status.clone();
            body.insert("status".into(), json!(exact));
        }
        update_task(change, actor, id, &body)?;
        if let Some(Value::Object(values)) = body.get("custom_fields") {
            for (field, value) in values {
                fields::write(change, actor, id, field, value, false)?;
            }
        }
        let task = change.world.task(id)?;
        Ok(shown(change, &task))
    })?;
    Ok(Json(object))
}

/// `POST /_sim/lists/{id}/tasks`: a new task as a person makes it.
pub(crate) async fn create(
    State(sim): State<Sim>,
    Path(list): Path<String>,
    Query(who): Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let body: Map<String, Value> = read(&bytes)?;
    let actor = who.actor(&sim)?;
    let object = sim.change(|change| {
        let task = create_task(change, actor, &list, &body)?;
        Ok(shown(change, &task))
    })?;
    Ok(Json(object))
}

/// `POST /_sim/tasks/{id}/comment` with `{"text": "…"}`
pub(crate) async fn comment(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(who): Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let actor = who.actor(&sim)?;
    let body: Map<String, Value> = read(&bytes)?;
    let mut comment = Map::new();
    comment.insert(
        "comment_text".into(),
        body.get("text").cloned().unwrap_or_default(),
    );
    let comment = sim.change(|change| post(change, actor, &id, None, &comment))?;
    Ok(Json(json!({"id": comment.id.to_string()})))
}

/// `DELETE /_sim/tasks/{id}`
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    sim.change(|change| delete_task(change, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_sim/webhooks/{id}/suspend`: what the real service does without telling.
pub(crate) async fn suspend(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    sim.change(|change| {
        change.world.change_webhooks(|webhooks| {
            let hook = webhooks.iter_mut().find(|hook| hook.id == id);
            hook.ok_or(ApiError::UNKNOWN_ID)?.status = HookStatus::Suspended;
            Ok(())
        })
    })?;
    Ok(Json(json!({})))
}

fn shown(change: &Change<'_>, task: &Arc<Task>) -> Value {
    let view = View::of(change.world, change.now, [task]);
    render::task(&view, task, Extras::default())
}
