//! What a person does beside editing a card: attach, move, and see to comments.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Refusal, Who, read};
use crate::attachments::calls::attach as attach_file;
use crate::attachments::upload::{Upload, host};
use crate::errors::ApiError;
use crate::sim::Sim;
use crate::tasks::comments;
use crate::tasks::moving::move_task;

#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    name: String,
    #[serde(rename = "as")]
    who: Option<String>,
}

/// `POST /_sim/tasks/{id}/attachments?name=plan.pdf` with the content as body.
pub(crate) async fn attach(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    content: Bytes,
) -> Result<Json<Value>, Refusal> {
    let actor = Who::named(named.who).actor(&sim)?;
    let mime = headers
        .get(header::CONTENT_TYPE)
        .and_then(|mime| mime.to_str().ok());
    let upload = Upload::of_person(&named.name, mime, content);
    let host = host(&headers);
    let attachment = sim.change(|change| attach_file(change, actor, &id, upload, &host))?;
    Ok(Json(attachment.receipt()))
}

/// `POST /_sim/tasks/{id}/move` with `{"list": ID}`, and what else the v3 move takes.
pub(crate) async fn to_list(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(who): Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let actor = who.actor(&sim)?;
    let mut body: Map<String, Value> = read(&bytes)?;
    let Some(Value::String(list)) = body.remove("list") else {
        return Err(Refusal::bad("body: list is missing"));
    };
    sim.change(|change| move_task(change, actor, &id, &list, &body))?;
    Ok(Json(json!({"id": id, "list": list})))
}

/// `POST /_sim/comments/{id}` with `{"text": "…"}`
pub(crate) async fn edit_comment(
    State(sim): State<Sim>,
    Path(id): Path<u64>,
    Query(who): Query<Who>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let actor = who.actor(&sim)?;
    let body: Map<String, Value> = read(&bytes)?;
    let text = body.get("text").and_then(Value::as_str);
    let text = text
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Refusal::bad("body: text is missing"))?;
    let mut change_of = Map::new();
    change_of.insert("comment_text".into(), json!(text));
    sim.change(|change| comments::edit(change, actor, id, &change_of))?;
    Ok(Json(json!({"id": id.to_string()})))
}

/// `DELETE /_sim/comments/{id}`: nobody is told.
pub(crate) async fn delete_comment(
    State(sim): State<Sim>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Refusal> {
    sim.change(|change| {
        let task = change.world.comment(id).map(|comment| comment.task);
        let task = task.ok_or(ApiError::UNKNOWN_ID)?;
        change.world.remove_comment(task, id);
        Ok(())
    })?;
    Ok(StatusCode::NO_CONTENT)
}
