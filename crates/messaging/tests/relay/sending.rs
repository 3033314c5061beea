//! What is committed is sent, once while nothing breaks.

use super::{
    buses::PATIENCE,
    setting::{Memory, NEVER, TOPIC, append, database, event, is_empty, outbox, start},
};
use keylight_contracts::events::CONTENT_TYPE_BATCH;
use keylight_messaging::relay::RelayOptions;
use keylight_testkit::wait::wait_until;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

#[tokio::test]
async fn a_ring_after_the_commit_is_enough() {
    let database = database().await;
    let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
    let options = RelayOptions {
        poll: NEVER,
        ..Default::default()
    };
    let relay = start(&outbox, &database.pool, &bus, options);
    // it has looked once and found nothing
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut all = BTreeSet::new();
    for _ in 0..20 {
        all.extend(append(&outbox, &database.pool, TOPIC, 1).await);
        outbox.wake();
    }
    bus.has(&all).await;
    is_empty(&outbox, &database.pool).await;
    assert!(
        bus.events().values().all(|times| *times == 1),
        "once each while nothing breaks"
    );
    relay.stop().await;
}

#[tokio::test]
async fn without_a_ring_it_looks_by_itself() {
    let database = database().await;
    let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
    let options = RelayOptions {
        poll: Duration::from_millis(50),
        ..Default::default()
    };
    let relay = start(&outbox, &database.pool, &bus, options);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let all = append(&outbox, &database.pool, TOPIC, 3).await;
    bus.has(&all).await;
    relay.stop().await;
}

#[tokio::test]
async fn what_is_rolled_back_is_not_sent() {
    let database = database().await;
    let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
    let relay = start(
        &outbox,
        &database.pool,
        &bus,
        RelayOptions {
            poll: Duration::from_millis(20),
            ..Default::default()
        },
    );
    let mut transaction = database.pool.begin().await.unwrap();
    outbox
        .append(&mut transaction, &[event(TOPIC)])
        .await
        .unwrap();
    outbox.wake();
    tokio::time::sleep(Duration::from_millis(100)).await;
    transaction.rollback().await.unwrap();
    let all = append(&outbox, &database.pool, TOPIC, 1).await;
    bus.has(&all).await;
    assert_eq!(bus.events().len(), 1);
    relay.stop().await;
}

#[tokio::test]
async fn a_backlog_is_packed_unless_packing_is_off() {
    let database = database().await;
    for (pack, messages) in [(50, 24), (1, 1200)] {
        let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
        let all = append(&outbox, &database.pool, TOPIC, 1200).await;
        let relay = start(
            &outbox,
            &database.pool,
            &bus,
            RelayOptions {
                pack,
                ..Default::default()
            },
        );
        bus.has(&all).await;
        is_empty(&outbox, &database.pool).await;
        relay.stop().await;
        assert_eq!(bus.messages.lock().unwrap().len(), messages);
        assert_eq!(
            bus.messages.lock().unwrap()[0].content_type == CONTENT_TYPE_BATCH,
            pack > 1
        );
        assert!(bus.events().values().all(|times| *times == 1));
    }
}

#[tokio::test]
async fn events_gather_under_load() {
    let database = database().await;
    let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
    let relay = start(&outbox, &database.pool, &bus, RelayOptions::default());
    let mut all = BTreeSet::new();
    for _ in 0..200 {
        all.extend(append(&outbox, &database.pool, TOPIC, 1).await);
        outbox.wake();
    }
    bus.has(&all).await;
    relay.stop().await;
    let calls = *bus.calls.lock().unwrap();
    assert!(calls < 150, "200 commits led to {calls} calls");
}

#[tokio::test]
async fn while_the_bus_is_down_rows_wait() {
    let database = database().await;
    let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
    bus.down.store(true, Ordering::SeqCst);
    let relay = start(&outbox, &database.pool, &bus, RelayOptions::default());
    let all = append(&outbox, &database.pool, TOPIC, 1000).await;
    outbox.wake();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(outbox.backlog(&database.pool).await.unwrap().rows, 1000);
    let calls = *bus.calls.lock().unwrap();
    assert!(
        (1..30).contains(&calls),
        "it pauses between attempts, but made {calls}"
    );
    bus.down.store(false, Ordering::SeqCst);
    bus.has(&all).await;
    is_empty(&outbox, &database.pool).await;
    relay.stop().await;
}

#[tokio::test]
async fn an_event_that_nobody_wants_holds_up_no_other() {
    let database = database().await;
    let (outbox, bus) = (outbox(), Arc::new(Memory::default()));
    let options = RelayOptions {
        batch: 5,
        in_flight: 1,
        poll: Duration::from_millis(20),
        ..Default::default()
    };
    append(&outbox, &database.pool, "nobody", 20).await;
    let relay = start(&outbox, &database.pool, &bus, options);
    let all = append(&outbox, &database.pool, TOPIC, 20).await;
    bus.has(&all).await;
    wait_until("only the unwanted are left", PATIENCE, || async {
        match outbox.backlog(&database.pool).await.unwrap().rows {
            20 => Ok(()),
            rows => Err(format!("{rows} rows")),
        }
    })
    .await;
    relay.stop().await;
}
