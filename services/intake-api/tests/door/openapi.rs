//! The OpenAPI document: committed, complete, and shown.

use crate::support::Door;
use http::StatusCode;
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf};

fn document() -> Value {
    intake_api::app::openapi_json().unwrap()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
}

/// `docs/openapi.json` is what is served. To accept a change:
/// `KEYLIGHT_ACCEPT=1 cargo test -p intake-api --test door the_committed_document`.
#[test]
fn the_committed_document_is_the_served_one() {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/openapi.json"
    ));
    let made = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("KEYLIGHT_ACCEPT").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let first = made
        .lines()
        .zip(committed.lines())
        .position(|(made, committed)| made != committed);
    assert!(
        made == committed,
        "docs/openapi.json differs from line {} on; accept it with KEYLIGHT_ACCEPT=1",
        first.unwrap_or_else(|| committed.lines().count()) + 1
    );
}

#[tokio::test]
async fn it_is_served_with_a_viewer_that_loads_nothing_from_elsewhere() {
    let door = Door::open().await;
    let answer = door.get("/api/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), document());
    assert_eq!(answer.json()["openapi"], "3.1.0");
    let page = door.get("/api/docs").await;
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .contains("script-src 'self'")
    );
    assert!(!page.text.contains("//"), "{}", page.text);
    assert!(!page.text.contains("<script>"), "no inline script");
    for file in [
        "/api/docs/swagger-ui.css",
        "/api/docs/swagger-ui-bundle.js",
        "/assets/api-docs.js",
    ] {
        assert!(page.text.contains(file), "{file}");
        let answer = door.get(file).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(!answer.text.is_empty());
    }
    assert_eq!(
        door.get("/api/docs/Cargo.toml").await.status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut missing = BTreeSet::new();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let pointer = reference.trim_start_matches('#');
                    if document.pointer(pointer).is_none() {
                        missing.insert(reference.clone());
                    }
                }
                open.extend(map.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_answer_has_words_and_every_failure_the_frame() {
    let document = document();
    for (name, operation) in operations(&document) {
        assert!(
            !operation["summary"].as_str().unwrap_or_default().is_empty(),
            "{name}"
        );
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let described = answer["description"].as_str().unwrap_or_default();
            assert!(!described.is_empty(), "{name} {status}");
            let failed = status.starts_with(['4', '5']);
            let schema = &answer["content"]["application/json"]["schema"];
            if failed && name != "get /api/test-db" {
                assert_eq!(
                    schema["$ref"], "#/components/schemas/Error",
                    "{name} {status}"
                );
            } else if !["204", "304"].contains(&status.as_str()) {
                assert!(
                    schema.is_object(),
                    "{name} {status} says nothing of its body"
                );
            }
        }
    }
}

#[test]
fn every_body_has_an_example() {
    let document = document();
    for (name, operation) in operations(&document) {
        let body = &operation["requestBody"];
        if body.is_null() || body["required"] != true {
            continue;
        }
        let reference = body["content"]["application/json"]["schema"]["$ref"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} describes no body"));
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        assert!(
            schema["example"].is_object() || schema["examples"].is_array(),
            "{name}: {reference} has no example"
        );
    }
}
