//! Exactly one task for each submission, whatever happens to calls, workers and ClickUp; and never a refusal for the rate.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use std::time::Duration;
use support::{Setup, System};

async fn create(system: &System, count: i64) {
    for id in 1..=count {
        system.entity.create(id).await;
    }
}

async fn all_once(system: &System) {
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
}

async fn under_a_fault(fault: serde_json::Value) {
    let system = System::start(Setup::default()).await;
    system.fault(fault).await;
    create(&system, 6).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    system.no_faults().await;
    all_once(&system).await;
}

fn on_create(kind: &str, more: serde_json::Value) -> serde_json::Value {
    let mut fault =
        json!({"match": {"method": "POST", "path_prefix": "/api/v2/list"}, "kind": kind});
    fault
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    fault
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_connections() {
    under_a_fault(on_create("refuse", json!({}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence() {
    under_a_fault(on_create("hang", json!({}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_the_effect() {
    under_a_fault(on_create("succeed_then_hang", json!({}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_the_effect() {
    under_a_fault(on_create("succeed_then_error", json!({"status": 502}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_answers() {
    under_a_fault(on_create("cut_body", json!({"times": 4}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_without_effect() {
    under_a_fault(on_create("status", json!({"status": 500, "times": 5}))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_for_the_rate_of_others() {
    under_a_fault(on_create(
        "status",
        json!({"status": 429, "retry_after": 1, "times": 3}),
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_before_the_answer() {
    let system = System::start(Setup::default()).await;
    system
        .fault(json!({"kind": "webhook_before_response"}))
        .await;
    create(&system, 3).await;
    all_once(&system).await;
    system.entity.set_status(1, "reviewed").await;
    all_once(&system).await;
    let calls = system.task_calls().await;
    assert_eq!(calls.len(), 4, "{calls:?}");
}

async fn all_of_clickup_away(mode: &str) {
    let system = System::start(Setup::default()).await;
    system.down(mode).await;
    create(&system, 10).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(
        system
            .entity
            .all()
            .iter()
            .all(|submission| submission.sync_state == "pending")
    );
    system.up().await;
    all_once(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens() {
    all_of_clickup_away("refuse").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered() {
    all_of_clickup_away("hang").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_refused_for_the_rate() {
    all_of_clickup_away("429").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_an_error() {
    all_of_clickup_away("500").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_anywhere() {
    let mut system = System::prepare(Setup {
        lease: chrono::TimeDelta::seconds(2),
        ..Setup::default()
    })
    .await;
    // answers are lost now and then, so that death strikes in all kinds of states
    system
        .fault(on_create(
            "succeed_then_error",
            json!({"status": 502, "probability": 0.2}),
        ))
        .await;
    create(&system, 30).await;
    for round in 0..6 {
        // a runtime of its own: dropping it drops every task in the middle of what it does, as a kill would
        let config = system.config();
        let url = system.database.url.clone();
        let stop_after = Duration::from_millis(150 + 90 * round);
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let pool = sqlx::PgPool::connect(&url).await.unwrap();
                let bus = keylight_messaging::postgres::PgBus::new(
                    pool.clone(),
                    keylight_messaging::postgres::Wake::Listen,
                );
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let clock = std::sync::Arc::new(keylight_runtime::clock::SystemClock);
                let resources = clickup_sync::app::Resources {
                    pool,
                    bus,
                    listener,
                    clock,
                };
                let life = keylight_runtime::lifecycle::Lifecycle::new();
                clickup_sync::app::run(config, resources, &life)
                    .await
                    .unwrap();
                tokio::time::sleep(stop_after).await;
            });
            runtime.shutdown_timeout(Duration::ZERO);
        })
        .await
        .unwrap();
    }
    system.no_faults().await;
    system.worker().await;
    all_once(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_share_and_keep_within_the_budget() {
    let setup = Setup {
        rate_limit: 40,
        window: Duration::from_secs(6),
        ..Setup::default()
    };
    let mut system = System::prepare(setup).await;
    system.worker().await;
    system.worker().await;
    create(&system, 60).await;
    all_once(&system).await;
    system.assert_no_refusals().await;
    let creates = system
        .task_calls()
        .await
        .iter()
        .filter(|call| call.starts_with("POST"))
        .count();
    assert_eq!(creates, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_system_of_record_is_away_nothing_is_lost() {
    let system = System::start(Setup::default()).await;
    create(&system, 3).await;
    system
        .entity
        .away
        .store(true, std::sync::atomic::Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(1)).await;
    system
        .entity
        .away
        .store(false, std::sync::atomic::Ordering::SeqCst);
    all_once(&system).await;
}
