//! The outbox relay: everything committed is sent, whatever breaks.

#![allow(clippy::unwrap_used)]

#[path = "contract/buses.rs"]
#[allow(
    dead_code,
    reason = "shared with the contract suite, which uses more of it"
)]
mod buses;

use async_trait::async_trait;
use buses::{Buses, ORDERS, PATIENCE, QUEUES, Rabbit};
use keylight_contracts::events::{self, CONTENT_TYPE_BATCH, CloudEvent};
use keylight_messaging::{
    BusError, Depth, Message, MessageBus, PublishError, Queue, Subscription,
    postgres::{MIGRATOR, PgBus, PgOptions, SCHEMA, Wake},
    relay::{self, RelayOptions},
};
use keylight_store::outbox::{Outbox, OutboxMessage, Schema};
use keylight_testkit::{postgres as test_postgres, wait::wait_until};
use sqlx::{Executor, PgPool, postgres::PgPoolOptions};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const NEVER: Duration = Duration::from_secs(3600);
const TOPIC: &str = "test.order.placed";

async fn database() -> test_postgres::Database {
    test_postgres::database(|pool: PgPool| async move {
        keylight_store::migrate(&pool, &MIGRATOR, SCHEMA).await.unwrap();
        pool.execute(
            "CREATE SCHEMA entity;
             CREATE TABLE entity.outbox (
                 id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id uuid NOT NULL, topic text NOT NULL,
                 payload bytea NOT NULL, traceparent text, origin uuid NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
             CREATE INDEX ON entity.outbox (origin, id);
             CREATE TABLE entity.outbox_relays (origin uuid PRIMARY KEY, seen_at timestamptz NOT NULL);",
        )
        .await
        .map(drop)
    })
    .await
}

fn outbox() -> Outbox {
    Outbox::new(Schema::Entity, Uuid::now_v7())
}

fn event(topic: &str) -> OutboxMessage {
    let id = Uuid::now_v7();
    let event = CloudEvent::new(
        id,
        "/test",
        topic,
        "submission/1".to_owned(),
        chrono::DateTime::UNIX_EPOCH,
        "c".to_owned(),
    );
    OutboxMessage {
        message_id: id,
        topic: topic.to_owned(),
        payload: serde_json::to_vec(&event).unwrap(),
        traceparent: None,
    }
}

/// Commits `count` events in one transaction and returns their ids. Does not ring.
async fn append(outbox: &Outbox, pool: &PgPool, topic: &str, count: usize) -> BTreeSet<Uuid> {
    let events: Vec<_> = (0..count).map(|_| event(topic)).collect();
    let mut transaction = pool.begin().await.unwrap();
    outbox.append(&mut transaction, &events).await.unwrap();
    transaction.commit().await.unwrap();
    events.iter().map(|event| event.message_id).collect()
}

/// A bus that remembers what it confirmed, and fails when told to.
#[derive(Default)]
struct Memory {
    messages: Mutex<Vec<Message>>,
    down: AtomicBool,
    calls: Mutex<u32>,
}

#[async_trait]
impl MessageBus for Memory {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        *self.calls.lock().unwrap() += 1;
        tokio::time::sleep(Duration::from_millis(3)).await;
        let down = self.down.load(Ordering::SeqCst);
        messages
            .into_iter()
            .map(|message| {
                if down {
                    Err(PublishError::NotConnected)
                } else if message.topic == "nobody" {
                    Err(PublishError::Unroutable(message.topic))
                } else {
                    self.messages.lock().unwrap().push(message);
                    Ok(())
                }
            })
            .collect()
    }

    async fn subscribe(&self, _: &'static Queue) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError("not here".to_owned()))
    }

    async fn depth(&self, _: &'static Queue) -> Result<Depth, BusError> {
        Err(BusError("not here".to_owned()))
    }

    fn connected(&self) -> bool {
        !self.down.load(Ordering::SeqCst)
    }
}

impl Memory {
    /// How often each event was confirmed.
    fn events(&self) -> BTreeMap<Uuid, usize> {
        let mut counts = BTreeMap::new();
        for message in self.messages.lock().unwrap().iter() {
            for event in events::decode(&message.content_type, &message.payload).unwrap() {
                *counts.entry(event.id).or_default() += 1;
            }
        }
        counts
    }

    async fn has(&self, wanted: &BTreeSet<Uuid>) {
        wait_until("the events were sent", PATIENCE, || async {
            let events = self.events();
            let missing = wanted.iter().filter(|id| !events.contains_key(id)).count();
            if missing == 0 {
                Ok(())
            } else {
                Err(format!("{missing} of {} are missing", wanted.len()))
            }
        })
        .await;
    }
}

async fn is_empty(outbox: &Outbox, pool: &PgPool) {
    wait_until("the outbox is empty", PATIENCE, || async {
        match outbox.backlog(pool).await.unwrap().rows {
            0 => Ok(()),
            rows => Err(format!("{rows} rows")),
        }
    })
    .await;
}

struct Running {
    stopping: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn stop(self) {
        self.stopping.cancel();
        timeout(PATIENCE, self.task)
            .await
            .expect("it ends when asked")
            .unwrap()
            .unwrap();
    }
}

fn start(
    outbox: &Outbox,
    pool: &PgPool,
    bus: &Arc<impl MessageBus + 'static>,
    options: RelayOptions,
) -> Running {
    let stopping = CancellationToken::new();
    let bus: Arc<dyn MessageBus> = bus.clone();
    let task = tokio::spawn(relay::run_with(
        outbox.clone(),
        pool.clone(),
        bus,
        options,
        stopping.clone(),
    ));
    Running { stopping, task }
}

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
        .acquire_timeout(Duration::from_secs(10))
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
