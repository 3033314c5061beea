//! Faults.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{LIST, Receiver, Running, SERVICE, eventually, read, start};

fn create_path() -> String {
    format!("/api/v2/list/{LIST}/task")
}

async fn count(sim: &Running) -> usize {
    sim.get("/_sim/tasks").await.ok()["tasks"]
        .as_array()
        .unwrap()
        .len()
}

/// A create whose caller gives up after a while.
async fn impatient(sim: &Running, patience: u64) -> reqwest::Result<reqwest::Response> {
    sim.http
        .post(format!("{}{}", sim.base, create_path()))
        .header("authorization", SERVICE)
        .timeout(Duration::from_millis(patience))
        .json(&json!({"name": "A"}))
        .send()
        .await
}

#[tokio::test]
async fn refuse_cuts_the_connection_and_does_nothing() {
    let sim = start().await;
    sim.faults(json!([{"match": {"method": "POST"}, "kind": "refuse", "times": 1}]))
        .await;
    let error = sim
        .send(
            Method::POST,
            &create_path(),
            Some(SERVICE),
            Some(json!({"name": "A"})),
        )
        .await
        .unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(count(&sim).await, 0);
    let log = sim.log().await;
    assert_eq!(
        (log[0]["status"].clone(), log[0]["fault"].as_str()),
        (Value::Null, Some("refuse"))
    );
    sim.task(json!({"name": "A"})).await;
    assert_eq!(count(&sim).await, 1);
}

#[tokio::test]
async fn the_effect_of_a_hanging_answer_stays() {
    let sim = start().await;
    sim.faults(json!([{"match": {"method": "POST", "path_prefix": "/api/v2/list"}, "kind": "succeed_then_hang", "times": 1}])).await;
    let error = impatient(&sim, 150).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(count(&sim).await, 1);
    eventually("a log entry", || async {
        (sim.log().await.len() == 1).then_some(())
    })
    .await;
    assert_eq!(sim.log().await[0]["status"], Value::Null);
    assert!(impatient(&sim, 5_000).await.is_ok());
    assert_eq!(count(&sim).await, 2);
}

#[tokio::test]
async fn a_hang_has_no_effect_until_it_is_lifted() {
    let sim = start().await;
    sim.post("/_sim/down", json!({"mode": "hang"})).await.ok();
    assert!(impatient(&sim, 150).await.unwrap_err().is_timeout());
    assert_eq!(count(&sim).await, 0);
    let (answer, ()) = tokio::join!(impatient(&sim, 10_000), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sim.post("/_sim/up", json!({})).await.ok();
    });
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(count(&sim).await, 1);
}

#[tokio::test]
async fn a_hanging_request_does_not_hold_up_the_stop() {
    let sim = start().await;
    sim.post("/_sim/down", json!({"mode": "hang"})).await.ok();
    let url = format!("{}/api/v2/user", sim.base);
    let hanging = tokio::spawn(sim.http.get(url).header("authorization", SERVICE).send());
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::timeout(Duration::from_secs(10), sim.stop())
        .await
        .unwrap();
    let _ = hanging.await;
}

#[tokio::test]
async fn down_modes_and_their_answers() {
    let sim = start().await;
    sim.post("/_sim/down", json!({"mode": "500"})).await.ok();
    assert_eq!(sim.get("/api/v2/user").await.status, 500);
    sim.post("/_sim/down", json!({"mode": 429, "retry_after": 3}))
        .await
        .ok();
    let limited = sim.get("/api/v2/user").await;
    assert_eq!(limited.error(), (429, "APP_002"));
    assert_eq!(limited.headers["x-ratelimit-remaining"], "0");
    assert_eq!(limited.headers["retry-after"], "3");
    sim.post("/_sim/down", json!({"mode": "refuse"})).await.ok();
    assert!(
        sim.send(Method::GET, "/api/v2/user", Some(SERVICE), None)
            .await
            .is_err()
    );
    assert_eq!(
        sim.post("/_sim/down", json!({"mode": "sideways"}))
            .await
            .status,
        400
    );
    assert_eq!(
        sim.get("/_sim/faults").await.ok()["faults"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    sim.post("/_sim/up", json!({})).await.ok();
    assert_eq!(sim.get("/api/v2/user").await.status, 200);
}

#[tokio::test]
async fn errors_after_the_effect_and_html_from_gateways() {
    let sim = start().await;
    sim.faults(json!([
        {"match": {"method": "POST"}, "kind": "succeed_then_error", "status": 502, "times": 1},
        {"match": {"method": "GET", "path_prefix": "/api/v2/user"}, "kind": "status", "status": 418, "body": "teapot"},
    ])).await;
    let answer = read(impatient(&sim, 5_000).await.unwrap()).await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.as_str().unwrap().contains("<html>"));
    assert_eq!(count(&sim).await, 1);
    assert_eq!(sim.get("/api/v2/user").await.body, json!("teapot"));
    sim.delete("/_sim/faults").await.ok();
    assert_eq!(sim.get("/api/v2/user").await.status, 200);
    let bad = json!({"faults": [{"kind": "status"}]});
    assert_eq!(sim.post("/_sim/faults", bad).await.status, 400);
}

#[tokio::test]
async fn a_cut_body_is_a_success_that_cannot_be_read() {
    let sim = start().await;
    sim.faults(json!([{"match": {"method": "POST"}, "kind": "cut_body", "times": 1}]))
        .await;
    let answer = impatient(&sim, 5_000).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.is_err());
    assert_eq!(count(&sim).await, 1);
}

