//! Virtual time: hours in seconds, the same every time.

use std::time::{Duration, Instant};

use keylight_clickup_sim::{Fault, FaultKind, RunningSim, SimConfig, WebhookRetry};
use serde_json::{Value, json};

use crate::support::{LIST, Receiver, SERVICE, TEAM, config, eventually, start, start_with};

const NOON: i64 = 1_795_608_000_000;

async fn now(sim: &crate::support::Running) -> i64 {
    sim.get("/_sim/clock").await.ok()["now"].as_i64().unwrap()
}

#[tokio::test]
async fn an_hour_of_rate_windows_takes_seconds() {
    let sim = start_with(SimConfig {
        rate_limit: 3,
        ..config()
    })
    .await;
    sim.post("/_sim/clock", json!({"mode": "virtual", "now": NOON}))
        .await
        .ok();
    let started = Instant::now();
    for minute in 0..60 {
        for left in ["2", "1", "0"] {
            let answer = sim.get("/api/v2/user").await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.headers["x-ratelimit-remaining"], left);
            let reset = (NOON / 1000 + 60 * (minute + 1)).to_string();
            assert_eq!(answer.headers["x-ratelimit-reset"], reset.as_str());
        }
        assert_eq!(sim.get("/api/v2/user").await.status, 429);
        sim.post("/_sim/clock/advance", json!({"ms": 59_999}))
            .await
            .ok();
        assert_eq!(
            sim.get("/api/v2/user").await.status,
            429,
            "the window is not over yet"
        );
        sim.post("/_sim/clock/advance", json!({"ms": 1})).await.ok();
    }
    assert_eq!(now(&sim).await, NOON + 3_600_000);
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn the_clock_refuses_what_makes_no_sense() {
    let sim = start().await;
    assert_eq!(
        sim.post("/_sim/clock/advance", json!({"ms": 1}))
            .await
            .status,
        400,
        "real time cannot be advanced"
    );
    for body in [
        json!({}),
        json!({"mode": "real", "now": NOON}),
        json!({"mode": "virtual", "now": -1}),
        json!({"mode": "virtual", "offset_ms": 5}),
        json!({"offset_ms": i64::MAX}),
    ] {
        assert_eq!(sim.post("/_sim/clock", body).await.status, 400);
    }
    sim.post("/_sim/clock", json!({"mode": "virtual", "now": NOON}))
        .await
        .ok();
    assert_eq!(now(&sim).await, NOON);
    let task = sim.task(json!({"name": "A"})).await;
    assert_eq!(task["date_created"], NOON.to_string());
    sim.post("/_sim/clock", json!({"mode": "real"})).await.ok();
    assert!((NOON..NOON + 60_000).contains(&now(&sim).await));
    sim.post("/_sim/clock", json!({"offset_ms": 0})).await.ok();
    assert!(now(&sim).await > NOON + 60_000 || now(&sim).await < NOON);
}

/// Minutes between attempts, and more events than it takes to be suspended.
#[tokio::test]
async fn retries_over_hours_end_in_a_suspension() {
    let sim = start_with(SimConfig {
        webhook_retry: WebhookRetry {
            backoff: Duration::from_secs(300),
            suspend_after: 10,
            ..WebhookRetry::default()
        },
        ..config()
    })
    .await;
    sim.post("/_sim/clock", json!({"mode": "virtual", "now": NOON}))
        .await
        .ok();
    let receiver = Receiver::start().await;
    receiver.answers(&[], 503);
    sim.webhook(&receiver, json!(["taskCreated"])).await;
    let started = Instant::now();
    for name in 0..12 {
        sim.task(json!({"name": name.to_string()})).await;
    }
    sim.post("/_sim/clock/advance", json!({"ms": 0})).await.ok();
    assert_eq!(receiver.got().len(), 12, "first attempts take no time");
    assert_eq!(sim.health().await["status"], "failing");
    // 5, 10, 20 and 40 minutes lie between the five attempts.
    for (minutes, attempts) in [(5, 24), (9, 24), (1, 36), (20, 48), (39, 48)] {
        sim.post("/_sim/clock/advance", json!({"ms": minutes * 60_000}))
            .await
            .ok();
        assert_eq!(receiver.got().len(), attempts, "after {minutes} minutes");
    }
    assert_eq!(
        sim.health().await,
        json!({"status": "failing", "fail_count": 0})
    );
    sim.post("/_sim/clock/advance", json!({"ms": 60_000}))
        .await
        .ok();
    let health = sim.health().await;
    assert_eq!(
        (health["status"].as_str(), health["fail_count"].as_u64()),
        (Some("suspended"), Some(10))
    );
    assert!(
        (58..=60).contains(&receiver.got().len()),
        "those after the suspension are not sent"
    );
    assert!(started.elapsed() < Duration::from_secs(30));
    // What happened meanwhile is never told.
    let before = receiver.got().len();
    sim.task(json!({"name": "unheard"})).await;
    sim.post("/_sim/clock/advance", json!({"ms": 86_400_000}))
        .await
        .ok();
    assert_eq!(receiver.got().len(), before);
}

