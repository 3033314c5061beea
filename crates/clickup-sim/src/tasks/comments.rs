//! Comments on tasks.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::{Extension, Json};
use serde_json::{Map, Value, json};

use super::body::{self, optional};
use super::change::task_event;
use super::model::{Activity, Comment, Task};
use super::render::person;
use super::text::strip_markdown;
use crate::auth::{Actor, Caller};
use crate::errors::ApiError;
use crate::query::Query;
use crate::sim::{Change, Sim};
use crate::state::Workspace;
use crate::webhooks::history::Item;

/// Comments per page.
const PAGE: usize = 25;
/// Where comment ids begin; real ones are large.
const FIRST_ID: u64 = 90_010_000_000_000;

/// `GET /task/{id}/comment`: newest first; the next page begins after `start` and `start_id`,
/// which must come together.
pub(crate) async fn list(
    State(sim): State<Sim>,
    Path(task): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let cursor = query.integer("start").zip(query.integer("start_id"));
    sim.read(|world| {
        let task = world.task(&task)?;
        let all = world.comments(task.n);
        let mut comments: Vec<&Comment> = all
            .iter()
            .filter(|comment| comment.parent.is_none())
            .collect();
        comments.sort_unstable_by_key(|comment| (comment.date, comment.id));
        let page: Vec<Value> = comments
            .into_iter()
            .rev()
            .filter(|comment| {
                let key = (comment.date, i64::try_from(comment.id).unwrap_or(i64::MAX));
                cursor.is_none_or(|cursor| key < cursor)
            })
            .take(PAGE)
            .map(|comment| render(&world.workspace, comment, all))
            .collect();
        Ok(Json(json!({"comments": page})))
    })
}

/// `POST /task/{id}/comment`: the id is a number here and text everywhere else.
pub(crate) async fn create(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(task): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let comment = sim.change(|change| post(change, caller.actor, &task, None, &body))?;
    Ok(Json(receipt(&comment)))
}

/// `GET /comment/{id}/reply`: the answers, without what they answer.
pub(crate) async fn replies(
    State(sim): State<Sim>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, ApiError> {
    sim.read(|world| {
        let parent = world.comment(id).ok_or(ApiError::UNKNOWN_ID)?;
        let thread = world.comments(parent.task);
        let replies: Vec<Value> = thread
            .iter()
            .filter(|comment| comment.parent == Some(id))
            .map(|comment| render(&world.workspace, comment, thread))
            .collect();
        Ok(Json(json!({"comments": replies})))
    })
}

/// `POST /comment/{id}/reply`
pub(crate) async fn reply(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    let comment = sim.change(|change| {
        let parent = change.world.comment(id).ok_or(ApiError::UNKNOWN_ID)?;
        // Threads are one level deep.
        let root = parent.parent.unwrap_or(id);
        let task = change.world.tasks.by_number(parent.task);
        let task = task.ok_or(ApiError::TASK_DELETED)?.id.clone();
        post(change, caller.actor, &task, Some(root), &body)
    })?;
    Ok(Json(receipt(&comment)))
}

fn receipt(comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "hist_id": comment.history_id,
        "date": comment.date,
    })
}

/// Posts a comment and queues its event.
pub(crate) fn post(
    change: &mut Change<'_>,
    actor: Actor,
    task: &str,
    parent: Option<u64>,
    body: &Map<String, Value>,
) -> Result<Comment, ApiError> {
    let (text, blocks) = text_of(body)?;
    let task = change.world.task(task)?;
    let now = change.now;
    let world = &mut *change.world;
    let assignee = optional(body, "assignee", Value::as_u64)
        .flatten()
        .filter(|id| world.workspace.user(*id).is_some());
    let comment = Comment {
        id: world.ids.digits(FIRST_ID),
        history_id: world.ids.snowflake(now),
        task: task.n,
        user: actor.user,
        text,
        blocks,
        date: now,
        resolved: false,
        assignee,
        assigned_by: assignee.map(|_| actor.user),
        parent,
    };
    world.put_comment(comment.clone());
    announce(change, actor, &task, &comment, "taskCommentPosted");
    if change.world.options.comments_move_date_updated {
        change.world.put_task(Task::clone(&task), now);
    }
    change.world.add_activity(
        task.n,
        Activity {
            at: now,
            user: actor.user,
            via_api: actor.via_api,
            text: "commented".to_owned(),
        },
    );
    Ok(comment)
}

/// `PUT /comment/{id}`: the event repeats the history id of the posting.
pub(crate) async fn update(
    State(sim): State<Sim>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<u64>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body = body::object(&bytes)?;
    sim.change(|change| edit(change, caller.actor, id, &body))?;
    Ok(Json(json!({})))
}

