//! The relay between a real database and a real bus.

use super::{
    buses::{Buses, ORDERS, PATIENCE, QUEUES, Rabbit},
    setting::{NEVER, TOPIC, append, database, is_empty, outbox, start},
};
use keylight_contracts::events;
use keylight_messaging::{
    MessageBus,
    postgres::{PgBus, PgOptions, Wake},
    relay::{self, RelayOptions},
};
use sqlx::postgres::PgPoolOptions;
use std::{collections::BTreeSet, time::Duration};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_real_broker_that_goes_away_nothing_is_lost() {
    let database = database().await;
    let setup = Rabbit::new().await;
    let (bus, proxy) = setup.through_proxy().await;
    let outbox = outbox();
    let stopping = CancellationToken::new();
    let relay = tokio::spawn(relay::run(
        outbox.clone(),
        database.pool.clone(),
        bus,
        stopping.clone(),
    ));
    let mut all = append(&outbox, &database.pool, TOPIC, 300).await;
    outbox.wake();
    proxy.refuse();
    for _ in 0..30 {
        all.extend(append(&outbox, &database.pool, TOPIC, 20).await);
        outbox.wake();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxy.pass();
    let other = setup.bus().await;
    let mut subscription = other.subscribe(&ORDERS).await.unwrap();
    while !all.is_empty() {
        let delivery = timeout(PATIENCE, subscription.next())
            .await
            .unwrap_or_else(|_| panic!("{} are missing", all.len()))
            .unwrap();
        for event in
            events::decode(&delivery.message.content_type, &delivery.message.payload).unwrap()
        {
            all.remove(&event.id);
        }
        delivery.ack().await;
    }
    is_empty(&outbox, &database.pool).await;
    stopping.cancel();
    timeout(PATIENCE, relay).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn one_connection_is_enough_for_everything() {
    let database = database().await;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        // who waits for a connection while holding the only one waits for ever
        .acquire_timeout(NEVER)
        .connect(&database.url)
        .await
        .unwrap();
    let options = PgOptions {
        queues: QUEUES,
        ..Default::default()
    };
    let bus = PgBus::with_options(pool.clone(), Wake::InProcess, options);
    let outbox = outbox();
    let relay = start(
        &outbox,
        &pool,
        &bus,
        RelayOptions {
            alone: true,
            // comes while something is being published
            heartbeat: Duration::from_millis(1),
            ..Default::default()
        },
    );
    let mut subscriptions = Vec::new();
    for queue in QUEUES {
        subscriptions.push(bus.subscribe(queue).await.unwrap());
    }
    let mut expected = BTreeSet::new();
    for _ in 0..50 {
        expected.extend(append(&outbox, &pool, TOPIC, 4).await);
        outbox.wake();
    }
    for mut subscription in subscriptions {
        let mut missing = expected.clone();
        while !missing.is_empty() {
            let batch = timeout(PATIENCE, subscription.next_batch(20))
                .await
                .expect("nothing waits for a second connection");
            for delivery in &batch {
                for event in
                    events::decode(&delivery.message.content_type, &delivery.message.payload)
                        .unwrap()
                {
                    missing.remove(&event.id);
                }
            }
            futures::future::join_all(batch.into_iter().map(keylight_messaging::Delivery::ack))
                .await;
        }
    }
    is_empty(&outbox, &pool).await;
    relay.stop().await;
}
