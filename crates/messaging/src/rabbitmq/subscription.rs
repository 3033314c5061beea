//! Consuming, with a channel that is opened anew whenever anything about it breaks.

use super::{
    Shared, declare,
    message::{self, is_beyond, tier},
    publisher::Outgoing,
};
use crate::{Delivery, Message, PublishError, Queue, Subscription, delivery::Receipt};
use async_trait::async_trait;
use futures::{FutureExt as _, StreamExt as _};
use lapin::{
    Acker, Connection, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions},
    types::FieldTable,
};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinHandle, time::timeout};

/// Shortest and longest pause before subscribing again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A subscription that the broker did not grant within this time is tried again.
const SUBSCRIBE_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct RabbitSubscription {
    shared: Arc<Shared>,
    queue: &'static Queue,
    open: Option<Open>,
    /// Subscribing goes on when a call that waits for it is cancelled: half a subscription would take messages for nobody.
    opening: Option<JoinHandle<Result<Open, String>>>,
    pause: Duration,
    subscribed_before: bool,
}

/// A consumer on a channel of its own. The channel closes when this is dropped; unsettled deliveries then come again.
struct Open {
    consumer: Consumer,
    connection: Arc<Connection>,
    _channel: lapin::Channel,
}

impl RabbitSubscription {
    pub(super) fn new(shared: Arc<Shared>, queue: &'static Queue) -> Self {
        Self {
            shared,
            queue,
            open: None,
            opening: None,
            pause: PAUSE.0,
            subscribed_before: false,
        }
    }

    /// Waits for the connection and subscribes. `None` once the bus was closed.
    async fn open(&mut self) -> Option<&mut Open> {
        while self.open.is_none() {
            if self.opening.is_none() {
                let connection = self.shared.consuming.up().await?;
                let (shared, queue) = (self.shared.clone(), self.queue);
                self.opening = Some(tokio::spawn(async move {
                    subscribe(&shared, connection, queue).await
                }));
            }
            let opened = match &mut self.opening {
                Some(task) => task.await,
                None => continue,
            };
            self.opening = None;
            let reason = match opened {
                Ok(Ok(open)) => {
                    if self.subscribed_before {
                        metrics::counter!("keylight_bus_resubscribes_total", "queue" => self.queue.name).increment(1);
                        tracing::info!(queue = self.queue.name, "subscribed again");
                    }
                    self.subscribed_before = true;
                    self.open = Some(open);
                    break;
                }
                Ok(Err(reason)) => reason,
                // cancelled only when the runtime ends
                Err(_) => "cut short".to_owned(),
            };
            tracing::warn!(
                queue = self.queue.name,
                reason,
                "cannot subscribe, trying again"
            );
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSE.1);
        }
        self.open.as_mut()
    }

    /// The next delivery of the broker, whatever happens on the way. `None` once the bus was closed.
    async fn receive(&mut self) -> Option<lapin::message::Delivery> {
        loop {
            let shared = self.shared.clone();
            let open = self.open().await?;
            let received = tokio::select! {
                received = open.consumer.next() => received,
                () = shared.consuming.replaced(&open.connection) => None,
            };
            match received {
                Some(Ok(delivery)) => {
                    self.pause = PAUSE.0;
                    return Some(delivery);
                }
                Some(Err(error)) => self.lost(&error.to_string()),
                // the queue was deleted, or the connection is gone
                None => self.lost("the broker cancelled it"),
            }
        }
    }

    fn lost(&mut self, reason: &str) {
        self.open = None;
        tracing::warn!(
            queue = self.queue.name,
            reason,
            "subscription lost, subscribing again"
        );
    }

    /// A delivery for the handler, unless it was tried too often already.
    fn accept(&self, delivery: lapin::message::Delivery) -> Option<Delivery> {
        let (message, attempt) =
            message::read(&delivery.routing_key, &delivery.properties, delivery.data);
        let receipt = Box::new(RabbitReceipt {
            shared: self.shared.clone(),
            queue: self.queue,
            acker: delivery.acker,
        });
        if is_beyond(self.queue, attempt) {
            tracing::warn!(queue = self.queue.name, message.id = %message.id, attempt, "consumers lost this message too often, it is given up");
            // its own task: the subscription must not wait for a confirmation
            tokio::spawn(receipt.dead_letter(message, attempt - 1, "attempts exhausted"));
            return None;
        }
        Some(Delivery::new(
            message,
            attempt,
            self.queue.max_attempts,
            receipt,
        ))
    }
}

