//! Audit log, event log and outbox.

use crate::system::{PATIENCE, System, application};
use futures::future::join_all;
use keylight_contracts::v1;
use keylight_testkit::wait::wait_until;
use std::sync::atomic::Ordering;

async fn events(system: &System, after: v1::EventPosition, limit: i32) -> Vec<v1::Event> {
    let request = v1::ListEventsRequest {
        after: Some(after),
        limit,
    };
    system
        .client
        .clone()
        .list_events(request)
        .await
        .unwrap()
        .into_inner()
        .events
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_follows_along_misses_nothing() {
    let system = System::start_with(8, |config| config.committers = 4).await;
    let writers = async {
        for round in 0..20 {
            let made = join_all(
                (0..10).map(|n| system.create(application(&format!("r{round}n{n}@example.com")))),
            )
            .await;
            let changes = made.into_iter().map(|made| {
                let (id, system) = (made.unwrap().id, &system);
                async move {
                    if id % 3 == 0 {
                        system.delete(id).await.unwrap()
                    } else {
                        system.update(id, "reviewed", None).await.unwrap()
                    }
                }
            });
            join_all(changes).await;
        }
    };
    // a transaction that takes its number early and commits in the middle
    let slow = async {
        let mut transaction = system.pool.begin().await.unwrap();
        sqlx::query("INSERT INTO entity.events (id, type, submission_id, at, data) VALUES (gen_random_uuid(), 'slow', 0, now(), '{}')")
            .execute(&mut *transaction)
            .await
            .unwrap();
        wait_until("others have committed", PATIENCE, || async {
            let rows = system.count("events").await;
            if rows > 100 {
                Ok(())
            } else {
                Err(format!("{rows} events"))
            }
        })
        .await;
        transaction.commit().await.unwrap();
    };
    let reader = async {
        let (mut position, mut seen) = (v1::EventPosition::default(), Vec::new());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while seen.len() < 401 {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{} events",
                seen.len()
            );
            let page = events(&system, position, 37).await;
            if let Some(last) = page.last() {
                position = last.position.unwrap();
            } else {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            seen.extend(page);
        }
        seen
    };
    let ((), (), seen) = tokio::join!(writers, slow, reader);
    let mut positions: Vec<_> = seen
        .iter()
        .map(|event| event.position.unwrap())
        .map(|at| (at.transaction, at.sequence))
        .collect();
    assert!(positions.is_sorted());
    positions.dedup();
    assert_eq!((positions.len(), seen.len()), (401, 401));
    assert_eq!(
        seen.iter().filter(|event| event.r#type == "slow").count(),
        1
    );
    // a rebuild from the start reads the same
    assert_eq!(
        events(&system, v1::EventPosition::default(), 5000).await,
        seen
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_not_shown_before_all_earlier_ones_can_be_seen() {
    let system = System::start().await;
    let mut slow = system.pool.begin().await.unwrap();
    sqlx::query("INSERT INTO entity.events (id, type, submission_id, at, data) VALUES (gen_random_uuid(), 'slow', 0, now(), '{}')")
        .execute(&mut *slow)
        .await
        .unwrap();
    system.create(application("a@example.com")).await.unwrap();
    assert_eq!(events(&system, v1::EventPosition::default(), 10).await, []);
    slow.commit().await.unwrap();
    let kinds = wait_until("both are shown", PATIENCE, || async {
        let kinds: Vec<_> = events(&system, v1::EventPosition::default(), 10)
            .await
            .into_iter()
            .map(|event| event.r#type)
            .collect();
        if kinds.len() == 2 {
            Ok(kinds)
        } else {
            Err(format!("{kinds:?}"))
        }
    })
    .await;
    assert_eq!(kinds, ["slow", "keylight.submission.created.v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_has_its_outbox_row_and_a_transaction_that_fails_leaves_neither() {
    let system = System::start().await;
    system.bus.away.store(true, Ordering::SeqCst);
    let id = system
        .create(application("a@example.com"))
        .await
        .unwrap()
        .id;
    system.update(id, "reviewed", None).await.unwrap();
    let pairs = "SELECT count(*) FROM entity.events e JOIN entity.outbox o ON o.message_id = e.id AND o.topic = e.type";
    assert_eq!(
        sqlx::query_scalar::<_, i64>(pairs)
            .fetch_one(&system.pool)
            .await
            .unwrap(),
        2
    );

    // the last statement of each transaction is refused
    sqlx::query("ALTER TABLE entity.outbox ADD CONSTRAINT nothing_more CHECK (false) NOT VALID")
        .execute(&system.pool)
        .await
        .unwrap();
    assert!(system.create(application("b@example.com")).await.is_err());
    assert!(system.update(id, "contacted", None).await.is_err());
    assert!(system.delete(id).await.is_err());
    for (table, rows) in [
        ("submissions", 1),
        ("users", 1),
        ("projects", 1),
        ("audit_log", 2),
        ("events", 2),
        ("outbox", 2),
    ] {
        assert_eq!(system.count(table).await, rows, "{table}");
    }
    assert_eq!(
        system.get(id).await.unwrap().status.as_deref(),
        Some("reviewed")
    );
    sqlx::query("ALTER TABLE entity.outbox DROP CONSTRAINT nothing_more")
        .execute(&system.pool)
        .await
        .unwrap();
    // the address of the refused application is still free
    system.create(application("b@example.com")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_down_cannot_be_changed() {
    let system = System::start().await;
    system.create(application("a@example.com")).await.unwrap();
    for statement in [
        "UPDATE entity.audit_log SET actor = 'nobody'",
        "DELETE FROM entity.audit_log",
        "TRUNCATE entity.audit_log",
        "UPDATE entity.events SET data = '{}'",
        "DELETE FROM entity.events",
        "TRUNCATE entity.events",
    ] {
        let error = sqlx::query(statement)
            .execute(&system.pool)
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("append-only"),
            "{statement}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_published_once_the_bus_is_back() {
    let system = System::start_with(1, |_| {}).await;
    system.bus.away.store(true, Ordering::SeqCst);
    let made =
        join_all((0..50).map(|n| system.create(application(&format!("n{n}@example.com"))))).await;
    let mut expected: Vec<_> = made.into_iter().map(|made| made.unwrap().id).collect();
    assert_eq!(system.count("outbox").await, 50);
    system.bus.away.store(false, Ordering::SeqCst);
    let mut told: Vec<_> = system
        .published()
        .await
        .iter()
        .filter_map(|event| event.submission_id())
        .collect();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected);
}
