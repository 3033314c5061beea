//! States to compare, to save and to load.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::sim::Sim;
use crate::state::snapshot::differences;

/// Snapshots kept at most.
const MOST: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    name: String,
}

/// `POST /_sim/snapshots` with `{"name": "before"}`
pub(crate) async fn take(State(sim): State<Sim>, bytes: Bytes) -> Result<Json<Value>, Refusal> {
    let name: Name = read(&bytes)?;
    let snapshot = sim.snapshot();
    let mut kept = sim.snapshots();
    if kept.len() >= MOST && !kept.contains_key(&name.name) {
        return Err(Refusal::bad(format!("more than {MOST} snapshots")));
    }
    kept.insert(name.name.clone(), snapshot);
    Ok(Json(json!({"name": name.name})))
}

/// `GET /_sim/snapshots`
pub(crate) async fn list(State(sim): State<Sim>) -> Json<Value> {
    let names: Vec<String> = sim.snapshots().keys().cloned().collect();
    Json(json!({"snapshots": names}))
}

/// `GET /_sim/snapshots/{name}`
pub(crate) async fn show(
    State(sim): State<Sim>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    find(&sim, &name).map(Json)
}

/// `DELETE /_sim/snapshots/{name}`
pub(crate) async fn forget(State(sim): State<Sim>, Path(name): Path<String>) -> StatusCode {
    sim.snapshots().remove(&name);
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
pub(crate) struct Between {
    from: String,
    to: Option<String>,
}

/// `GET /_sim/diff?from=before&to=after`; without `to`, the state of this moment.
pub(crate) async fn diff(
    State(sim): State<Sim>,
    Query(between): Query<Between>,
) -> Result<Json<Value>, Refusal> {
    let from = find(&sim, &between.from)?;
    let to = match &between.to {
        Some(name) => find(&sim, name)?,
        None => sim.snapshot(),
    };
    let found = differences(&from, &to);
    Ok(Json(
        json!({"equal": found.is_empty(), "differences": found}),
    ))
}

fn find(sim: &Sim, name: &str) -> Result<Value, Refusal> {
    let kept = sim.snapshots();
    kept.get(name)
        .cloned()
        .ok_or_else(|| Refusal::absent(format!("no snapshot is called {name}")))
}

/// `GET /_sim/state`: everything, in the form of the state file. Secrets of webhooks are in it.
pub(crate) async fn save(State(sim): State<Sim>) -> Vec<u8> {
    sim.save_state()
}

/// `POST /_sim/state` with what `GET` gave.
pub(crate) async fn load(State(sim): State<Sim>, bytes: Bytes) -> Result<Json<Value>, Refusal> {
    sim.load_state(&bytes)
        .map_err(|error| Refusal::bad(format!("not a state: {error}")))?;
    Ok(Json(json!({})))
}
