//! The bus on PostgreSQL: queues are rows, claimed with `FOR UPDATE SKIP LOCKED`.
//!
//! Each subscription claims a batch with one statement and settles it with one more; a message in the hands of a consumer is
//! leased, and the lease is renewed while the consumer lives. If it dies the lease runs out and the message comes again.
//! Nothing here needs a second connection while it holds one, so a pool of one is enough.

mod claim;
mod settle;
mod wake;

use crate::{BusError, Depth, Message, MessageBus, PublishError, Queue, Subscription, topology};
use async_trait::async_trait;
use keylight_store::StoreError;
use sqlx::{PgPool, migrate::Migrator};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use wake::Bells;

/// The schema of this adapter.
pub const SCHEMA: &str = "bus";

/// Its migrations: `keylight_store::migrate(&pool, &MIGRATOR, SCHEMA)`.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// How consumers learn of new messages before they look by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Publishers and consumers are in one process. Needs no connection.
    InProcess,
    /// By `LISTEN` on a connection of its own, beside the pool.
    Listen,
}

/// How the adapter works. The defaults are right for services.
#[derive(Clone, Copy, Debug)]
pub struct PgOptions {
    /// A message whose consumer is not heard of for this long comes again.
    pub lease: Duration,
    /// Consumers look by themselves this often.
    pub poll: Duration,
    /// Queues to route to.
    pub queues: &'static [&'static Queue],
}

impl Default for PgOptions {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            queues: topology::ALL,
        }
    }
}

/// The bus on PostgreSQL. Subscriptions end when it is dropped.
pub struct PgBus {
    shared: Arc<Shared>,
    _closes: DropGuard,
}

struct Shared {
    pool: PgPool,
    wake: Wake,
    options: PgOptions,
    bells: Bells,
    reachable: AtomicBool,
    closed: CancellationToken,
}

impl Shared {
    /// Takes note of whether the database answered.
    fn observe<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        let result = result.map_err(StoreError::from);
        let away = matches!(result, Err(StoreError::Unavailable(_)));
        self.reachable.store(!away, Ordering::Relaxed);
        result
    }
}

impl PgBus {
    /// A bus over `pool` with the defaults.
    #[must_use]
    pub fn new(pool: PgPool, wake: Wake) -> Arc<Self> {
        Self::with_options(pool, wake, PgOptions::default())
    }

    /// A bus over `pool`. The migrations must have run before it is used.
    #[must_use]
    pub fn with_options(pool: PgPool, wake: Wake, options: PgOptions) -> Arc<Self> {
        let closed = CancellationToken::new();
        let bells = Bells::for_queues(options.queues);
        if wake == Wake::Listen {
            wake::listen(&pool, bells.clone(), closed.clone());
        }
        Arc::new(Self {
            shared: Arc::new(Shared {
                pool,
                wake,
                options,
                bells,
                reachable: AtomicBool::new(true),
                closed: closed.clone(),
            }),
            _closes: closed.drop_guard(),
        })
    }

    /// Stores every message once for each queue that takes it. One statement, so all or nothing.
    async fn store(&self, routes: &[(&Message, &'static Queue)]) -> Result<(), StoreError> {
        if routes.is_empty() {
            return Ok(());
        }
        let queues: Vec<String> = routes
            .iter()
            .map(|(_, queue)| queue.name.to_owned())
            .collect();
        let ids: Vec<Uuid> = routes.iter().map(|(message, _)| message.id).collect();
        let topics: Vec<String> = routes
            .iter()
            .map(|(message, _)| message.topic.clone())
            .collect();
        let types: Vec<String> = routes
            .iter()
            .map(|(message, _)| message.content_type.clone())
            .collect();
        let payloads: Vec<Vec<u8>> = routes
            .iter()
            .map(|(message, _)| message.payload.to_vec())
            .collect();
        let traces: Vec<Option<String>> = routes
            .iter()
            .map(|(message, _)| message.traceparent.clone())
            .collect();
        let notify = self.shared.wake == Wake::Listen;
        let stored = sqlx::query!(
            r#"WITH stored AS (
                   INSERT INTO bus.messages (queue, message_id, topic, content_type, payload, traceparent)
                   SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[])
                   RETURNING queue
               )
               SELECT queue, CASE WHEN $7 THEN pg_notify($8, queue)::text END AS told
               FROM (SELECT DISTINCT queue FROM stored) AS queues"#,
            &queues,
            &ids,
            &topics,
            &types,
            &payloads,
            &traces as &[Option<String>],
            notify,
            wake::CHANNEL,
        )
        .fetch_all(&self.shared.pool)
        .await;
        self.shared.observe(stored)?;
        for (_, queue) in routes {
            self.shared.bells.of(queue).ring();
        }
        Ok(())
    }
}

#[async_trait]
impl MessageBus for PgBus {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let began = std::time::Instant::now();
        let targets = |message: &Message| -> Vec<&'static Queue> {
            self.shared
                .options
                .queues
                .iter()
                .copied()
                .filter(|queue| queue.takes(&message.topic))
                .collect()
        };
        let mut results = Vec::with_capacity(messages.len());
        let mut routes = Vec::with_capacity(messages.len());
        for message in &messages {
            let queues = targets(message);
            results.push(if queues.is_empty() {
                Err(PublishError::Unroutable(message.topic.clone()))
            } else {
                Ok(())
            });
            routes.extend(queues.into_iter().map(|queue| (message, queue)));
        }
        if let Err(error) = self.store(&routes).await {
            let error = PublishError::Failed(error.to_string());
            for result in results.iter_mut().filter(|result| result.is_ok()) {
                *result = Err(error.clone());
            }
        }
        metrics::histogram!("keylight_bus_publish_seconds").record(began.elapsed());
        for result in &results {
            let label = result
                .as_ref()
                .map_or_else(PublishError::class, |()| "confirmed");
            metrics::counter!("keylight_bus_published_total", "result" => label).increment(1);
        }
        results
    }

    async fn subscribe(&self, queue: &'static Queue) -> Result<Box<dyn Subscription>, BusError> {
        if !self
            .shared
            .options
            .queues
            .iter()
            .any(|known| known.name == queue.name)
        {
            return Err(BusError(format!(
                "{} is not a queue of this bus",
                queue.name
            )));
        }
        Ok(Box::new(claim::PgSubscription::new(
            self.shared.clone(),
            queue,
        )))
    }

    async fn depth(&self, queue: &'static Queue) -> Result<Depth, BusError> {
        let counted = sqlx::query!(
            r#"SELECT count(*) FILTER (WHERE due_at <= now()) AS "ready!",
                      count(*) FILTER (WHERE due_at > now() AND lease IS NULL) AS "delayed!",
                      (SELECT count(*) FROM bus.dead WHERE queue = $1) AS "dead!"
               FROM bus.messages WHERE queue = $1"#,
            queue.name,
        )
        .fetch_one(&self.shared.pool)
        .await;
        let row = self
            .shared
            .observe(counted)
            .map_err(|error| BusError(error.to_string()))?;
        // counts are never negative
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(Depth {
            ready: number(row.ready),
            delayed: number(row.delayed),
            dead: number(row.dead),
        })
    }

    fn connected(&self) -> bool {
        self.shared.reachable.load(Ordering::Relaxed)
    }
}
