//! The board page: a list's tasks in columns by status, as a person sees and moves them.
//!
//! Everything is rendered here, once; the script only fetches the rendered columns again when the
//! state has a new version.

mod view;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::Sim;
use view::{Columns, Page};

/// Requests that the page shows.
const CALLS: usize = 40;

pub(crate) fn routes() -> Router<Sim> {
    Router::new()
        .route("/", get(first))
        .route("/board/{list}", get(page))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
}

/// `GET /`: the first list's board.
async fn first(State(sim): State<Sim>) -> Response {
    let list = sim.read(|world| {
        let list = world.workspace.lists.iter().find(|list| !list.deleted);
        list.map(|list| list.id.clone())
    });
    match list {
        Some(list) => Redirect::temporary(&format!("/board/{list}")).into_response(),
        None => (StatusCode::NOT_FOUND, "there is no list").into_response(),
    }
}

/// `GET /board/{list}`
async fn page(State(sim): State<Sim>, Path(list): Path<String>) -> Response {
    match sim.read(|world| Page::of(world, &list)) {
        Some(page) => rendered(&page).map_or_else(
            || StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            |html| Html(html).into_response(),
        ),
        None => (StatusCode::NOT_FOUND, "there is no such list").into_response(),
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    /// Version the page shows.
    v: Option<u64>,
}

/// `GET /_sim/board/{list}.json?v=VERSION`: the state of the limit, and the columns when the
/// version is another one.
pub(crate) async fn data(
    State(sim): State<Sim>,
    Path(file): Path<String>,
    Query(seen): Query<Seen>,
) -> Response {
    let list = file.strip_suffix(".json").unwrap_or(&file);
    let found = sim.read(|world| {
        let changed = seen.v != Some(world.version);
        let columns = if changed {
            Columns::of(world, list).map(Some)
        } else {
            Some(None)
        };
        columns.map(|columns| (world.version, columns, health(world)))
    });
    let Some((version, columns, webhooks)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now = sim.now_ms();
    let (people, lists) = sim.read(names);
    let mut answer = json!({
        "people": people,
        "lists": lists,
        "version": version,
        "changed": columns.is_some(),
        "rate": rate(&sim),
        "webhooks": webhooks,
        "faults": sim.faults().list().len(),
        "now": now,
        "virtual": sim.clock().is_virtual(),
        "minute": sim.log().last_minute(now).to_vec(),
        "calls": sim.log().newest(CALLS),
    });
    if let Some(columns) = columns {
        answer["counts"] = columns.counts();
        answer["html"] = json!(rendered(&columns));
    }
    Json(answer).into_response()
}

fn rendered(template: &impl Template) -> Option<String> {
    template
        .render()
        .map_err(|error| tracing::error!(%error, "board page not rendered"))
        .ok()
}

/// The busiest token of the moment is the one worth showing.
fn rate(sim: &Sim) -> Value {
    let users = sim.read(|world| world.workspace.users.clone());
    let now = sim.now_ms();
    let rates = sim.rates();
    let busiest = users
        .iter()
        .flat_map(|user| {
            let tokens = user.personal_tokens.iter().chain(&user.oauth_tokens);
            tokens.map(|token| (user.username.clone(), rates.usage(token, now)))
        })
        .max_by_key(|(_, usage)| usage.used);
    busiest.map_or(Value::Null, |(name, usage)| {
        json!({
            "user": name,
            "limit": usage.limit,
            "used": usage.used,
            "reset_in_ms": usage.reset_in_ms,
            "refused": usage.refused,
        })
    })
}

/// People to assign and lists to move to.
fn names(world: &crate::state::World) -> (Value, Value) {
    let people = world.workspace.users.iter().map(|user| {
        json!({
            "id": user.id, "name": user.username, "initials": user.initials, "color": user.color,
        })
    });
    let lists = world.workspace.lists.iter().filter(|list| !list.deleted);
    let lists = lists.map(|list| json!({"id": list.id, "name": list.name}));
    (people.collect(), lists.collect())
}

fn health(world: &crate::state::World) -> Value {
    world
        .webhooks
        .iter()
        .map(|hook| {
            json!({
                "endpoint": hook.endpoint,
                "status": hook.status.as_str(),
                "fail_count": hook.fail_count,
            })
        })
        .collect()
}
