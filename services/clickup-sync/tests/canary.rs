//! A canary goes the whole way, within its share of the budget, and readiness depends on it.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_runtime::lifecycle::Lifecycle;
use keylight_testkit::wait::wait_until;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::{LONG, Setup, System};

async fn ready_becomes(life: &Lifecycle, wanted: bool) {
    wait_until("the readiness is as expected", LONG, || async {
        let latches = life.readiness().latches;
        if latches.get("canary") == Some(&wanted) {
            Ok(())
        } else {
            Err(format!("{latches:?}"))
        }
    })
    .await;
}

async fn user_calls(system: &System) -> usize {
    let log = system.log().await;
    log.iter()
        .filter(|entry| entry["path"] == "/api/v2/user")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn canaries_pass_within_their_share_and_readiness_follows() {
    let mut system = System::prepare(Setup {
        rate_limit: 100,
        canary_interval: Duration::from_millis(200),
        ..Setup::default()
    })
    .await;
    let life = system.worker().await;
    system.ready().await;
    ready_becomes(&life, true).await;
    let passed = "SELECT count(*) FROM sync.canary WHERE passed_at > now() - interval '3 seconds' AND answered_at IS NOT NULL";
    wait_until("ClickUp has answered one", LONG, || async {
        let done = system.count(passed).await;
        if done == 1 {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    })
    .await;
    // many pass, and of a hundred calls a minute they may use two: none within the next seconds
    system.clear_log().await;
    let first = system
        .count("SELECT extract(epoch FROM passed)::bigint FROM sync.canary")
        .await;
    wait_until("more have passed", LONG, || async {
        let now = system
            .count("SELECT extract(epoch FROM passed)::bigint FROM sync.canary")
            .await;
        if now >= first + 4 {
            Ok(())
        } else {
            Err(format!("{first} {now}"))
        }
    })
    .await;
    assert_eq!(user_calls(&system).await, 0);
    // the last answer is long ago: the next one calls, and the call is in the budget
    sqlx::query("UPDATE sync.canary SET answered_at = now() - interval '31 seconds'")
        .execute(&system.pool)
        .await
        .unwrap();
    wait_until("the next one calls", LONG, || async {
        let calls = user_calls(&system).await;
        if calls == 1 {
            Ok(())
        } else {
            Err(format!("{calls} calls"))
        }
    })
    .await;
    wait_until("the call is in the budget and in the log", LONG, || async {
        let logged = system
            .count("SELECT count(*) FROM sync.api_calls WHERE route = 'GET /v2/user' AND submission_id IS NULL")
            .await;
        if logged >= 2 { Ok(()) } else { Err(format!("{logged} logged")) }
    })
    .await;

    // clickup away: our own part of the way is open
    system.down("refuse").await;
    sqlx::query("UPDATE sync.canary SET passed = now() - interval '1 hour', answered_at = now() - interval '1 hour'")
        .execute(&system.pool)
        .await
        .unwrap();
    wait_until("one passes during the outage", LONG, || async {
        let fresh = system
            .count("SELECT count(*) FROM sync.canary WHERE passed > now() - interval '10 seconds'")
            .await;
        if fresh == 1 {
            Ok(())
        } else {
            Err("old".to_owned())
        }
    })
    .await;
    ready_becomes(&life, true).await;
    system.up().await;

    // the system of record away: the way is closed
    system.entity.away.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    sqlx::query("UPDATE sync.canary SET passed = now() - interval '61 seconds'")
        .execute(&system.pool)
        .await
        .unwrap();
    ready_becomes(&life, false).await;
    system.entity.away.store(false, Ordering::SeqCst);
    ready_becomes(&life, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_interval_there_is_none() {
    let mut system = System::prepare(Setup::default()).await;
    let life = system.worker().await;
    system.ready().await;
    assert!(!life.readiness().latches.contains_key("canary"));
}
