//! Bodies by the thousand, the same ones in every run: what the fuzz target in `fuzz/` looks for, on a stable compiler.

#![allow(clippy::unwrap_used)]

mod invariants;

use invariants::{Outcome, check};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap, path::Path};

const CASES: u32 = 1_500;
const SEED: [u8; 32] = *b"clickup may send us any webhook!";

/// Any JSON value, nested a little.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!({"status": "new\u{0}", "type": "open"})),
    ];
    leaf.prop_recursive(3, 12, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((any::<String>(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A change, with some of its keys replaced by anything.
fn item() -> impl Strategy<Value = Value> {
    let field = select(vec![
        "status",
        "priority",
        "custom_field",
        "comment",
        "name",
        "section_moved",
    ]);
    let key = select(vec![
        "id",
        "field",
        "date",
        "user",
        "before",
        "after",
        "comment",
        "custom_field",
    ]);
    (field, any::<u32>(), vec((key, any_json()), 0..3)).prop_map(|(field, id, changes)| {
        let mut item = json!({
            "id": id.to_string(), "field": field, "date": "1642735110657", "user": {"id": 183, "username": "Jane Doe"},
            "after": {"status": "reviewed", "type": "custom"}, "comment": {"text_content": "Hello"},
            "custom_field": {"id": "f-1", "type": "drop_down"},
        });
        for (key, value) in changes {
            item[key] = value;
        }
        item
    })
}

fn object() -> impl Strategy<Value = Value> {
    let event = select(vec![
        "taskUpdated",
        "taskCommentPosted",
        "taskDeleted",
        "listUpdated",
        "spaceDeleted",
        "goalCreated",
        "keyResultUpdated",
        "weatherChanged",
    ]);
    let key = select(vec![
        "event",
        "task_id",
        "list_id",
        "webhook_id",
        "history_items",
        "data",
    ]);
    (event, vec(item(), 0..4), vec((key, any_json()), 0..2)).prop_map(|(event, items, changes)| {
        let mut body = json!({
            "event": event, "task_id": "86abc", "list_id": "7", "space_id": "8", "goal_id": "e-9", "key_result_id": "k",
            "webhook_id": "w-1", "team_id": "9", "history_items": items,
        });
        for (key, value) in changes {
            body[key] = value;
        }
        body
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<Index>(), vec(any::<u8>(), 0..4), any::<bool>());
    prop_oneof![
        6 => object().prop_map(|body| body.to_string().into_bytes()),
        3 => (object(), damage).prop_map(|(body, (at, bytes, cut))| {
            let mut body = body.to_string().into_bytes();
            let at = at.index(body.len());
            if cut {
                body.truncate(at);
            }
            body.splice(at..at, bytes);
            body
        }),
        1 => vec(any::<u8>(), 0..300),
        1 => any_json().prop_map(|value| value.to_string().into_bytes()),
    ]
}

#[test]
fn any_body_is_read_or_kept_aside_soundly() {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let outcomes = RefCell::new(BTreeMap::<String, u32>::new());
    TestRunner::new_with_rng(config, random)
        .run(&any_body(), |body| {
            let outcome = format!("{:?}", check(&body));
            *outcomes.borrow_mut().entry(outcome).or_default() += 1;
            Ok(())
        })
        .unwrap();
    // bodies that all fail at the first byte would prove nothing
    for outcome in [Outcome::Unknown, Outcome::Kept, Outcome::Told] {
        let met = outcomes.borrow().get(&format!("{outcome:?}")).copied();
        assert!(
            met.unwrap_or_default() > CASES / 50,
            "{outcome:?} was hardly met: {outcomes:?}"
        );
    }
}

#[test]
fn the_seeds_of_the_fuzz_target_are_what_their_names_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/webhook_body");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = match name.split('_').next().unwrap() {
            "told" => Outcome::Told,
            "kept" => Outcome::Kept,
            "unknown" => Outcome::Unknown,
            other => panic!("{other} says nothing"),
        };
        assert_eq!(check(&std::fs::read(&path).unwrap()), expected, "{name}");
        seen += 1;
    }
    assert!(seen >= 6);
}