/// A consumer on a new channel. If that does not work out, the channel is closed and with it whatever came of it.
async fn subscribe(
    shared: &Shared,
    connection: Arc<Connection>,
    queue: &'static Queue,
) -> Result<Open, String> {
    let channel = connection
        .create_channel()
        .await
        .map_err(|error| error.to_string())?;
    let reason = match timeout(SUBSCRIBE_WITHIN, consumer_on(&channel, shared, queue)).await {
        Ok(Ok(consumer)) => {
            return Ok(Open {
                consumer,
                connection,
                _channel: channel,
            });
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer".to_owned(),
    };
    let _ = timeout(SUBSCRIBE_WITHIN, channel.close(200, "gave up".into())).await;
    Err(reason)
}

async fn consumer_on(
    channel: &lapin::Channel,
    shared: &Shared,
    queue: &'static Queue,
) -> lapin::Result<Consumer> {
    declare::for_consumer(channel, &shared.names, queue).await?;
    channel
        .basic_qos(queue.prefetch.max(1), BasicQosOptions::default())
        .await?;
    channel
        .basic_consume(
            shared.names.work(queue).into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
}

#[async_trait]
impl Subscription for RabbitSubscription {
    async fn next(&mut self) -> Option<Delivery> {
        let closed = self.shared.closed.clone();
        loop {
            let delivery = closed.run_until_cancelled(self.receive()).await??;
            if let Some(delivery) = self.accept(delivery) {
                return Some(delivery);
            }
        }
    }

    async fn next_batch(&mut self, max: usize) -> Vec<Delivery> {
        let Some(first) = self.next().await else {
            return Vec::new();
        };
        let mut batch = vec![first];
        while batch.len() < max {
            let ready = self
                .open
                .as_mut()
                .and_then(|open| open.consumer.next().now_or_never());
            match ready {
                Some(Some(Ok(delivery))) => batch.extend(self.accept(delivery)),
                Some(Some(Err(error))) => {
                    self.lost(&error.to_string());
                    break;
                }
                Some(None) => {
                    self.lost("the broker cancelled it");
                    break;
                }
                None => break,
            }
        }
        batch
    }
}

struct RabbitReceipt {
    shared: Arc<Shared>,
    queue: &'static Queue,
    acker: Acker,
}

impl RabbitReceipt {
    async fn settle(&self) {
        match self.acker.ack(BasicAckOptions::default()).await {
            Ok(true) => {}
            // the channel is gone, or the broker already has the message back
            Ok(false) | Err(_) => {
                metrics::counter!("keylight_bus_acks_lost_total", "queue" => self.queue.name)
                    .increment(1)
            }
        }
    }

    /// Puts the message into `target`, and only then takes it from the work queue: twice rather than never.
    async fn move_to(&self, target: String, message: Message, failure: (u32, &str)) {
        let moved = Outgoing {
            exchange: "".into(),
            routing_key: target.into(),
            properties: message::properties(&message, message::headers(&message, Some(failure))),
            payload: message.payload,
            topic: message.topic,
        };
        let result = self
            .shared
            .publisher
            .send(vec![moved])
            .await
            .pop()
            .unwrap_or(Err(PublishError::Unconfirmed));
        match result {
            Ok(()) => self.settle().await,
            Err(error) => {
                tracing::warn!(queue = self.queue.name, error = %error, "message could not be put aside, it comes again");
                if matches!(error, PublishError::Unroutable(_)) {
                    self.declare_again().await;
                }
                // not at once: what kept it from moving is hardly over
                tokio::time::sleep(PAUSE.0).await;
                let _ = self.acker.nack(requeue()).await;
            }
        }
    }

    /// Somebody deleted the retry queue or the dead-letter queue.
    async fn declare_again(&self) {
        let declared = async {
            let channel = self.shared.publisher.fresh_channel().await?;
            declare::for_consumer(&channel, &self.shared.names, self.queue).await
        };
        if !matches!(timeout(SUBSCRIBE_WITHIN, declared).await, Ok(Ok(()))) {
            tracing::warn!(
                queue = self.queue.name,
                "its queues cannot be declared again"
            );
        }
    }
}

fn requeue() -> BasicNackOptions {
    BasicNackOptions {
        requeue: true,
        ..Default::default()
    }
}

#[async_trait]
impl Receipt for RabbitReceipt {
    async fn ack(self: Box<Self>) {
        self.settle().await;
    }

    async fn retry_after(
        self: Box<Self>,
        message: Message,
        attempt: u32,
        after: Duration,
        cause: &str,
    ) {
        let target = self.shared.names.retry(self.queue, tier(after));
        self.move_to(target, message, (attempt, cause)).await;
    }

    async fn dead_letter(self: Box<Self>, message: Message, attempt: u32, cause: &str) {
        metrics::counter!("keylight_bus_dead_letters_total", "queue" => self.queue.name)
            .increment(1);
        let target = self.shared.names.dead(self.queue);
        self.move_to(target, message, (attempt, cause)).await;
    }

    fn release(self: Box<Self>) {
        // polled once, it is on its way; the answer does not matter
        let _ = self.acker.nack(requeue()).now_or_never();
    }
}
