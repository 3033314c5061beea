//! The bus on RabbitMQ.
//!
//! - Quorum queues and publisher confirms: what was confirmed survives the loss of a broker.
//! - Two connections, one to publish and one to consume: a publisher that the broker holds back must not hold back acks.
//! - A connection that is lost is made anew by [`link`]; lapin's own recovery stays off. With it, confirms that are awaited
//!   hang until the broker is back, and a deleted queue or a closed channel still need a second mechanism. Here everything
//!   that breaks is treated alike: let go, pause, connect, declare, go on. Nothing is lost by that: what was not confirmed is
//!   published again, what was not acknowledged is delivered again.
//! - A retry is a message in a queue with a fixed time to live, which hands it back to its work queue and to no other.

mod declare;
mod link;
mod message;
mod publisher;
mod subscription;

use crate::{BusError, Depth, Message, MessageBus, PublishError, Queue, Subscription, topology};
use async_trait::async_trait;
use keylight_runtime::lifecycle::Latch;
use lapin::options::QueueDeclareOptions;
use link::Link;
use publisher::{Outgoing, Publisher};
use secrecy::SecretString;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use message::RETRY_TIERS;

/// A missing queue is looked for at most this often.
const REPAIR_EVERY: Duration = Duration::from_secs(1);
/// A broker that does not answer a question within this time is away.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How the adapter works. The defaults are right for services.
#[derive(Clone)]
pub struct RabbitOptions {
    /// Put before the names of exchange and queues, so that several systems or tests can share a broker.
    pub prefix: String,
    /// Shown by the broker beside our connections.
    pub connection_name: String,
    /// A publish that was not confirmed for this long is given up; its message may be there or not. While confirms keep
    /// failing to come, later ones are waited for longer, up to six times this.
    pub publish_timeout: Duration,
    /// Messages of one `publish` call that may await confirmation at the same time.
    pub window: usize,
    /// Queues to declare and to route to.
    pub queues: &'static [&'static Queue],
    /// Holds while both connections are up.
    pub latch: Option<Latch>,
}

impl Default for RabbitOptions {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            connection_name: "keylight".to_owned(),
            publish_timeout: Duration::from_secs(5),
            window: 1000,
            queues: topology::ALL,
            latch: None,
        }
    }
}

/// The bus on RabbitMQ. Dropping it, and every subscription of it, closes the connections.
pub struct RabbitBus {
    shared: Arc<Shared>,
    options: RabbitOptions,
    last_repair: Mutex<Option<Instant>>,
    _closes: DropGuard,
}

/// What subscriptions need of the bus.
struct Shared {
    names: declare::Names,
    publisher: Publisher,
    consuming: Link,
    closed: CancellationToken,
}

impl RabbitBus {
    /// A bus that connects in the background, for as long as it takes, until `stopping`.
    ///
    /// A broker that is away, or a wrong password, is told once in the log and by the readiness latch.
    ///
    /// # Errors
    /// When the URL cannot be understood.
    pub fn connect(
        url: &SecretString,
        options: RabbitOptions,
        stopping: &CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let closed = stopping.child_token();
        let uri = link::parse(url)?;
        let names = declare::Names::new(&options.prefix);
        let topology = (names.clone(), options.queues);
        let publishing = Link::open(
            "publish",
            uri.clone(),
            &options.connection_name,
            closed.clone(),
            move |connection| {
                let (names, queues) = topology.clone();
                async move {
                    let channel = connection.create_channel().await?;
                    declare::all(&channel, &names, queues).await
                }
            },
        );
        let consuming = Link::open(
            "consume",
            uri,
            &options.connection_name,
            closed.clone(),
            |_| async { Ok(()) },
        );
        if let Some(latch) = options.latch.clone() {
            tokio::spawn(link::keep_latch(
                latch,
                publishing.state(),
                consuming.state(),
            ));
        }
        Ok(Arc::new(Self {
            shared: Arc::new(Shared {
                publisher: Publisher::new(publishing, options.publish_timeout, options.window),
                names,
                consuming,
                closed: closed.clone(),
            }),
            options,
            last_repair: Mutex::new(None),
            _closes: closed.drop_guard(),
        }))
    }

