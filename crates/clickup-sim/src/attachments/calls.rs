//! Calls on attachments: upload by v2 and v3, list by v3. There is no list in v2.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::upload::{Upload, host};
use super::{Attachment, Parent};
use crate::auth::{Actor, Caller};
use crate::errors::{ApiError, ErrorV3};
use crate::fields::FieldKind;
use crate::hierarchy::check_team;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::World;
use crate::tasks::change::TaskEdit;
use crate::webhooks::history::Item;

/// Attachments per task at most.
const MOST: usize = 1_000;

/// `POST /task/{id}/attachment`
pub(crate) async fn to_task(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(task): Path<String>,
    request: Request<Body>,
) -> Result<Json<Value>, ApiError> {
    let host = host(request.headers());
    // A task that is not there is told before the file is read.
    sim.read(|world| world.task(&task).map(|_| ()))?;
    let upload = Upload::read(request).await?;
    let attachment = sim.change(|change| attach(change, caller.actor, &task, upload, &host))?;
    Ok(Json(attachment.receipt()))
}

/// Hangs a file on a task.
pub(crate) fn attach(
    change: &mut Change<'_>,
    actor: Actor,
    task: &str,
    upload: Upload,
    host: &str,
) -> Result<Attachment, ApiError> {
    let known = change.world.task(task)?;
    if known.attachments.len() >= MOST {
        return Err(ApiError::STORAGE_FULL);
    }
    let attachment = upload.keep(change, actor.user, &known.id, Parent::Task, host);
    let told = change.world.options.attachment_events;
    let workspace = Arc::clone(&change.world.workspace);
    let mut edit = TaskEdit::begin(change, actor, task)?;
    edit.task.attachments.push(attachment.clone());
    let item = Item::new(
        "attachments",
        Value::Null,
        json!([attachment.object(&workspace)]),
    );
    let events: &[&str] = if told { &["taskUpdated"] } else { &[] };
    edit.record(events, item, format!("attached {}", attachment.title));
    edit.finish();
    Ok(attachment)
}

/// `POST /api/v3/workspaces/{team}/{kind}/{id}/attachments`
pub(crate) async fn to_entity(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path((team, kind, id)): Path<(String, String, String)>,
    request: Request<Body>,
) -> Result<Json<Value>, ErrorV3> {
    let v3 = |error| ErrorV3::at(error, sim.now_ms());
    let host = host(request.headers());
    let parent = sim
        .read(|world| check_team(world, &team).and_then(|()| parent(world, &kind, &id)))
        .map_err(v3)?;
    let upload = Upload::read(request).await.map_err(v3)?;
    let attachment = sim
        .change(|change| match parent {
            Parent::Task => attach(change, caller.actor, &id, upload, &host),
            Parent::CustomField => {
                let attachment =
                    upload.keep(change, caller.actor.user, &id, Parent::CustomField, &host);
                change.world.put_upload(attachment.clone());
                Ok(attachment)
            }
        })
        .map_err(v3)?;
    Ok(Json(attachment.object_v3()))
}

/// `GET /api/v3/workspaces/{team}/{kind}/{id}/attachments?cursor=&limit=`: oldest first. The cursor
/// of the last page is empty.
pub(crate) async fn of_entity(
    State(sim): State<Sim>,
    Path((team, kind, id)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ErrorV3> {
    let listed = sim.read(|world| {
        check_team(world, &team)?;
        let query = Query::parse(query.as_deref())?;
        let limit = query.integer("limit").unwrap_or(50);
        let limit = usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or(ApiError::BAD_PAGING)?;
        let all: Vec<Attachment> = match parent(world, &kind, &id)? {
            Parent::Task => world.task(&id)?.attachments.clone(),
            Parent::CustomField => world
                .uploads
                .values()
                .filter(|upload| upload.parent == id)
                .cloned()
                .collect(),
        };
        let start = match query.first("cursor").filter(|cursor| !cursor.is_empty()) {
            None => 0,
            // The cursor is the last id seen, so that uploads between two pages shift nothing.
            Some(cursor) => {
                let seen = all.iter().position(|attachment| attachment.id == cursor);
                seen.ok_or(ApiError::BAD_PAGING)? + 1
            }
        };
        let page: Vec<&Attachment> = all.iter().skip(start).take(limit).collect();
        let more = start + page.len() < all.len();
        let cursor = page.last().filter(|_| more).map(|last| last.id.clone());
        let data: Vec<Value> = page.into_iter().map(Attachment::object_v3).collect();
        Ok(Json(
            json!({"data": data, "next_cursor": cursor.unwrap_or_default()}),
        ))
    });
    listed.map_err(|error| ErrorV3::at(error, sim.now_ms()))
}

/// In the path, `attachments` is the kind that means a task.
fn parent(world: &World, kind: &str, id: &str) -> Result<Parent, ApiError> {
    match kind {
        "attachments" => world.task(id).map(|_| Parent::Task),
        "custom_fields" => world
            .workspace
            .field(id)
            .filter(|field| field.kind == FieldKind::Attachment)
            .map(|_| Parent::CustomField)
            .ok_or(ApiError::NO_ENTITY),
        _ => Err(ApiError::BAD_ENTITY),
    }
}