#[tokio::test]
async fn delays_of_answers_and_deliveries_follow_virtual_time() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskCreated"])).await;
    sim.post("/_sim/clock", json!({"mode": "virtual", "now": NOON}))
        .await
        .ok();
    sim.faults(json!([
        {"match": {"method": "GET", "route": "/api/v2/user"}, "kind": "delay", "ms": 600_000},
        {"kind": "webhook_delay", "ms": 1_200_000},
    ]))
    .await;
    sim.task(json!({"name": "A"})).await;
    let started = Instant::now();
    let (late, ()) = tokio::join!(sim.get("/api/v2/user"), async {
        // the answer and the delivery
        eventually("both wait", || async {
            (sim.get("/_sim/clock").await.body["waiting"] == 2).then_some(())
        })
        .await;
        sim.post("/_sim/clock/advance", json!({"ms": 1_199_999}))
            .await
            .ok();
    });
    assert_eq!(late.status, 200);
    assert_eq!(sim.log().await.last().unwrap()["ms"], 600_000);
    assert!(receiver.got().is_empty());
    sim.post("/_sim/clock/advance", json!({"ms": 1})).await.ok();
    assert_eq!(receiver.got().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn lost_answers_bring_the_same_event_again() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskCreated"])).await;
    sim.post("/_sim/clock", json!({"mode": "virtual"}))
        .await
        .ok();
    sim.post(
        "/_sim/webhook_retry",
        json!({"attempts": 3, "backoff_ms": 60_000}),
    )
    .await
    .ok();
    sim.faults(json!([{"kind": "webhook_answer_lost", "times": 2}]))
        .await;
    sim.task(json!({"name": "A"})).await;
    sim.post("/_sim/clock/advance", json!({"ms": 3_600_000}))
        .await
        .ok();
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|delivery| delivery.raw == got[0].raw));
    assert_eq!(
        sim.health().await,
        json!({"status": "active", "fail_count": 0})
    );
    assert_eq!(
        sim.post("/_sim/webhook_retry", json!({"attempts": 0}))
            .await
            .status,
        400
    );
}

/// One run against a simulator in this process: what the receiver got and what the requests said.
async fn run(seed: u64) -> (Vec<Value>, Vec<u16>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let running = RunningSim::start(SimConfig { seed, ..config() })
        .await
        .unwrap();
    let sim = running.sim();
    sim.use_virtual_time(Some(NOON));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let receiver = Receiver::start().await;
    let post = |path: String, body: Value| {
        let request = http.post(format!("{}{path}", running.url()));
        request.header("authorization", SERVICE).json(&body).send()
    };
    let hook = json!({"endpoint": receiver.url, "events": "*"});
    post(format!("/api/v2/team/{TEAM}/webhook"), hook)
        .await
        .unwrap();
    let faults = [
        Fault {
            status: Some(500),
            probability: 0.3,
            ..Fault::new(FaultKind::Status)
        },
        Fault {
            probability: 0.2,
            ..Fault::new(FaultKind::WebhookDrop)
        },
        Fault {
            probability: 0.2,
            ..Fault::new(FaultKind::WebhookDuplicate)
        },
        Fault {
            ms: Some(60_000),
            probability: 0.5,
            ..Fault::new(FaultKind::WebhookReorder)
        },
    ];
    sim.add_faults(faults.into()).unwrap();
    let mut statuses = Vec::new();
    for n in 0..40 {
        let path = format!("/api/v2/list/{LIST}/task");
        let answer = post(path, json!({"name": n.to_string()})).await.unwrap();
        statuses.push(answer.status().as_u16());
        sim.advance(Duration::from_secs(10)).await;
    }
    sim.advance(Duration::from_secs(3_600)).await;
    assert_eq!(sim.requests_after(0, 100).len(), 41);
    // The receiver's address is another one in each run, so the order is what is compared.
    let got: Vec<Value> = receiver
        .got()
        .into_iter()
        .map(|delivery| delivery.body)
        .collect();
    running.stop().await.unwrap();
    (got, statuses)
}

#[tokio::test]
async fn a_seed_replays_a_run_to_the_letter() {
    let (first, statuses) = run(7).await;
    assert!(statuses.contains(&500) && statuses.contains(&200));
    assert!(first.len() > 20);
    let (again, same) = run(7).await;
    assert_eq!(same, statuses);
    assert_eq!(again, first, "events, order, ids and dates");
    let (other, _) = run(8).await;
    assert_ne!(other, first);
}
