//! The simulator's clock: shifted, stopped, moved by hand.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::sim::Sim;

/// A year either way is plenty, and keeps all sums in range.
const LONGEST_MS: u64 = 31_622_400_000;
/// The year 2100: later days are typing errors.
const LATEST_MS: i64 = 4_102_444_800_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Real,
    Virtual,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    mode: Option<Mode>,
    now: Option<i64>,
    offset_ms: Option<i64>,
}

/// `GET /_sim/clock`: how time goes, and how many requests and deliveries wait for it.
pub(crate) async fn clock(State(sim): State<Sim>) -> Json<Value> {
    Json(view(&sim))
}

/// `POST /_sim/clock` with `{"mode": "virtual", "now"?}`: time stands still until it is advanced.
/// With `{"mode": "real"}` it runs again from where it stands, with `{"offset_ms": -90000}` as far
/// from the machine's clock as that.
pub(crate) async fn set_clock(
    State(sim): State<Sim>,
    bytes: Bytes,
) -> Result<Json<Value>, Refusal> {
    let clock: Clock = read(&bytes)?;
    match clock {
        Clock {
            mode: Some(Mode::Virtual),
            now,
            offset_ms: None,
        } if now.is_none_or(|now| (0..LATEST_MS).contains(&now)) => sim.clock().set_virtual(now),
        Clock {
            mode: Some(Mode::Real),
            now: None,
            offset_ms: None,
        } => sim.clock().set_real(),
        Clock {
            mode: None | Some(Mode::Real),
            now: None,
            offset_ms: Some(offset),
        } if offset.unsigned_abs() <= LONGEST_MS => sim.clock().set_offset_ms(offset),
        _ => {
            return Err(Refusal::bad(
                "mode is virtual (with now, before the year 2100) or real (with offset_ms, a year at most)",
            ));
        }
    }
    Ok(Json(view(&sim)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

/// `POST /_sim/clock/advance` with `{"ms": 3600000}`: answers when everything that falls into that
/// time has happened.
pub(crate) async fn advance(State(sim): State<Sim>, bytes: Bytes) -> Result<Json<Value>, Refusal> {
    let advance: Advance = read(&bytes)?;
    if !sim.clock().is_virtual() {
        return Err(Refusal::bad("only virtual time can be advanced"));
    }
    if advance.ms > LONGEST_MS {
        return Err(Refusal::bad("ms is a year at most"));
    }
    sim.advance(Duration::from_millis(advance.ms)).await;
    Ok(Json(view(&sim)))
}

fn view(sim: &Sim) -> Value {
    let mode = if sim.clock().is_virtual() {
        "virtual"
    } else {
        "real"
    };
    json!({"mode": mode, "now": sim.now_ms(), "waiting": sim.clock().waiting()})
}
