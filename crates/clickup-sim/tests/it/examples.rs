//! Answers against recorded ones of the real service, where the reference folder is at hand.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{LIST, Receiver, start};

/// Beside the workspace, not part of it.
fn folder() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("../shared/clickup/examples")
}

fn example(name: &str) -> Option<Value> {
    let path = folder().join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("left out: reference example {name} is not on this machine");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// Every key of the example must be there with the same JSON type; null fits everything, and
/// lists are compared by their first elements.
fn compare(path: &str, example: &Value, ours: &Value, problems: &mut Vec<String>) {
    match (example, ours) {
        (Value::Object(example), Value::Object(ours)) => {
            for (key, value) in example {
                let path = format!("{path}.{key}");
                match ours.get(key) {
                    Some(our) => compare(&path, value, our, problems),
                    None => problems.push(format!("{path} is missing")),
                }
            }
        }
        (Value::Array(example), Value::Array(ours)) => {
            if let (Some(example), Some(our)) = (example.first(), ours.first()) {
                compare(&format!("{path}[0]"), example, our, problems);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => {}
        (a, b) => problems.push(format!("{path}: {a} in the example, {b} here")),
    }
}

fn assert_like(name: &str, ours: &Value) {
    if let Some(example) = example(name) {
        let mut problems = Vec::new();
        compare("", &example, ours, &mut problems);
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
}

#[tokio::test]
async fn objects_have_the_shapes_of_the_real_service() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A", "time_estimate": 5})).await;
    let id = task["id"].as_str().unwrap();
    let live = sim.get(&format!("/api/v2/task/{id}")).await.ok();
    assert_like("live/GetTask.zulip.json", &live);
    assert_like(
        "api/GetList.response.200.json",
        &sim.get(&format!("/api/v2/list/{LIST}")).await.ok(),
    );
    assert_like(
        "api/GetAuthorizedUser.response.200.json",
        &sim.get("/api/v2/user").await.ok(),
    );
    assert_like(
        "api/GetAuthorizedTeams.response.200.json",
        &sim.get("/api/v2/team").await.ok(),
    );
    assert_like(
        "api/GetSpace.response.200.json",
        &sim.get("/api/v2/space/90010010").await.ok(),
    );
    assert_like(
        "api/GetSpaceTags.response.200.json",
        &sim.get("/api/v2/space/90010010/tag").await.ok(),
    );
}

#[tokio::test]
async fn webhook_objects_and_bodies_have_the_shapes_of_the_real_service() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let made = sim
        .post(
            "/api/v2/team/9001001/webhook",
            json!({"endpoint": receiver.url, "events": "*"}),
        )
        .await
        .ok();
    assert_like("api/CreateWebhook.response.200.json", &made);
    assert_like(
        "api/GetWebhooks.response.200.json",
        &sim.get("/api/v2/team/9001001/webhook").await.ok(),
    );
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    sim.put(&path, json!({"status": "reviewed"})).await.ok();
    sim.put(&path, json!({"priority": 2})).await.ok();
    sim.put(&path, json!({"description": "text"})).await.ok();
    sim.post(&format!("{path}/comment"), json!({"comment_text": "hello"}))
        .await
        .ok();
    let budget = sim.field(LIST, "Budget").await;
    sim.post(
        &format!("{path}/field/{}", budget["id"].as_str().unwrap()),
        json!({"value": 1}),
    )
    .await
    .ok();
    sim.delete(&path).await;
    let got = receiver.wait_for(11).await;
    let find = |event: &str, field: Option<&str>| {
        let found = got.iter().find(|d| {
            d.body["event"] == event
                && field.is_none_or(|f| d.body["history_items"][0]["field"] == f)
        });
        found.unwrap().body.clone()
    };
    assert_like(
        "live/taskCreated.via-api.zulip.json",
        &find("taskCreated", None),
    );
    assert_like(
        "webhooks/taskStatusUpdated.json",
        &find("taskStatusUpdated", None),
    );
    assert_like(
        "webhooks/taskPriorityUpdated.json",
        &find("taskPriorityUpdated", None),
    );
    assert_like(
        "webhooks/taskUpdated.content.json",
        &find("taskUpdated", Some("content")),
    );
    assert_like(
        "webhooks/taskCommentPosted.json",
        &find("taskCommentPosted", None),
    );
    assert_like("webhooks/taskDeleted.json", &find("taskDeleted", None));
    let field = find("taskUpdated", Some("custom_field"));
    if let Some(mut example) = example("webhooks/taskUpdated.custom_field.json") {
        // Options of 2022 had two keys that the newer shape of the API has not.
        example["history_items"][0]["custom_field"]["type_config"] = json!({"new_drop_down": true});
        let mut problems = Vec::new();
        compare("", &example, &field, &mut problems);
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

#[test]
fn signatures_match_the_published_vectors() {
    let Some(vectors) = example("signature-vectors.json") else {
        return;
    };
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let body = match (vector["body"].as_str(), vector["body_file"].as_str()) {
            (Some(body), _) => body.as_bytes().to_vec(),
            (None, Some(file)) => std::fs::read(folder().join(file)).unwrap(),
            _ => continue,
        };
        let (Some(secret), Some(signature)) =
            (vector["secret"].as_str(), vector["signature"].as_str())
        else {
            continue;
        };
        let ours = keylight_clickup_sim::webhooks::signature::sign(secret, &body);
        assert_eq!(ours, signature, "{}", vector["name"]);
        checked += 1;
    }
    assert!(checked >= 3);
}