    /// Declares everything again, in case a queue was deleted.
    async fn repair(&self) {
        let mut last = self.last_repair.lock().await;
        if last.is_some_and(|at| at.elapsed() < REPAIR_EVERY) {
            return;
        }
        *last = Some(Instant::now());
        let declared = async {
            let channel = self.shared.publisher.fresh_channel().await?;
            declare::all(&channel, &self.shared.names, self.options.queues).await
        };
        match tokio::time::timeout(ANSWER_WITHIN, declared).await {
            Ok(Ok(())) => tracing::info!("exchange and queues were declared again"),
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "exchange and queues cannot be declared")
            }
            Err(_) => tracing::warn!("exchange and queues cannot be declared: no answer"),
        }
    }

    /// Whether the result can be that of a deleted queue or exchange: it should be there and is not. A deleted exchange shows
    /// as a channel that the broker closes while the connection stays.
    fn may_be_repaired(&self, message: &Message, result: &Result<(), PublishError>) -> bool {
        match result {
            Err(PublishError::Unroutable(_)) => self
                .options
                .queues
                .iter()
                .any(|queue| queue.takes(&message.topic)),
            Err(PublishError::Failed(_)) => self.shared.publisher.connected(),
            _ => false,
        }
    }

    fn event(&self, message: &Message) -> Outgoing {
        Outgoing {
            exchange: self.shared.names.exchange().into(),
            routing_key: message.topic.clone().into(),
            properties: message::properties(message, message::headers(message, None)),
            payload: message.payload.clone(),
            topic: message.topic.clone(),
        }
    }
}

#[async_trait]
impl MessageBus for RabbitBus {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        let began = Instant::now();
        let mut results = self
            .shared
            .publisher
            .send(messages.iter().map(|message| self.event(message)).collect())
            .await;
        let again: Vec<usize> = (0..results.len())
            .filter(|index| self.may_be_repaired(&messages[*index], &results[*index]))
            .collect();
        if !again.is_empty() {
            self.repair().await;
            let second = self
                .shared
                .publisher
                .send(
                    again
                        .iter()
                        .map(|index| self.event(&messages[*index]))
                        .collect(),
                )
                .await;
            for (index, result) in again.into_iter().zip(second) {
                results[index] = result;
            }
        }
        metrics::histogram!("keylight_bus_publish_seconds").record(began.elapsed());
        let mut counts: HashMap<&'static str, u64> = HashMap::new();
        for result in &results {
            *counts
                .entry(
                    result
                        .as_ref()
                        .map_or_else(PublishError::class, |()| "confirmed"),
                )
                .or_default() += 1;
        }
        for (result, count) in counts {
            metrics::counter!("keylight_bus_published_total", "result" => result).increment(count);
        }
        results
    }

    async fn subscribe(&self, queue: &'static Queue) -> Result<Box<dyn Subscription>, BusError> {
        if !self
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
        Ok(Box::new(subscription::RabbitSubscription::new(
            self.shared.clone(),
            queue,
        )))
    }

    async fn depth(&self, queue: &'static Queue) -> Result<Depth, BusError> {
        let count = async {
            let channel = self.shared.publisher.fresh_channel().await?;
            let mut counts = HashMap::new();
            for name in self.shared.names.group(queue) {
                let passive = QueueDeclareOptions {
                    passive: true,
                    ..QueueDeclareOptions::durable()
                };
                let found = channel
                    .queue_declare(name.as_str().into(), passive, Default::default())
                    .await?;
                counts.insert(name, u64::from(found.message_count()));
            }
            let _ = channel.close(200, "done".into()).await;
            Ok::<_, lapin::Error>(counts)
        };
        let counts = tokio::time::timeout(ANSWER_WITHIN, count)
            .await
            .map_err(|_| BusError("the broker did not answer".to_owned()))?
            .map_err(|error| BusError(error.to_string()))?;
        let of = |name: &str| counts.get(name).copied().unwrap_or_default();
        Ok(Depth {
            ready: of(&self.shared.names.work(queue)),
            delayed: RETRY_TIERS
                .iter()
                .map(|tier| of(&self.shared.names.retry(queue, *tier)))
                .sum(),
            dead: of(&self.shared.names.dead(queue)),
        })
    }

    fn connected(&self) -> bool {
        self.shared.publisher.connected() && self.shared.consuming.connected()
    }
}
