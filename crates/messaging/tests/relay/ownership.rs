//! Several relays, and what becomes of the rows of one that is gone.

use super::{
    buses::PATIENCE,
    setting::{Memory, NEVER, TOPIC, append, database, is_empty, outbox, start},
};
use keylight_messaging::relay::RelayOptions;
use keylight_testkit::wait::wait_until;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

#[tokio::test]
async fn several_relays_at_once_send_each_event_once() {
    let database = database().await;
    let bus = Arc::new(Memory::default());
    let outboxes: Vec<_> = (0..3).map(|_| outbox()).collect();
    let options = || RelayOptions {
        batch: 20,
        heartbeat: Duration::from_millis(50),
        ..Default::default()
    };
    for outbox in &outboxes {
        // as services do: a relay has said that it lives before its process writes
        outbox.heartbeat(&database.pool).await.unwrap();
    }
    let relays: Vec<_> = outboxes
        .iter()
        .map(|outbox| start(outbox, &database.pool, &bus, options()))
        .collect();
    let mut all = BTreeSet::new();
    for _ in 0..20 {
        for outbox in &outboxes {
            all.extend(append(outbox, &database.pool, TOPIC, 10).await);
            outbox.wake();
        }
    }
    bus.has(&all).await;
    is_empty(&outboxes[0], &database.pool).await;
    for relay in relays {
        relay.stop().await;
    }
    assert_eq!(bus.events().len(), all.len());
    assert!(
        bus.events().values().all(|times| *times == 1),
        "{:?}",
        bus.events().values().max()
    );
}

#[tokio::test]
async fn rows_of_a_silent_relay_are_adopted_and_those_of_a_living_one_are_not() {
    let database = database().await;
    let (dead, living, adopter) = (outbox(), outbox(), outbox());
    let bus = Arc::new(Memory::default());
    let options = || RelayOptions {
        heartbeat: Duration::from_millis(100),
        silent_after: Duration::from_millis(1500),
        ..Default::default()
    };
    dead.heartbeat(&database.pool).await.unwrap();
    let orphans = append(&dead, &database.pool, TOPIC, 700).await;
    // lives, but sends nothing
    let stuck = Arc::new(Memory::default());
    stuck.down.store(true, Ordering::SeqCst);
    let stuck_relay = start(&living, &database.pool, &stuck, options());
    wait_until(
        "the stuck relay has said that it lives",
        PATIENCE,
        || async {
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM entity.outbox_relays")
                .fetch_one(&database.pool)
                .await
                .unwrap();
            if count == 2 {
                Ok(())
            } else {
                Err(count.to_string())
            }
        },
    )
    .await;
    let kept = append(&living, &database.pool, TOPIC, 5).await;

    let relay = start(&adopter, &database.pool, &bus, options());
    bus.has(&orphans).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(
        kept.iter().all(|id| !bus.events().contains_key(id)),
        "a living relay keeps its rows"
    );

    // it signs off: the others need not wait until it counts as silent
    stuck_relay.stop().await;
    bus.has(&kept).await;
    is_empty(&adopter, &database.pool).await;
    relay.stop().await;
}

#[tokio::test]
async fn alone_it_takes_left_overs_at_once() {
    let database = database().await;
    let (before, now) = (outbox(), outbox());
    before.heartbeat(&database.pool).await.unwrap();
    let left = append(&before, &database.pool, TOPIC, 10).await;
    let bus = Arc::new(Memory::default());
    let options = RelayOptions {
        alone: true,
        silent_after: NEVER,
        ..Default::default()
    };
    let relay = start(&now, &database.pool, &bus, options);
    bus.has(&left).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_killed_relay_loses_nothing() {
    let database = database().await;
    let bus = Arc::new(Memory::default());
    let (first, second) = (outbox(), outbox());
    let relay = start(
        &first,
        &database.pool,
        &bus,
        RelayOptions {
            batch: 10,
            ..Default::default()
        },
    );
    let all = append(&first, &database.pool, TOPIC, 500).await;
    first.wake();
    wait_until("it is in the middle", PATIENCE, || async {
        let count = bus.events().len();
        if count > 50 {
            Ok(())
        } else {
            Err(count.to_string())
        }
    })
    .await;
    relay.task.abort();
    let options = RelayOptions {
        heartbeat: Duration::from_millis(100),
        silent_after: Duration::from_millis(500),
        ..Default::default()
    };
    let relay = start(&second, &database.pool, &bus, options);
    bus.has(&all).await;
    is_empty(&second, &database.pool).await;
    relay.stop().await;
}

#[tokio::test]
async fn asked_to_stop_it_finishes_what_is_on_its_way() {
    let database = database().await;
    for _ in 0..5 {
        let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
        append(&outbox, &database.pool, TOPIC, 200).await;
        let relay = start(
            &outbox,
            &database.pool,
            &bus,
            RelayOptions {
                batch: 10,
                ..Default::default()
            },
        );
        wait_until("it has begun", PATIENCE, || async {
            if bus.events().is_empty() {
                Err("nothing yet".to_owned())
            } else {
                Ok(())
            }
        })
        .await;
        relay.stop().await;
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM entity.outbox WHERE origin = $1")
            .bind(outbox.origin)
            .fetch_one(&database.pool)
            .await
            .unwrap();
        assert_eq!(
            left as usize + bus.events().len(),
            200,
            "what was confirmed is gone, the rest is there"
        );
        outbox.heartbeat(&database.pool).await.unwrap();
    }
}
