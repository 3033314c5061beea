//! Outboxes, a bus that remembers, and waiting.

use super::buses::PATIENCE;
use async_trait::async_trait;
use keylight_contracts::events::{self, CloudEvent};
use keylight_messaging::{
    BusError, Depth, Message, MessageBus, PublishError, Queue, Subscription,
    postgres::{MIGRATOR, SCHEMA},
    relay::{self, RelayOptions},
};
use keylight_store::outbox::{Outbox, OutboxMessage, Schema};
use keylight_testkit::{postgres as test_postgres, wait::wait_until};
use sqlx::{Executor, PgPool};
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

pub const NEVER: Duration = Duration::from_secs(3600);
pub const TOPIC: &str = "test.order.placed";

pub async fn database() -> test_postgres::Database {
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

pub fn outbox() -> Outbox {
    Outbox::new(Schema::Entity, Uuid::now_v7())
}

pub fn event(topic: &str) -> OutboxMessage {
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
pub async fn append(outbox: &Outbox, pool: &PgPool, topic: &str, count: usize) -> BTreeSet<Uuid> {
    let events: Vec<_> = (0..count).map(|_| event(topic)).collect();
    let mut transaction = pool.begin().await.unwrap();
    outbox.append(&mut transaction, &events).await.unwrap();
    transaction.commit().await.unwrap();
    events.iter().map(|event| event.message_id).collect()
}

/// A bus that remembers what it confirmed, and fails when told to.
#[derive(Default)]
pub struct Memory {
    pub messages: Mutex<Vec<Message>>,
    pub down: AtomicBool,
    pub calls: Mutex<u32>,
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
    pub fn events(&self) -> BTreeMap<Uuid, usize> {
        let mut counts = BTreeMap::new();
        for message in self.messages.lock().unwrap().iter() {
            for event in events::decode(&message.content_type, &message.payload).unwrap() {
                *counts.entry(event.id).or_default() += 1;
            }
        }
        counts
    }

    pub async fn has(&self, wanted: &BTreeSet<Uuid>) {
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

pub async fn is_empty(outbox: &Outbox, pool: &PgPool) {
    wait_until("the outbox is empty", PATIENCE, || async {
        match outbox.backlog(pool).await.unwrap().rows {
            0 => Ok(()),
            rows => Err(format!("{rows} rows")),
        }
    })
    .await;
}

pub struct Running {
    pub stopping: CancellationToken,
    pub task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub async fn stop(self) {
        self.stopping.cancel();
        timeout(PATIENCE, self.task)
            .await
            .expect("it ends when asked")
            .unwrap()
            .unwrap();
    }
}

pub fn start(
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
