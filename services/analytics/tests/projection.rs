//! Counting the event log in, on a real database.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use analytics::daily_counts::{fold::Deltas, table};
use keylight_runtime::lifecycle::Lifecycle;
use std::sync::{Arc, atomic::Ordering};
use support::{Log, counted, fresh_database, projector, serve_entity};

#[tokio::test(flavor = "multi_thread")]
async fn keeping_up_and_building_anew_come_to_the_same() {
    let (database, log, lifecycle) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &lifecycle).await;
    let projector = projector(&database.pool, &url, &lifecycle);
    let mut next = 0;
    // pieces of every size, one larger than a page
    for size in [1, 0, 3, 40, 2500, 17, 1] {
        log.live(next..next + size);
        next += size;
        projector.catch_up().await.unwrap();
        assert_eq!(counted(&database.pool).await, log.truth());
    }
    let live = counted(&database.pool).await;
    assert_eq!(projector.rebuild().await.unwrap(), log.len());
    assert_eq!(counted(&database.pool).await, live);
    assert_eq!(
        table::progress(&database.pool).await.unwrap().newest,
        log.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_the_counts_are() {
    let (database, log, lifecycle) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &lifecycle).await;
    log.live(0..50);
    projector(&database.pool, &url, &lifecycle)
        .catch_up()
        .await
        .unwrap();
    log.live(50..80);
    projector(&database.pool, &url, &lifecycle)
        .catch_up()
        .await
        .unwrap();
    assert_eq!(counted(&database.pool).await, log.truth());
    assert_eq!(
        table::progress(&database.pool).await.unwrap().events,
        log.len(),
        "none twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_projectors_and_rebuilds_at_once_count_everything_once() {
    let (database, log, lifecycle) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &lifecycle).await;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let projector = projector(&database.pool, &url, &lifecycle);
            tokio::spawn(async move {
                for round in 0..25 {
                    projector.catch_up().await.unwrap();
                    if worker == 0 && round % 10 == 9 {
                        projector.rebuild().await.unwrap();
                    }
                }
            })
        })
        .collect();
    for piece in 0..60 {
        log.live(piece * 20..piece * 20 + 20);
        tokio::task::yield_now().await;
    }
    for worker in workers {
        worker.await.unwrap();
    }
    projector(&database.pool, &url, &lifecycle)
        .catch_up()
        .await
        .unwrap();
    assert_eq!(counted(&database.pool).await, log.truth());
    assert_eq!(
        table::progress(&database.pool).await.unwrap().events,
        log.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_from_an_old_position_changes_nothing() {
    let (database, log, lifecycle) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &lifecycle).await;
    let at_start = table::progress(&database.pool).await.unwrap().position;
    log.live(0..10);
    projector(&database.pool, &url, &lifecycle)
        .catch_up()
        .await
        .unwrap();
    let mut deltas = Deltas::default();
    deltas
        .add(
            "keylight.submission.created.v1",
            r#"{"submission_id":1,"version":1,"created_on":"2026-11-01","status":"new","buyer_category":"homebuyer","actor":"public"}"#,
        )
        .unwrap();
    let step = table::Step {
        from: at_start,
        to: table::Position {
            transaction: 900,
            sequence: 900,
        },
        newest: 900,
        events: 1,
        deltas,
    };
    assert!(!table::advance(&database.pool, step).await.unwrap());
    assert_eq!(counted(&database.pool).await, log.truth());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_event_holds_up_nothing() {
    let (database, log, lifecycle) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &lifecycle).await;
    log.live(0..5);
    log.append_unreadable();
    log.live(5..10);
    projector(&database.pool, &url, &lifecycle)
        .catch_up()
        .await
        .unwrap();
    assert_eq!(counted(&database.pool).await, log.truth());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_away_costs_nothing_but_time() {
    let (database, log, lifecycle) = (
        fresh_database().await,
        Arc::new(Log::default()),
        Lifecycle::new(),
    );
    let url = serve_entity(log.clone(), &lifecycle).await;
    log.live(0..5);
    log.away.store(true, Ordering::SeqCst);
    let projector = projector(&database.pool, &url, &lifecycle);
    let error = projector.catch_up().await.unwrap_err();
    assert!(
        error.to_string().contains("event log could not be read"),
        "{error}"
    );
    log.away.store(false, Ordering::SeqCst);
    projector.catch_up().await.unwrap();
    assert_eq!(counted(&database.pool).await, log.truth());
}
