//! Webhooks: management, bodies, signature, retries, health.

use std::collections::BTreeSet;
use std::time::Duration;

use keylight_clickup_sim::webhooks::signature::sign;
use keylight_clickup_sim::{SimConfig, WebhookRetry};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    LIST, PROJECTS, Receiver, STAFF, TEAM, config, eventually, read, start, start_with,
};

#[tokio::test]
async fn management_follows_the_real_service() {
    let sim = start().await;
    let path = format!("/api/v2/team/{TEAM}/webhook");
    let body = json!({"endpoint": "hooks.keylight.example/in", "events": ["taskUpdated"], "list_id": 901_001_001});
    let made = sim.post(&path, body.clone()).await.ok();
    let hook = &made["webhook"];
    assert_eq!(made["id"], hook["id"]);
    assert_eq!(hook["endpoint"], "https://hooks.keylight.example/in");
    assert_eq!(hook["team_id"], 9_001_001);
    assert_eq!(hook["list_id"], 901_001_001);
    assert_eq!(hook["userid"], 1);
    assert_eq!(hook["health"], json!({"status": "active", "fail_count": 0}));
    assert_eq!(hook["secret"].as_str().unwrap().len(), 64);
    assert_eq!(sim.post(&path, body).await.error(), (400, "OAUTH_171"));
    let all = sim
        .post(&path, json!({"endpoint": "https://a.b/c", "events": "*"}))
        .await
        .ok();
    assert_eq!(all["webhook"]["events"].as_array().unwrap().len(), 28);
    let bad = json!({"endpoint": "https://a.b/c", "events": ["taskExploded"]});
    assert_eq!(sim.post(&path, bad).await.status, 400);

    let own = sim.get(&path).await.ok();
    assert_eq!(own["webhooks"].as_array().unwrap().len(), 2);
    let others = read(
        sim.send(Method::GET, &path, Some(STAFF), None)
            .await
            .unwrap(),
    )
    .await
    .ok();
    assert_eq!(
        others["webhooks"],
        json!([]),
        "only own webhooks are listed"
    );
    assert!(
        !sim.get("/_sim/webhooks")
            .await
            .ok()
            .to_string()
            .contains("pk_")
    );

    let one = format!("/api/v2/webhook/{}", hook["id"].as_str().unwrap());
    let moved = sim
        .put(
            &one,
            json!({"endpoint": "https://x.y/z", "events": "*", "status": "active"}),
        )
        .await
        .ok();
    assert_eq!(moved["webhook"]["endpoint"], "https://x.y/z");
    assert_eq!(sim.delete(&one).await.ok(), json!({}));
    assert_eq!(sim.put(&one, json!({})).await.error(), (401, "OAUTH_027"));
}

#[tokio::test]
async fn local_addresses_are_refused_when_asked_for() {
    let sim = start_with(SimConfig {
        allow_local_webhooks: false,
        ..config()
    })
    .await;
    let path = format!("/api/v2/team/{TEAM}/webhook");
    for endpoint in [
        "http://127.0.0.1:1/x",
        "http://localhost/x",
        "https://a.invalid/x",
        "ftp://a.b/c",
        "no url at all",
    ] {
        let answer = sim
            .post(&path, json!({"endpoint": endpoint, "events": "*"}))
            .await;
        assert_eq!(answer.error(), (400, "OAUTH_194"), "{endpoint}");
    }
}

#[tokio::test]
async fn a_change_comes_with_its_twin_and_a_signature() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let hook = sim.webhook(&receiver, json!("*")).await;
    let task = sim.task(json!({"name": "A", "tags": ["silent"]})).await;
    let got = receiver.wait_for(2).await;
    assert_eq!(receiver.events(), ["taskCreated", "taskStatusUpdated"]);
    for delivery in &got {
        assert_eq!(
            delivery.signature,
            sign(hook["secret"].as_str().unwrap(), &delivery.raw)
        );
        assert_eq!(delivery.body["task_id"], task["id"]);
        assert_eq!(delivery.body["team_id"], TEAM);
        assert_eq!(delivery.body["webhook_id"], hook["id"]);
        assert!(!delivery.raw.contains(&b'\n'), "compact JSON");
    }
    let created = got
        .iter()
        .find(|d| d.body["event"] == "taskCreated")
        .unwrap();
    let items = created.body["history_items"].as_array().unwrap();
    assert_eq!(
        (items[0]["field"].as_str(), items[1]["field"].as_str()),
        (Some("status"), Some("task_creation"))
    );
    assert_eq!(
        items[0]["before"],
        json!({"status": null, "color": "#000000", "type": "removed", "orderindex": -1})
    );
    assert_eq!(items[0]["source"], Value::Null);
    assert_eq!(items[1]["source"], "api");
    assert_eq!(items[1]["data"]["via"], "api");
    assert_eq!(items[0]["id"].as_str().unwrap().len(), 19);
    let moved = got
        .iter()
        .find(|d| d.body["event"] == "taskStatusUpdated")
        .unwrap();
    assert_eq!(moved.body["history_items"][0], items[0]);

    // A person on the board: no source, user 2.
    let path = format!("/_sim/tasks/{}/status", task["id"].as_str().unwrap());
    sim.post(&path, json!({"status": "qualified"})).await.ok();
    let got = receiver.wait_for(4).await;
    let items: BTreeSet<String> = got[2..]
        .iter()
        .map(|d| d.body["history_items"].to_string())
        .collect();
    assert_eq!(items.len(), 1, "twins carry the same item");
    let item = &got[2].body["history_items"][0];
    assert_eq!(
        (item["source"].clone(), item["user"]["id"].as_u64()),
        (Value::Null, Some(2))
    );
    assert_eq!(item["before"]["status"], "new");
    assert_eq!(
        item["after"],
        json!({"status": "qualified", "color": "#5f55ee", "orderindex": 2, "type": "custom"})
    );
    assert_eq!(item["data"]["status_type"], "custom");
    assert_eq!(item["parent_id"], LIST);

    sim.delete(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
        .await;
    let got = receiver.wait_for(5).await;
    assert_eq!(got[4].body["event"], "taskDeleted");
    assert_eq!(got[4].body["history_items"], json!([]));
    assert_eq!(
        sim.health().await,
        json!({"status": "active", "fail_count": 0})
    );
}