#[tokio::test]
async fn stale_reads_show_the_version_before() {
    let sim = start().await;
    let task = sim.task(json!({"name": "old"})).await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    sim.put(&path, json!({"name": "new"})).await.ok();
    sim.faults(json!([{"match": {"method": "GET", "path_contains": "/task"}, "kind": "stale_read", "times": 2},
                      {"match": {"method": "PUT"}, "kind": "stale_read", "times": 1}])).await;
    assert_eq!(sim.get(&path).await.ok()["name"], "old");
    assert_eq!(
        sim.get(&create_path()).await.ok()["tasks"][0]["name"],
        "old"
    );
    assert_eq!(sim.get(&path).await.ok()["name"], "new");
    let put = sim.put(&path, json!({"status": "reviewed"})).await.ok();
    assert_eq!(
        put["status"]["status"], "new",
        "the status before the change"
    );
    assert_eq!(sim.get(&path).await.ok()["status"]["status"], "reviewed");
}

#[tokio::test]
async fn delays_take_their_time() {
    let sim = start().await;
    sim.faults(json!([{"kind": "delay", "ms": 120}])).await;
    let before = std::time::Instant::now();
    assert_eq!(sim.get("/api/v2/user").await.status, 200);
    assert!(before.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn deliveries_can_be_dropped_doubled_and_late() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(
        &receiver,
        json!(["taskCreated", "taskUpdated", "taskDeleted"]),
    )
    .await;
    sim.faults(json!([
        {"match": {"event": "taskCreated"}, "kind": "webhook_drop"},
        {"match": {"event": "taskUpdated"}, "kind": "webhook_duplicate"},
        {"match": {"event": "taskUpdated"}, "kind": "webhook_delay", "ms": 100},
        {"match": {"event": "taskDeleted"}, "kind": "webhook_reorder", "ms": 20},
    ]))
    .await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    sim.put(&path, json!({"name": "B"})).await.ok();
    sim.delete(&path).await;
    let got = receiver.wait_for(3).await;
    assert_eq!(
        receiver.events(),
        ["taskDeleted", "taskUpdated", "taskUpdated"]
    );
    assert_eq!(
        got[0].body["event"], "taskDeleted",
        "the late one was overtaken"
    );
    assert_eq!(got[1].raw, got[2].raw);
    assert_eq!(
        sim.health().await,
        json!({"status": "active", "fail_count": 0})
    );
}

#[tokio::test]
async fn webhooks_can_arrive_before_the_answer() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskCreated"])).await;
    receiver.hold(Duration::from_millis(100));
    sim.faults(json!([{"match": {"method": "POST"}, "kind": "webhook_before_response"}]))
        .await;
    sim.task(json!({"name": "A"})).await;
    assert_eq!(receiver.got().len(), 1);
}

#[tokio::test]
async fn a_silent_suspension_and_a_reset() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let hook = sim.webhook(&receiver, json!("*")).await;
    sim.post(
        &format!("/_sim/webhooks/{}/suspend", hook["id"].as_str().unwrap()),
        json!({}),
    )
    .await
    .ok();
    let task = sim.task(json!({"name": "A"})).await;
    assert_eq!(sim.health().await["status"], "suspended");
    sim.post("/_sim/reset", json!({})).await.ok();
    assert_eq!(count(&sim).await, 0);
    assert_eq!(sim.get("/_sim/webhooks").await.ok()["webhooks"], json!([]));
    let new = sim.task(json!({"name": "B"})).await;
    assert_ne!(new["id"], task["id"], "ids are not given twice");
    assert!(receiver.got().is_empty());
}

#[tokio::test]
async fn deletes_that_nobody_hears_of_and_faults_of_one_endpoint() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskCreated", "taskDeleted"]))
        .await;
    sim.post("/_sim/clock", json!({"mode": "virtual"}))
        .await
        .ok();
    sim.faults(json!([
        {"match": {"event": "taskDeleted"}, "kind": "webhook_drop"},
        {"match": {"method": "GET", "route": "/api/v2/task/{id}"}, "kind": "status", "status": 502, "skip": 1, "times": 1},
    ]))
    .await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    let statuses = async |path: &str| sim.get(path).await.status;
    assert_eq!(statuses(&path).await, 200, "the first is let through");
    assert_eq!(statuses(&format!("{path}/comment")).await, 200);
    assert_eq!(statuses(&path).await, 502);
    assert_eq!(statuses(&path).await, 200, "once is enough");
    sim.delete(&path).await;
    sim.post("/_sim/clock/advance", json!({"ms": 60_000}))
        .await
        .ok();
    assert_eq!(receiver.events(), ["taskCreated"]);
    assert_eq!(statuses(&path).await, 404);
}
