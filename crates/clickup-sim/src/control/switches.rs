//! Faults, limits, options, clock.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Refusal, read};
use crate::faults::spec::{DownMode, Fault};
use crate::options::Options;
use crate::sim::Sim;

/// Longest pause between attempts and longest wait for a receiver.
const LONGEST: Duration = Duration::from_secs(3_600);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFaults {
    faults: Vec<Fault>,
    seed: Option<u64>,
}

/// `POST /_sim/faults`: adds rules to those in force, or, with `seed`, replaces them and throws new
/// dice.
pub(crate) async fn add_faults(
    State(sim): State<Sim>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let new: NewFaults = read(&bytes)?;
    if let Some(seed) = new.seed {
        sim.faults().reseed(seed);
    }
    let ids = sim.faults().add(new.faults).map_err(Refusal::bad)?;
    Ok(Json(json!({"ids": ids})))
}

/// `GET /_sim/faults`
pub(crate) async fn faults(State(sim): State<Sim>) -> Json<Value> {
    Json(json!({"faults": sim.faults().list()}))
}

/// `DELETE /_sim/faults`: all rules; requests that hang are answered.
pub(crate) async fn clear_faults(State(sim): State<Sim>) -> Json<Value> {
    sim.faults().remove(None);
    Json(json!({}))
}

/// `DELETE /_sim/faults/{id}`
pub(crate) async fn remove_fault(State(sim): State<Sim>, Path(id): Path<u64>) -> Json<Value> {
    sim.faults().remove(Some(id));
    Json(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Down {
    mode: Value,
    retry_after: Option<u64>,
}

/// `POST /_sim/down` with `{"mode": "refuse" | "hang" | "429" | "500"}`: the whole API.
pub(crate) async fn down(State(sim): State<Sim>, bytes: Bytes) -> Result<Json<Value>, Refusal> {
    let down: Down = read(&bytes)?;
    // 429 and 500 also come as numbers.
    let text = match &down.mode {
        Value::Number(number) => json!(number.to_string()),
        other => other.clone(),
    };
    let mode: DownMode = serde_json::from_value(text)
        .map_err(|_| Refusal::bad("mode is one of refuse, hang, 429, 500"))?;
    sim.faults().set_down(Some((mode, down.retry_after)));
    Ok(Json(json!({})))
}

/// `POST /_sim/up`
pub(crate) async fn up(State(sim): State<Sim>) -> Json<Value> {
    sim.faults().set_down(None);
    Json(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    limit: u32,
    window_ms: Option<u64>,
}

/// `POST /_sim/rate_limit` with `{"limit": 10000}`; all windows start anew.
pub(crate) async fn rate_limit(
    State(sim): State<Sim>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let limit: Limit = read(&bytes)?;
    if limit
        .window_ms
        .is_some_and(|ms| !(1..=86_400_000).contains(&ms))
    {
        return Err(Refusal::bad("window_ms lies between 1 and 86400000"));
    }
    let window = limit.window_ms.map(Duration::from_millis);
    sim.rates().set(limit.limit, window);
    Ok(Json(json!({})))
}

/// `GET /_sim/options`
pub(crate) async fn options(State(sim): State<Sim>) -> Json<Options> {
    Json(sim.read(|world| world.options.clone()))
}

/// `POST /_sim/options`: changes the given ones.
pub(crate) async fn set_options(
    State(sim): State<Sim>,
    bytes: Bytes,
) -> Result<Json<Options>, Refusal> {
    let changes: Map<String, Value> = read(&bytes)?;
    let now = sim.read(|world| world.options.clone());
    let mut merged = serde_json::to_value(&now).unwrap_or_default();
    if let Some(merged) = merged.as_object_mut() {
        merged.extend(changes);
    }
    let options: Options = serde_json::from_value(merged)
        .map_err(|error| Refusal::bad(format!("options: {error}")))?;
    if options.zone_offset_minutes.unsigned_abs() > 14 * 60 {
        return Err(Refusal::bad(
            "options: zone_offset_minutes is 14 hours at most",
        ));
    }
    let kept = options.clone();
    sim.change(|change| {
        change.world.options = kept;
        Ok(())
    })?;
    Ok(Json(options))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    attempts: Option<u32>,
    backoff_ms: Option<u64>,
    timeout_ms: Option<u64>,
    suspend_after: Option<u32>,
}

/// `POST /_sim/webhook_retry` with any of `attempts`, `backoff_ms`, `timeout_ms`, `suspend_after`.
pub(crate) async fn webhook_retry(
    State(sim): State<Sim>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let new: Retry = read(&bytes)?;
    let mut retry = sim.webhook_retry();
    retry.attempts = new.attempts.unwrap_or(retry.attempts);
    retry.suspend_after = new.suspend_after.unwrap_or(retry.suspend_after);
    if let Some(ms) = new.backoff_ms {
        retry.backoff = Duration::from_millis(ms);
    }
    if let Some(ms) = new.timeout_ms {
        retry.timeout = Duration::from_millis(ms);
    }
    if !(1..=100).contains(&retry.attempts) || retry.backoff > LONGEST || retry.timeout > LONGEST {
        return Err(Refusal::bad(
            "attempts lie between 1 and 100, times are an hour at most",
        ));
    }
    let view = json!({
        "attempts": retry.attempts,
        "backoff_ms": retry.backoff.as_millis(),
        "timeout_ms": retry.timeout.as_millis(),
        "suspend_after": retry.suspend_after,
    });
    sim.set_webhook_retry(retry);
    Ok(Json(view))
}

/// `POST /_sim/reset`: the default workspace, no webhooks, no faults, an empty log.
pub(crate) async fn reset(State(sim): State<Sim>) -> Result<Json<Value>, Refusal> {
    let options = sim.config().options.clone();
    sim.change(|change| {
        change.world.reset();
        change.world.options = options;
        Ok(())
    })?;
    sim.faults().remove(None);
    sim.faults().set_down(None);
    sim.log().clear();
    sim.snapshots().clear();
    sim.clock().set_offset_ms(0);
    sim.set_webhook_retry(sim.config().webhook_retry.clone());
    let (limit, window) = (sim.config().rate_limit, sim.config().window);
    sim.rates().set(limit, Some(window));
    Ok(Json(json!({})))
}
