//! What the control interface shows.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::requests::Excerpt;
use crate::sim::Sim;
use crate::tasks::comments;
use crate::tasks::model::Task;
use crate::tasks::render::{self, Extras};
use crate::tasks::view::View;

/// Most log entries per answer.
const MOST_ENTRIES: usize = 100_000;

/// `GET /_sim/health`
pub(crate) async fn health(State(sim): State<Sim>) -> Json<Value> {
    let (tasks, version) = sim.read(|world| (world.tasks.len(), world.version));
    Json(json!({
        "status": "ok",
        "tasks": tasks,
        "version": version,
        "now": sim.now_ms(),
        "deliveries": sim.deliveries().view(),
        // Downloads of attachments that carried a token: none of a client that is right.
        "token_leaks": sim.token_leaks(),
    }))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Since {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

impl Since {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(1_000).min(MOST_ENTRIES)
    }
}

/// `GET /_sim/log?after=N&limit=M`
pub(crate) async fn log(State(sim): State<Sim>, Query(since): Query<Since>) -> Json<Excerpt> {
    Json(sim.log().after(since.after, since.limit()))
}

/// `DELETE /_sim/log`
pub(crate) async fn clear_log(State(sim): State<Sim>) -> Json<Value> {
    sim.log().clear();
    Json(json!({}))
}

/// `GET /_sim/deliveries?after=N&limit=M`: attempts to deliver webhooks.
pub(crate) async fn deliveries(State(sim): State<Sim>, Query(since): Query<Since>) -> Json<Value> {
    Json(json!({
        "attempts": sim.deliveries().attempts_after(since.after, since.limit()),
        "queue": sim.deliveries().view(),
    }))
}

/// `GET /_sim/rate`: use of the limit by user.
pub(crate) async fn rate(State(sim): State<Sim>) -> Json<Value> {
    let users = sim.read(|world| world.workspace.users.clone());
    let now = sim.now_ms();
    let rates = sim.rates();
    let users: Vec<Value> = users
        .iter()
        .flat_map(|user| {
            user.personal_tokens
                .iter()
                .map(|token| ("personal", token))
                .chain(user.oauth_tokens.iter().map(|token| ("oauth", token)))
                .map(|(kind, token)| {
                    let usage = rates.usage(token, now);
                    json!({"user": user.id, "name": user.username, "token": kind, "usage": usage})
                })
        })
        .collect();
    Json(json!({"users": users}))
}

/// `GET /_sim/webhooks`
pub(crate) async fn webhooks(State(sim): State<Sim>) -> Json<Value> {
    sim.read(|world| {
        let hooks: Vec<Value> = world
            .webhooks
            .iter()
            .map(|hook| {
                let mut object = hook.render(&world.workspace.id);
                // Holds the token, as the real one does; nobody needs it here.
                if let Some(object) = object.as_object_mut() {
                    object.remove("client_id");
                }
                object
            })
            .collect();
        Json(json!({"webhooks": hooks}))
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct InList {
    list: Option<String>,
}

/// `GET /_sim/tasks?list=ID`: every task, oldest first, as the API shows it.
pub(crate) async fn tasks(State(sim): State<Sim>, Query(query): Query<InList>) -> Json<Value> {
    let (view, mut tasks) = sim.read(|world| {
        let tasks: Vec<Arc<Task>> = world
            .tasks
            .all()
            .filter(|task| query.list.as_ref().is_none_or(|list| task.list == *list))
            .cloned()
            .collect();
        let view = View::of(world, sim.now_ms(), &tasks);
        (view, tasks)
    });
    tasks.sort_unstable_by_key(|task| task.n);
    let extras = Extras {
        markdown: true,
        ..Extras::default()
    };
    let tasks = render::page(&view, &tasks, extras);
    Json(json!({"tasks": tasks}))
}

/// `GET /_sim/tasks/{id}`: the task with its comments and its activity.
pub(crate) async fn task(
    State(sim): State<Sim>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    sim.read(|world| {
        let task = world.task(&id)?;
        let workspace = &world.workspace;
        let thread = world.comments(task.n);
        let comments: Vec<Value> = thread
            .iter()
            .map(|comment| comments::render(workspace, comment, thread))
            .collect();
        let activity: Vec<Value> = world
            .activity(task.n)
            .map(|entry| {
                json!({
                    "at": entry.at,
                    "user": entry.user,
                    "username": workspace.user(entry.user).map(|user| user.username.clone()),
                    "source": entry.via_api.then_some("api"),
                    "text": entry.text,
                })
            })
            .collect();
        let extras = Extras {
            markdown: true,
            attachments: true,
        };
        let view = View::of(world, sim.now_ms(), [&task]);
        Ok(Json(json!({
            "task": render::task(&view, &task, extras),
            "comments": comments,
            "activity": activity,
        })))
    })
}
