//! Every example of a request in the OpenAPI document is sent, with ids that exist, and the answer is compared with what
//! the document says of it.

use crate::{schema::problems, system::System};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Operations that need more than an example, and what the tests of this program do with them instead.
const ELSEWHERE: [&str; 4] = [
    // a lifecycle step is tried with every word in `projects.rs`
    "move_project",
    // need something that was put aside, in `setting_aside.rs`
    "release_quarantined",
    "dismiss_quarantined",
    // needs a merge, in `people.rs`
    "undo_user_merge",
];
/// These take something away that others use, so they come last.
const LAST: [&str; 6] = [
    "remove_user_from_project",
    "delete_submission",
    "delete_project",
    "merge_users",
    "erase_user",
    "delete_user",
];
/// Parts of the interface that are tried elsewhere: accounts by their own tests, and what clickup-sync answers, which does
/// not run here, by its tests, by those of the command line, and by `scripts/api-fuzz`.
const OTHERS: [&str; 3] = ["access", "sync", "clickup"];

struct Operation<'a> {
    id: &'a str,
    method: &'a str,
    path: &'a str,
    described: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all: Vec<Operation<'_>> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, described)| Operation {
                    id: described["operationId"].as_str().unwrap(),
                    method,
                    path,
                    described,
                })
        })
        .filter(|operation| !OTHERS.contains(&operation.described["tags"][0].as_str().unwrap()))
        .collect();
    // what makes things comes first
    all.sort_by_key(|operation| {
        let last = LAST.iter().position(|id| *id == operation.id);
        (
            last.map_or(0, |place| place + 1),
            operation.method != "post",
            operation.id,
        )
    });
    all
}

/// The example of the operation's body.
fn example(document: &Value, operation: &Value) -> Option<Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let pointer = schema["$ref"].as_str()?.trim_start_matches('#').to_owned();
    document
        .pointer(&pointer)
        .map(|schema| schema["example"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_works() {
    let system = System::start().await;
    let document = system.get("/api/openapi.json").await.expect(200).json;
    // what the examples mean by 1 and 2
    for email in ["one@example.com", "two@example.com"] {
        system.applied(email).await;
    }
    let mut ids: BTreeMap<&str, i64> =
        BTreeMap::from([("submissions", 1), ("users", 1), ("projects", 1)]);
    let mut tried = 0;
    for operation in operations(&document) {
        if ELSEWHERE.contains(&operation.id) {
            continue;
        }
        let body = example(&document, operation.described);
        let kind = operation.path.split('/').nth(2).unwrap_or_default();
        // one that something may be taken from
        match operation.id {
            "restore_submission" | "restore_user" | "restore_project" => {
                let path = operation.path.replace("{id}", "2").replace("/restore", "");
                system
                    .delete(&format!("{path}?cascade=true"))
                    .await
                    .expect(200);
                ids.insert(kind, 2);
            }
            "merge_users" => {
                system.user("Not Two", "three@example.com").await;
                ids.insert("users", 1);
            }
            "erase_user" | "replace_user" => {
                let found = system.get("/api/users?email=grace@example.com").await;
                ids.insert("users", found.ids()[0]);
            }
            _ => {}
        }
        // of project 1 the second person is no owner
        let user = if operation.id == "remove_user_from_project" {
            "2"
        } else {
            "1"
        };
        let path = operation
            .path
            .replace("{id}", &ids.get(kind).copied().unwrap_or(1).to_string())
            .replace("{user_id}", user)
            .replace("{project_id}", "1")
            .replace("{status}", "new");
        let path = match operation.id {
            "search_submissions" => format!("{path}?q=example"),
            "delete_user" | "delete_project" => format!("{path}?cascade=true"),
            // the owner stays
            "remove_user_from_project" => format!("{path}?role=co_buyer"),
            _ => path,
        };
        let answer = system
            .with(&operation.method.to_uppercase(), &path, &[], body.as_ref())
            .await;
        let says = &operation.described["responses"][answer.status.as_str()];
        assert!(
            answer.status.is_success(),
            "{}: {} {}",
            operation.id,
            answer.status,
            answer.json
        );
        let schema = &says["content"]["application/json"]["schema"];
        assert!(
            schema.is_object(),
            "{}: {} is not described",
            operation.id,
            answer.status
        );
        let wrong = problems(&document, schema, &answer.json);
        assert!(wrong.is_empty(), "{}: {wrong:#?}", operation.id);
        ids = BTreeMap::from([("submissions", 1), ("users", 1), ("projects", 1)]);
        tried += 1;
    }
    assert!(tried > 40, "only {tried} operations were tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_described_and_framed() {
    let system = System::start().await;
    let document = system.get("/api/openapi.json").await.expect(200).json;
    let frame = json!({"$ref": "#/components/schemas/Error"});
    for operation in operations(&document) {
        let method = operation.method.to_uppercase();
        for id in ["0", "abc", "1.5", "99999999999999999999", "%00", "-1"] {
            let path = operation
                .path
                .replace("{id}", id)
                .replace("{user_id}", id)
                .replace("{project_id}", id)
                .replace("{operation}", "activate")
                .replace("{status}", id);
            for (headers, body) in [
                (vec![], json!({})),
                (vec![], json!([])),
                (
                    vec![],
                    json!({"full_name": {"a": 1}, "name": 1, "status": ["x"], "role": "x", "rule": "\u{0}"}),
                ),
                (vec![("idempotency-key", "a b")], json!({})),
                (vec![("if-match", "\"999\"")], json!({"version": -1})),
            ] {
                let body = (method != "GET").then_some(&body);
                let answer = system.with(&method, &path, &headers, body).await;
                let says = &operation.described["responses"][answer.status.as_str()];
                assert!(
                    !says.is_null() && answer.status.as_u16() < 500,
                    "{method} {path}: {} {}",
                    answer.status,
                    answer.json
                );
                if !answer.status.is_success() {
                    let wrong = problems(&document, &frame, &answer.json);
                    assert!(wrong.is_empty(), "{method} {path}: {wrong:#?}");
                }
            }
        }
    }
}