#[tokio::test]
async fn each_kind_of_change_has_its_event() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let id = task["id"].as_str().unwrap();
    let path = format!("/api/v2/task/{id}");
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!("*")).await;
    let budget = sim.field(LIST, "Budget").await;
    let field = format!("{path}/field/{}", budget["id"].as_str().unwrap());

    sim.put(&path, json!({"name": "B"})).await.ok();
    sim.put(&path, json!({"description": "text"})).await.ok();
    sim.put(&path, json!({"priority": 1})).await.ok();
    sim.put(
        &path,
        json!({"due_date": 1_798_675_200_000_i64, "due_date_time": true}),
    )
    .await
    .ok();
    sim.put(&path, json!({"assignees": {"add": [2], "rem": []}}))
        .await
        .ok();
    sim.put(&path, json!({"time_estimate": 60_000})).await.ok();
    sim.post(&field, json!({"value": 3})).await.ok();
    sim.post(&format!("{path}/tag/Urgent%20one"), json!({}))
        .await
        .ok();
    sim.post(&format!("{path}/tag/urgent%20one"), json!({}))
        .await
        .ok();
    sim.delete(&format!("{path}/tag/urgent%20one")).await.ok();
    sim.post(&format!("{path}/comment"), json!({"comment_text": "hello"}))
        .await
        .ok();

    let got = receiver.wait_for(17).await;
    let mut seen: Vec<(String, String)> = got
        .iter()
        .map(|d| {
            let field = d.body["history_items"][0]["field"].as_str().unwrap();
            (
                field.to_owned(),
                d.body["event"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    seen.sort();
    let expected = [
        ("assignee_add", "taskAssigneeUpdated"),
        ("assignee_add", "taskUpdated"),
        ("comment", "taskCommentPosted"),
        ("comment", "taskUpdated"),
        ("content", "taskUpdated"),
        ("custom_field", "taskUpdated"),
        ("due_date", "taskDueDateUpdated"),
        ("due_date", "taskUpdated"),
        ("name", "taskUpdated"),
        ("priority", "taskPriorityUpdated"),
        ("priority", "taskUpdated"),
        ("tag", "taskTagUpdated"),
        ("tag", "taskUpdated"),
        ("tag_removed", "taskTagUpdated"),
        ("tag_removed", "taskUpdated"),
        ("time_estimate", "taskTimeEstimateUpdated"),
        ("time_estimate", "taskUpdated"),
    ];
    let expected: Vec<_> = expected.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    assert_eq!(seen, expected, "adding the tag again tells nobody");
    let item = |field: &str| {
        let found = got
            .iter()
            .find(|d| d.body["history_items"][0]["field"] == field);
        found.unwrap().body["history_items"][0].clone()
    };
    assert_eq!(
        item("custom_field")["after"],
        budget["type_config"]["options"][3]["id"]
    );
    assert_eq!(item("custom_field")["custom_field"]["name"], "Budget");
    assert_eq!(item("due_date")["after"], "1798675200000");
    assert_eq!(
        item("due_date")["data"],
        json!({"due_date_time": true, "old_due_date_time": false})
    );
    assert!(item("assignee_add").get("before").is_none());
    let delta: Value = serde_json::from_str(item("content")["after"].as_str().unwrap()).unwrap();
    assert_eq!(delta["ops"][0]["insert"], "text");
    assert_eq!(item("comment")["comment"]["text_content"], "hello\n");
    assert!(
        got.iter()
            .all(|d| d.body["history_items"][0]["source"] == "api")
    );
}

#[tokio::test]
async fn a_webhook_hears_its_own_place_only() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let path = format!("/api/v2/team/{TEAM}/webhook");
    let body = json!({"endpoint": receiver.url, "events": ["taskCreated"], "list_id": PROJECTS, "space_id": 90_010_010});
    sim.post(&path, body).await.ok();
    sim.task(json!({"name": "elsewhere"})).await;
    let here = sim
        .post(
            &format!("/api/v2/list/{PROJECTS}/task"),
            json!({"name": "here"}),
        )
        .await
        .ok();
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].body["task_id"], here["id"]);
    eventually("an empty queue", || async {
        let health = sim.get("/_sim/health").await.ok();
        (health["deliveries"]["open"] == 0).then_some(())
    })
    .await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_failing_receiver_is_tried_five_times_and_the_event_is_lost() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    receiver.answers(&[500, 500, 302], 200);
    sim.webhook(&receiver, json!(["taskCreated"])).await;
    sim.task(json!({"name": "A"})).await;
    let got = receiver.wait_for(4).await;
    assert!(
        got.iter().all(|d| d.raw == got[0].raw),
        "retries carry the same body"
    );
    assert!(got[1].at > got[0].at);
    eventually("health is back", || async {
        (sim.health().await == json!({"status": "active", "fail_count": 0})).then_some(())
    })
    .await;

    receiver.answers(&[], 500);
    sim.task(json!({"name": "B"})).await;
    eventually("a lost event", || async {
        (sim.health().await == json!({"status": "failing", "fail_count": 1})).then_some(())
    })
    .await;
    assert_eq!(receiver.got().len(), 9, "five attempts");
    receiver.answers(&[], 200);
    sim.task(json!({"name": "C"})).await;
    eventually("health is back", || async {
        (sim.health().await["fail_count"] == 0).then_some(())
    })
    .await;
    assert_eq!(receiver.got().len(), 10, "what was lost is not sent again");
    let attempts = sim.get("/_sim/deliveries").await.ok();
    assert_eq!(attempts["attempts"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn a_slow_receiver_has_failed() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    receiver.hold(Duration::from_secs(2));
    sim.webhook(&receiver, json!(["taskCreated"])).await;
    sim.task(json!({"name": "A"})).await;
    eventually("failing", || async {
        (sim.health().await["status"] == "failing").then_some(())
    })
    .await;
}

#[tokio::test]
async fn enough_lost_events_suspend_until_a_put() {
    let retry = WebhookRetry {
        attempts: 2,
        suspend_after: 3,
        ..config().webhook_retry
    };
    let sim = start_with(SimConfig {
        webhook_retry: retry,
        ..config()
    })
    .await;
    let receiver = Receiver::start().await;
    receiver.answers(&[], 503);
    let hook = sim.webhook(&receiver, json!(["taskCreated"])).await;
    for n in 0..3 {
        sim.task(json!({"name": format!("T{n}")})).await;
    }
    eventually("suspension", || async {
        (sim.health().await == json!({"status": "suspended", "fail_count": 3})).then_some(())
    })
    .await;
    let before = receiver.got().len();
    receiver.answers(&[], 200);
    sim.task(json!({"name": "unheard"})).await;
    let path = format!("/api/v2/webhook/{}", hook["id"].as_str().unwrap());
    let body = json!({"endpoint": receiver.url, "events": ["taskCreated"], "status": "active"});
    let back = sim.put(&path, body).await.ok();
    assert_eq!(
        back["webhook"]["health"],
        json!({"status": "active", "fail_count": 0})
    );
    assert_eq!(back["webhook"]["secret"], hook["secret"]);
    let heard = sim.task(json!({"name": "heard"})).await;
    let got = receiver.wait_for(before + 1).await;
    assert_eq!(got[before].body["task_id"], heard["id"]);
}

#[tokio::test]
async fn unauthorised_and_gone_suspend_at_once() {
    for answer in [401, 410] {
        let sim = start().await;
        let receiver = Receiver::start().await;
        receiver.answers(&[], answer);
        sim.webhook(&receiver, json!(["taskCreated"])).await;
        sim.task(json!({"name": "A"})).await;
        eventually("suspension", || async {
            (sim.health().await["status"] == "suspended").then_some(())
        })
        .await;
        assert_eq!(receiver.got().len(), 1);
    }
}

#[tokio::test]
async fn the_old_body_has_neither_team_nor_empty_history() {
    let sim = start().await;
    sim.post("/_sim/options", json!({"old_webhook_bodies": true}))
        .await
        .ok();
    let receiver = Receiver::start().await;
    let task = sim.task(json!({"name": "A"})).await;
    sim.webhook(&receiver, json!(["taskDeleted"])).await;
    sim.delete(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
        .await;
    let got = receiver.wait_for(1).await;
    let keys: Vec<_> = got[0].body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["event", "task_id", "webhook_id"]);
}

#[tokio::test]
async fn list_changes_are_told_too() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["listUpdated"])).await;
    sim.put(&format!("/api/v2/list/{LIST}"), json!({"name": "Leads"}))
        .await
        .ok();
    let got = receiver.wait_for(1).await;
    let item = &got[0].body["history_items"][0];
    assert_eq!(got[0].body["list_id"], LIST);
    assert_eq!(
        (
            item["type"].as_u64(),
            item["before"].as_str(),
            item["after"].as_str()
        ),
        (Some(6), Some("Home applications"), Some("Leads"))
    );
}
