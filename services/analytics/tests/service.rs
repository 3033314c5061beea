//! The whole service: messages in, answers out, with one database connection.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use keylight_contracts::v1::{RebuildRequest, SubmissionsPerDayRequest};
use keylight_domain::error::ErrorCode;
use keylight_rpc::status::error_of;
use keylight_runtime::lifecycle::Lifecycle;
use keylight_testkit::wait::wait_until;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use support::{LONG, Log, Running, fresh_database, serve_entity};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn a_message_wakes() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, HOUR).await;
    wait_until("the first look is over", LONG, || async {
        if log.reads.load(Ordering::SeqCst) > 0 {
            Ok(())
        } else {
            Err("no look".to_owned())
        }
    })
    .await;
    for round in 0..3 {
        log.live(round * 10..round * 10 + 10);
        running.tell().await;
        running.until_counted(&log).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_messages_are_repaired_by_time() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, Duration::from_millis(200)).await;
    running.until_counted(&log).await;
    log.live(0..10);
    running.until_counted(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_messages_costs_few_looks() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, HOUR).await;
    let began = std::time::Instant::now();
    for id in 0..300 {
        log.create(id);
        running.tell().await;
    }
    running.until_counted(&log).await;
    // each look reads a page, and one more only if that was full; 20 ms lie between two
    let looks = u128::try_from(log.reads.load(Ordering::SeqCst)).unwrap();
    assert!(
        looks <= 3 + began.elapsed().as_millis() / 20,
        "{looks} looks in {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn entity_service_may_come_later_and_everything_ends_in_order() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    log.live(0..10);
    log.away.store(true, Ordering::SeqCst);
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, Duration::from_millis(100)).await;
    assert!(
        running.lifecycle.readiness().is_ready(),
        "answers what it knows"
    );
    let (counts, as_of) = running.answer().await;
    assert!(counts.is_empty() && as_of == 0);
    log.away.store(false, Ordering::SeqCst);
    running.until_counted(&log).await;
    running.lifecycle.stop();
    running.lifecycle.finished(LONG).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_heals_wrong_counts() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, Duration::from_millis(200)).await;
    log.live(0..30);
    running.until_counted(&log).await;
    sqlx::query("UPDATE analytics.submissions_daily SET count = count + 5")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_ne!(running.answer().await.0, log.truth());
    let reply = running
        .client
        .clone()
        .rebuild(RebuildRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.events, log.len());
    running.until_counted(&log).await;

    // nothing is forgotten that could not be counted again
    log.away.store(true, Ordering::SeqCst);
    assert!(
        running
            .client
            .clone()
            .rebuild(RebuildRequest {})
            .await
            .is_err()
    );
    assert_eq!(running.answer().await.0, log.truth());
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_answered_as_asked_for() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, Duration::from_millis(200)).await;
    // ids are days: 1 November and later
    for id in [0, 20, 4, 9] {
        log.create(id);
    }
    running.until_counted(&log).await;
    let ask = async |from: &str, to: &str| {
        let request = SubmissionsPerDayRequest {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let rows = running
            .client
            .clone()
            .submissions_per_day(request)
            .await?
            .into_inner()
            .counts;
        Ok::<_, tonic::Status>(
            rows.into_iter()
                .map(|row| (row.day, row.count))
                .collect::<Vec<_>>(),
        )
    };
    let on = |day: &str, count| (day.to_owned(), count);
    let all = vec![
        on("2026-11-01", 2),
        on("2026-11-05", 1),
        on("2026-11-10", 1),
    ];
    assert_eq!(
        ask("", "").await.unwrap(),
        all,
        "the last 30 days up to the newest"
    );
    assert_eq!(
        ask("2026-11-01", "2026-11-05").await.unwrap(),
        all[..2],
        "both ends included"
    );
    assert_eq!(ask("2026-11-06", "").await.unwrap(), all[2..]);
    assert!(ask("2027-01-01", "2027-02-01").await.unwrap().is_empty());
    for (from, to) in [
        ("yesterday", ""),
        ("2026-11-05", "2026-11-01"),
        ("1900-01-01", "2026-11-01"),
    ] {
        let error = error_of(&ask(from, to).await.unwrap_err());
        assert_eq!(
            (error.code, error.details.len()),
            (ErrorCode::InvalidInput, 1),
            "{from} {to}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_shows_later_than_its_message_is_counted_soon() {
    let (database, log, others) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &others).await;
    let running = Running::start(&database, &url, HOUR).await;
    wait_until("both looks of the start are over", LONG, || async {
        match log.reads.load(Ordering::SeqCst) {
            2.. => Ok(()),
            looks => Err(format!("{looks} looks")),
        }
    })
    .await;
    log.held_back.store(true, Ordering::SeqCst);
    let looks = log.reads.load(Ordering::SeqCst);
    log.live(0..5);
    running.tell().await;
    wait_until("the message's look is over", LONG, || async {
        if log.reads.load(Ordering::SeqCst) > looks {
            Ok(())
        } else {
            Err("no look".to_owned())
        }
    })
    .await;
    log.held_back.store(false, Ordering::SeqCst);
    running.until_counted(&log).await;
}