/// Changes a comment and queues the event.
pub(crate) fn edit(
    change: &mut Change<'_>,
    actor: Actor,
    id: u64,
    body: &Map<String, Value>,
) -> Result<(), ApiError> {
    let found = change.world.comment(id).cloned();
    let mut comment = found.ok_or(ApiError::UNKNOWN_ID)?;
    let task = change.world.tasks.by_number(comment.task).cloned();
    let task = task.ok_or(ApiError::TASK_DELETED)?;
    if let Ok((text, blocks)) = text_of(body) {
        comment.text = text;
        comment.blocks = blocks;
    }
    if let Some(resolved) = body::flag(body, "resolved") {
        comment.resolved = resolved;
    }
    if let Some(assignee) = optional(body, "assignee", Value::as_u64) {
        comment.assignee = assignee;
        comment.assigned_by = assignee.map(|_| actor.user);
    }
    change.world.put_comment(comment.clone());
    announce(change, actor, &task, &comment, "taskCommentUpdated");
    Ok(())
}

/// `DELETE /comment/{id}`: no event.
pub(crate) async fn delete(
    State(sim): State<Sim>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, ApiError> {
    sim.change(|change| {
        let task = change.world.comment(id).map(|comment| comment.task);
        change
            .world
            .remove_comment(task.ok_or(ApiError::UNKNOWN_ID)?, id);
        Ok(Json(json!({})))
    })
}

fn announce(
    change: &mut Change<'_>,
    actor: Actor,
    task: &Task,
    comment: &Comment,
    event: &'static str,
) {
    let workspace = std::sync::Arc::clone(&change.world.workspace);
    let user = workspace.user(comment.user).map(person);
    let object = json!({
        "id": comment.id.to_string(),
        "date": comment.date.to_string(),
        "parent": task.id,
        "type": 1,
        "comment": comment.blocks,
        "text_content": format!("{}\n", comment.text),
        "x": null, "y": null, "image_y": null, "image_x": null,
        "page": null, "comment_number": null, "page_id": null, "page_name": null,
        "view_id": null, "view_name": null, "team": null,
        "user": user,
        "new_thread_count": 0,
        "new_mentioned_thread_count": 0,
        "email_attachments": [],
        "threaded_users": [],
        "threaded_replies": 0,
        "threaded_assignees": 0,
        "threaded_assignees_members": [],
        "threaded_unresolved_count": 0,
        "thread_followers": [user],
        "group_thread_followers": [],
        "reactions": [],
        "emails": [],
    });
    let afresh =
        event == "taskCommentUpdated" && change.world.options.new_history_id_on_comment_update;
    let (id, date) = if afresh {
        (None, change.now)
    } else {
        (Some(comment.history_id.clone()), comment.date)
    };
    let mut item =
        Item::new("comment", Value::Null, json!(comment.id.to_string())).extra("comment", object);
    if let Some(parent) = comment.parent {
        item = item.extra("parent_comment", json!(parent.to_string()));
    }
    let item = item.build(change.world, actor, &task.list, date, id);
    for name in [event, "taskUpdated"] {
        let event = task_event(change.world, name, task, vec![item.clone()]);
        change.world.events.push(event);
    }
}

/// A comment as it is read; `thread` holds all comments of its task.
pub(crate) fn render(workspace: &Workspace, comment: &Comment, thread: &[Comment]) -> Value {
    let answers = thread
        .iter()
        .filter(|other| other.parent == Some(comment.id));
    let user = |id: Option<u64>| id.and_then(|id| workspace.user(id)).map(person);
    json!({
        "id": comment.id.to_string(),
        "comment": comment.blocks,
        "comment_text": comment.text,
        "user": user(Some(comment.user)),
        "resolved": comment.resolved,
        "assignee": user(comment.assignee),
        "assigned_by": user(comment.assigned_by),
        "reactions": [],
        "date": comment.date.to_string(),
        "reply_count": answers.count().to_string(),
    })
}

/// Plain text and blocks of a write, which comes as text, markdown or blocks.
fn text_of(body: &Map<String, Value>) -> Result<(String, Vec<Value>), ApiError> {
    if let Some(blocks) = body.get("comment").and_then(Value::as_array) {
        let text: String = blocks
            .iter()
            .filter_map(|block| block.get("text").and_then(Value::as_str))
            .collect();
        if text.trim().is_empty() {
            return Err(ApiError::EMPTY_COMMENT);
        }
        return Ok((text.trim_end_matches('\n').to_owned(), blocks.clone()));
    }
    let text = match body::text(body, "markdown_text") {
        Some(markdown) => strip_markdown(markdown),
        None => body::text(body, "comment_text")
            .unwrap_or_default()
            .to_owned(),
    };
    if text.trim().is_empty() {
        return Err(ApiError::EMPTY_COMMENT);
    }
    let blocks = vec![json!({"text": text, "attributes": {}})];
    Ok((text, blocks))
}
