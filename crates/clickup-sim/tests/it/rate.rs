//! The rate limit.

use std::time::Duration;

use keylight_clickup_sim::SimConfig;
use reqwest::Method;
use serde_json::json;

use crate::support::{STAFF, config, eventually, read, start_with};

#[tokio::test]
async fn the_limit_is_per_token_with_headers_on_every_answer() {
    let sim = start_with(SimConfig {
        rate_limit: 3,
        ..config()
    })
    .await;
    for left in ["2", "1", "0"] {
        let answer = sim.get("/api/v2/user").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["x-ratelimit-limit"], "3");
        assert_eq!(answer.headers["x-ratelimit-remaining"], left);
        let reset: i64 = answer.headers["x-ratelimit-reset"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let now = sim.get("/_sim/health").await.ok()["now"].as_i64().unwrap();
        assert!((now / 1000..=now / 1000 + 60).contains(&reset));
    }
    let over = sim.get("/api/v2/user").await;
    assert_eq!(over.error(), (429, "APP_002"));
    assert_eq!(over.body["err"], "Rate limit reached");
    assert_eq!(over.headers["x-ratelimit-remaining"], "0");
    assert!(!over.headers.contains_key("retry-after"));
    let other = sim
        .send(Method::GET, "/api/v2/user", Some(STAFF), None)
        .await
        .unwrap();
    assert_eq!(read(other).await.status, 200);

    sim.post("/_sim/options", json!({"retry_after": true}))
        .await
        .ok();
    let wait: u64 = sim.get("/api/v2/user").await.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait));
    let usage = sim.get("/_sim/rate").await.ok();
    assert_eq!(usage["users"][0]["usage"]["refused"], 2);

    sim.post("/_sim/rate_limit", json!({"limit": 5})).await.ok();
    assert_eq!(
        sim.get("/api/v2/user").await.headers["x-ratelimit-limit"],
        "5"
    );
}

#[tokio::test]
async fn a_new_window_brings_a_new_budget_and_people_cost_nothing() {
    let window = Duration::from_millis(300);
    let sim = start_with(SimConfig {
        rate_limit: 1,
        window,
        ..config()
    })
    .await;
    let task = sim.task(json!({"name": "A"})).await;
    assert_eq!(sim.get("/api/v2/user").await.status, 429);
    let path = format!("/_sim/tasks/{}/status", task["id"].as_str().unwrap());
    sim.post(&path, json!({"status": "Reviewed"})).await.ok();
    eventually("an answer", || async {
        (sim.get("/api/v2/user").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_log_shows_calls_without_tokens() {
    let sim = start_with(config()).await;
    sim.task(json!({"name": "A"})).await;
    sim.get("/api/v2/user?x=1").await;
    let unknown = sim
        .send(Method::GET, "/api/v2/user", Some("pk_5_SECRET"), None)
        .await
        .unwrap();
    assert_eq!(unknown.status(), 401);
    let log = sim.log().await;
    assert_eq!(log.len(), 3, "control calls are not in it");
    assert_eq!(
        (log[0]["method"].as_str(), log[0]["user"].as_u64()),
        (Some("POST"), Some(1))
    );
    assert_eq!(log[0]["body_bytes"], 12);
    assert_eq!(log[0]["rate_remaining"], 99_999);
    assert_eq!(log[1]["path"], "/api/v2/user?x=1");
    assert_eq!(
        (log[2]["status"].as_u64(), log[2]["user"].as_u64()),
        (Some(401), None)
    );
    assert!(!json!(log).to_string().contains("pk_"));
    let later = sim
        .get(&format!("/_sim/log?after={}", log[1]["seq"]))
        .await
        .ok();
    assert_eq!(later["entries"].as_array().unwrap().len(), 1);
    sim.delete("/_sim/log").await.ok();
    assert!(sim.log().await.is_empty());
}
