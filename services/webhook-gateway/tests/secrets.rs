//! Which secrets count, and when clickup-sync is asked for them.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures::future::join_all;
use keylight_clickup::signature;
use keylight_messaging::postgres::{PgBus, Wake};
use keylight_runtime::lifecycle::Lifecycle;
use keylight_testkit::wait::wait_until;
use keylight_web::server::Peer;
use std::{sync::Arc, time::Duration};
use support::{
    Gateway, LONG, SECRET, Told, config, fresh_database, nowhere, serve_sync, status_change,
};
use webhook_gateway::Config;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_is_asked_for_once_and_then_known() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let bodies: Vec<String> = (0..20)
        .map(|n| status_change("taskUpdated", "9", &n.to_string()))
        .collect();
    let statuses = join_all(
        bodies
            .iter()
            .map(|body| gateway.signed("intake", body, SECRET)),
    )
    .await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(gateway.told.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_the_new_secret_counts_and_the_old_one_as_long_as_told() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let post = async |item: &str, secret: &str| {
        gateway
            .signed("intake", &status_change("taskUpdated", "9", item), secret)
            .await
    };
    assert_eq!(post("1", SECRET).await, StatusCode::OK);

    gateway.told.set("intake", &["second-secret", SECRET]);
    // the last question is less than a second ago: refused at first, and repeated as ClickUp would
    wait_until("the new secret counts", LONG, || async {
        match post("2", "second-secret").await {
            StatusCode::OK => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    assert_eq!(
        post("3", SECRET).await,
        StatusCode::OK,
        "both count while both are told"
    );

    gateway.told.set("intake", &["third-secret"]);
    wait_until("the third secret counts", LONG, || async {
        match post("4", "third-secret").await {
            StatusCode::OK => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    for old in [SECRET, "second-secret"] {
        assert_eq!(post("5", old).await, StatusCode::FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_secrets_stop_counting_by_themselves() {
    let database = fresh_database().await;
    let told = Arc::new(Told::default());
    told.set("intake", &[SECRET]);
    let lifecycle = Lifecycle::new();
    let url = serve_sync(told.clone(), &lifecycle).await;
    let config = Config {
        renewal: Duration::from_millis(200),
        ..config(&url)
    };
    let bus = PgBus::new(database.pool.clone(), Wake::InProcess);
    let gateway = Gateway::configured(&config, database.pool.clone(), bus, told, lifecycle).await;
    assert_eq!(
        gateway
            .signed("intake", &status_change("taskUpdated", "9", "1"), SECRET)
            .await,
        StatusCode::OK
    );
    gateway.told.secrets.lock().unwrap().clear();
    wait_until("the secret does not count any more", LONG, || async {
        match gateway
            .signed("intake", &status_change("taskUpdated", "9", "1"), SECRET)
            .await
        {
            StatusCode::FORBIDDEN => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook.endpoints")
        .fetch_one(&gateway.pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_make_us_ask_much() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let body = status_change("taskUpdated", "9", "1");
    let began = std::time::Instant::now();
    let forged = join_all((0..200).map(|_| gateway.signed("intake", &body, "guessed"))).await;
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    assert!(forged.iter().all(|status| *status == StatusCode::FORBIDDEN));
    assert!(
        gateway.told.asked() <= 1 + seconds,
        "asked {} times",
        gateway.told.asked()
    );

    // ever new names: most are not even asked for, and nothing of it is kept
    let before = gateway.told.asked();
    let names: Vec<String> = (0..300).map(|n| format!("guess-{n}")).collect();
    let began = std::time::Instant::now();
    let unknown = join_all(
        names
            .iter()
            .map(|name| gateway.signed(name, &body, "guessed")),
    )
    .await;
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap();
    assert!(
        unknown.iter().all(
            |status| [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE].contains(status)
        )
    );
    assert!(
        gateway.told.asked() - before <= 64 * (1 + seconds),
        "asked {} times",
        gateway.told.asked()
    );
    for name in ["bad%20name", "bad.name", &"x".repeat(65)] {
        assert_eq!(
            gateway.signed(name, &body, SECRET).await,
            StatusCode::FORBIDDEN
        );
    }
    assert!(gateway.ledger().await.is_empty());
    // and those who belong here are not shut out
    assert_eq!(
        gateway.signed("intake", &body, SECRET).await,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forger_is_turned_away_and_nobody_else() {
    let database = fresh_database().await;
    let told = Arc::new(Told::default());
    told.set("intake", &[SECRET]);
    let lifecycle = Lifecycle::new();
    let url = serve_sync(told.clone(), &lifecycle).await;
    let config = Config {
        forged_limit: 5,
        trusted_proxies: 1,
        ..config(&url)
    };
    let bus = PgBus::new(database.pool.clone(), Wake::InProcess);
    let gateway = Gateway::configured(&config, database.pool.clone(), bus, told, lifecycle).await;
    let post = async |from: &str, n: u32, secret: &str| {
        let body = status_change("taskUpdated", "9", &n.to_string());
        let signature = signature::sign(secret.as_bytes(), body.as_bytes());
        let request = Request::post("/webhooks/clickup/intake")
            .header("X-Signature", signature)
            .header("X-Forwarded-For", from)
            .extension(Peer("10.0.0.1:9".parse().unwrap()))
            .body(Body::from(body))
            .unwrap();
        gateway.send(request).await.0
    };
    for n in 0..20 {
        assert_eq!(post("192.0.2.1", n, SECRET).await, StatusCode::OK);
    }
    for n in 0..5 {
        assert_eq!(post("192.0.2.9", n, "guessed").await, StatusCode::FORBIDDEN);
    }
    for secret in ["guessed", SECRET] {
        assert_eq!(
            post("192.0.2.9", 30, secret).await,
            StatusCode::TOO_MANY_REQUESTS
        );
    }
    assert_eq!(post("192.0.2.1", 31, SECRET).await, StatusCode::OK);
    assert_eq!(gateway.ledger().await.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_can_tell_about_is_to_be_repeated() {
    let database = fresh_database().await;
    let told = Arc::new(Told::default());
    let gateway =
        Gateway::start_with(database.pool.clone(), &nowhere(), told, Lifecycle::new()).await;
    let body = status_change("taskUpdated", "9", "1");
    assert_eq!(
        gateway.signed("intake", &body, SECRET).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(gateway.ledger().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_needs_nobody_to_ask() {
    let database = fresh_database().await;
    let first = Gateway::start(&database).await;
    assert_eq!(
        first
            .signed("intake", &status_change("taskUpdated", "9", "1"), SECRET)
            .await,
        StatusCode::OK
    );
    first.lifecycle.stop();
    let told = Arc::new(Told::default());
    let second =
        Gateway::start_with(database.pool.clone(), &nowhere(), told, Lifecycle::new()).await;
    assert_eq!(
        second
            .signed("intake", &status_change("taskUpdated", "9", "2"), SECRET)
            .await,
        StatusCode::OK
    );
    assert_eq!(
        second
            .signed("intake", &status_change("taskUpdated", "9", "3"), "guessed")
            .await,
        StatusCode::FORBIDDEN
    );
    second.hints(2).await;
}
