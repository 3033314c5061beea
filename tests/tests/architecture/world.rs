//! Time, ids and HTTP clients come from one place each, so that rules and tests can choose them.

use crate::{repository_files, root};
use std::fs;

/// What shipped code may not call, and what it should use.
const WORLD: &[(&str, &str)] = &[
    ("Utc::now()", "keylight_runtime::clock::Clock"),
    ("Local::now()", "keylight_runtime::clock::Clock"),
    ("SystemTime::now()", "keylight_runtime::clock::Clock"),
    ("Uuid::new_v4()", "keylight_runtime::clock::Clock"),
    ("Uuid::now_v7()", "keylight_runtime::clock::Clock"),
    ("reqwest::Client::new()", "a builder with time-outs"),
];

/// Where it is right, and why.
const BLESSED: &[(&str, &str, &str)] = &[
    (
        "crates/runtime/src/clock.rs",
        "Utc::now()",
        "this is the clock",
    ),
    (
        "crates/runtime/src/clock.rs",
        "Uuid::now_v7()",
        "this is the clock",
    ),
    (
        "crates/messaging/src/postgres/claim.rs",
        "Uuid::new_v4()",
        "names a consumer in its leases, which nobody reads",
    ),
    (
        "services/keylight/src/simulator.rs",
        "SystemTime::now()",
        "seed of a simulator's ids, different at each start",
    ),
];

/// Calls in `source`, without its tests, that are not right in the file `path`.
fn wrong_calls<'a>(path: &str, source: &'a str) -> Vec<&'a str> {
    let shipped = source.split("#[cfg(test)]\n").next().unwrap_or_default();
    let found = WORLD
        .iter()
        .filter_map(|(call, _)| shipped.find(call).map(|at| &shipped[at..at + call.len()]));
    found
        .filter(|call| {
            !BLESSED
                .iter()
                .any(|(file, right, _)| file == &path && right == call)
        })
        .collect()
}

#[test]
fn time_and_ids_come_from_the_clock() {
    let mut wrong = Vec::new();
    let mut clock_seen = false;
    for file in repository_files() {
        let path = file.to_string_lossy().into_owned();
        let ours = path.starts_with("crates/") || path.starts_with("services/");
        // the simulator shares no code with us, the test kit is not shipped
        let free = path.starts_with("crates/clickup-sim/") || path.starts_with("crates/testkit/");
        if !ours
            || free
            || !path.contains("/src/")
            || !path.ends_with(".rs")
            || path.ends_with("tests.rs")
        {
            continue;
        }
        clock_seen |= path == BLESSED[0].0;
        let Ok(source) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        for call in wrong_calls(&path, &source) {
            let instead = WORLD
                .iter()
                .find(|(known, _)| *known == call)
                .map_or("", |(_, instead)| *instead);
            wrong.push(format!("{path} calls {call}: use {instead}"));
        }
    }
    assert!(clock_seen, "the clock has moved");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_call_past_the_clock_would_be_seen() {
    let source =
        "let at = chrono::Utc::now();\n#[cfg(test)]\nmod tests { let id = Uuid::now_v7(); }";
    assert_eq!(
        wrong_calls("services/analytics/src/app.rs", source),
        ["Utc::now()"]
    );
    assert_eq!(
        wrong_calls("crates/runtime/src/clock.rs", source),
        Vec::<&str>::new()
    );
}

#[test]
fn every_exception_is_still_needed() {
    for (file, call, why) in BLESSED {
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        assert!(
            source.contains(call),
            "{file} does not call {call} any more ({why}): take the exception out"
        );
    }
}
