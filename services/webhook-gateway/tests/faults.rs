//! The database goes away, refuses something, or grows old.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use keylight_runtime::lifecycle::Lifecycle;
use keylight_store::outbox::{Outbox, Schema};
use keylight_testkit::{proxy::FaultProxy, wait::wait_until};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use support::{Gateway, LONG, SECRET, Told, fresh_database, serve_sync, small_pool, status_change};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use webhook_gateway::deliveries::{
    delivery::Delivery,
    gatherer::{NotStored, Stored, gatherer},
    ledger::{self, Entry},
    writer::Writer,
};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_clickup_is_asked_to_repeat() {
    let database = fresh_database().await;
    let url: url::Url = database.url.parse().unwrap();
    let proxy = FaultProxy::before(format!(
        "{}:{}",
        url.host_str().unwrap(),
        url.port().unwrap()
    ))
    .await
    .unwrap();
    let mut through = url.clone();
    through.set_port(Some(proxy.address().port())).unwrap();

    let told = Arc::new(Told::default());
    told.set("intake", &[SECRET]);
    let lifecycle = Lifecycle::new();
    let sync = serve_sync(told.clone(), &lifecycle).await;
    let gateway = Gateway::start_with(
        small_pool(through.as_str(), 4).await,
        &sync,
        told,
        lifecycle,
    )
    .await;
    let post = async |n: usize| {
        gateway
            .signed(
                "intake",
                &status_change("taskUpdated", "9", &n.to_string()),
                SECRET,
            )
            .await
    };
    assert_eq!(post(1).await, StatusCode::OK);

    proxy.refuse();
    assert_eq!(post(2).await, StatusCode::SERVICE_UNAVAILABLE);
    proxy.pause();
    let began = std::time::Instant::now();
    assert_eq!(post(3).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        began.elapsed() < Duration::from_secs(7),
        "answered while clickup listens: {:?}",
        began.elapsed()
    );
    proxy.cut();
    for n in [2, 3] {
        wait_until("the repetition is stored", LONG, || async {
            match post(n).await {
                StatusCode::OK => Ok(()),
                other => Err(other.to_string()),
            }
        })
        .await;
    }
    assert_eq!(gateway.ledger().await.len(), 3);
    gateway.hints(3).await;
}

fn writer(pool: &PgPool) -> Writer {
    Writer {
        pool: pool.clone(),
        outbox: Outbox::new(Schema::Webhook, Uuid::from_u128(1)),
    }
}

fn entry(n: u128, kind: &'static str) -> Entry {
    Entry {
        delivery: Delivery {
            id: Uuid::from_u128(n),
            webhook: "intake".to_owned(),
            received_at: Utc::now(),
            traceparent: None,
            body: b"{}".to_vec(),
        },
        sameness: format!("w:taskUpdated:{n}"),
        kind,
        event: Some("taskUpdated".to_owned()),
        object_id: Some("9".to_owned()),
        hint: Some(b"{}".to_vec()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_refused_does_not_hurt_the_others() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    gateway.lifecycle.stop();
    let (intake, gatherer) = gatherer(writer(&database.pool), None, watch::channel(true).1);
    let room = Arc::new(Semaphore::new(10));
    // all wait before the gatherer begins, so that they are one batch
    let waiting: Vec<_> = (0..10)
        .map(|n| {
            let (intake, place) = (intake.clone(), room.clone().try_acquire_owned().unwrap());
            // PostgreSQL takes no NUL in a text
            let entry = entry(n, if n == 5 { "a\0b" } else { "task" });
            Box::pin(async move { intake.store(entry, place).await })
        })
        .collect();
    let mut waiting = join_all(waiting);
    assert!(futures::poll!(&mut waiting).is_pending());
    drop(intake);
    let (ended, results) = tokio::join!(gatherer.run(CancellationToken::new()), waiting);
    ended.unwrap();
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(
            result,
            if n == 5 {
                Err(NotStored::Refused)
            } else {
                Ok(Stored::Fresh)
            },
            "{n}"
        );
    }
    assert_eq!(room.available_permits(), 10, "the memory is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_can_wait_is_refused() {
    let database = fresh_database().await;
    let (intake, _idle) = gatherer(writer(&database.pool), None, watch::channel(true).1);
    let room = Arc::new(Semaphore::new(5000));
    let place = || room.clone().try_acquire_owned().unwrap();
    let mut waiting: Vec<_> = (0..4096)
        .map(|n| Box::pin(intake.store(entry(n, "task"), place())))
        .collect();
    for one in &mut waiting {
        assert!(futures::poll!(one).is_pending());
    }
    assert_eq!(
        intake.store(entry(5000, "task"), place()).await,
        Err(NotStored::Full)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn old_deliveries_are_forgotten_and_new_ones_kept() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    for n in 0..5 {
        gateway
            .signed(
                "intake",
                &status_change("taskUpdated", "9", &n.to_string()),
                SECRET,
            )
            .await;
    }
    sqlx::query("UPDATE webhook.deliveries SET received_at = now() - interval '2 days' WHERE sameness LIKE '%:3' OR sameness LIKE '%:4'")
        .execute(&gateway.pool)
        .await
        .unwrap();
    let before = Utc::now() - TimeDelta::days(1);
    assert_eq!(ledger::forget(&gateway.pool, before, 1).await.unwrap(), 1);
    assert_eq!(ledger::forget(&gateway.pool, before, 10).await.unwrap(), 1);
    assert_eq!(ledger::forget(&gateway.pool, before, 10).await.unwrap(), 0);
    assert_eq!(gateway.ledger().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_orderly_and_nothing_answered_is_lost() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    // the stand-in for clickup-sync ends as well: nobody must need to ask it
    let first = status_change("taskUpdated", "8", "first");
    assert_eq!(
        gateway.signed("intake", &first, SECRET).await,
        StatusCode::OK
    );
    let bodies: Vec<String> = (0..50)
        .map(|n| status_change("taskUpdated", "9", &n.to_string()))
        .collect();
    let posts = join_all(
        bodies
            .iter()
            .map(|body| gateway.signed("intake", body, SECRET)),
    );
    let (statuses, ()) = tokio::join!(posts, async { gateway.lifecycle.stop() });
    let (routes, lifecycle) = (gateway.routes, gateway.lifecycle);
    drop(routes);
    lifecycle.finished(LONG).await.unwrap();
    let answered = statuses
        .iter()
        .filter(|status| **status == StatusCode::OK)
        .count();
    assert_eq!(answered, 50, "requests in hand are finished: {statuses:?}");
    let (stored, waiting): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM webhook.deliveries),
                (SELECT count(*) FROM webhook.outbox) + (SELECT count(*) FROM bus.messages)",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!(stored, 51);
    assert!(
        waiting >= 1,
        "what was not sent yet waits for the next relay"
    );
}
