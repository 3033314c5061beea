//! The loop of a consumer.

use crate::{Delivery, Message, MessageBus, Queue, consumer_span::consumer_span};
use async_trait::async_trait;
use futures::future::join_all;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// What became of a message. The handler decides; the bus carries it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Dealt with.
    Done,
    /// Not now: try again after `after` at the earliest.
    Retry {
        /// How long to wait.
        after: Duration,
        /// Class of failure; nothing from the payload.
        cause: String,
    },
    /// Trying again would not help.
    Reject {
        /// Class of failure; nothing from the payload.
        cause: String,
    },
}

impl Outcome {
    /// A retry because of `cause`.
    pub fn retry(after: Duration, cause: impl Into<String>) -> Self {
        Outcome::Retry {
            after,
            cause: cause.into(),
        }
    }

    /// A rejection because of `cause`.
    pub fn reject(cause: impl Into<String>) -> Self {
        Outcome::Reject {
            cause: cause.into(),
        }
    }

    const fn label(&self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Retry { .. } => "retry",
            Outcome::Reject { .. } => "reject",
        }
    }
}

/// Handles messages many at a time, because one transaction for many costs little more than for one.
#[async_trait]
pub trait BatchHandler: Send + Sync {
    /// One outcome for each message, in the same order. The same message may come again, even at the same time elsewhere.
    async fn handle(&self, messages: &[Message]) -> Vec<Outcome>;
}

/// Consumes `queue` until `stopping`: takes what is there, at most the queue's prefetch, lets `handler` deal with it, settles
/// each message. Asked to stop, it finishes the batch in hand and returns.
///
/// # Errors
/// When the bus refuses the subscription, or was closed before `stopping`.
pub async fn consume(
    bus: Arc<dyn MessageBus>,
    queue: &'static Queue,
    handler: Arc<dyn BatchHandler>,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let mut subscription = bus.subscribe(queue).await?;
    let max = usize::from(queue.prefetch.max(1));
    loop {
        let deliveries = tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            deliveries = subscription.next_batch(max) => deliveries,
        };
        if deliveries.is_empty() {
            if stopping.is_cancelled() {
                break;
            }
            anyhow::bail!(
                "the message bus was closed while {} was consumed",
                queue.name
            );
        }
        handle_batch(queue, handler.as_ref(), deliveries).await;
    }
    subscription.close().await;
    Ok(())
}

async fn handle_batch(
    queue: &'static Queue,
    handler: &dyn BatchHandler,
    deliveries: Vec<Delivery>,
) {
    let messages: Vec<Message> = deliveries
        .iter()
        .map(|delivery| delivery.message.clone())
        .collect();
    let span = consumer_span(queue, &messages);
    let began = Instant::now();
    let outcomes = handler.handle(&messages).instrument(span.clone()).await;
    metrics::histogram!("keylight_bus_handle_seconds", "queue" => queue.name)
        .record(began.elapsed());
    metrics::histogram!("keylight_bus_batch_messages", "queue" => queue.name)
        .record(u32::try_from(messages.len()).unwrap_or(u32::MAX));
    if outcomes.len() != messages.len() {
        // deliveries without an outcome are dropped below and come again
        tracing::error!(
            queue = queue.name,
            messages = messages.len(),
            outcomes = outcomes.len(),
            "handler left messages without outcome"
        );
    }
    join_all(
        deliveries
            .into_iter()
            .zip(outcomes)
            .map(|(delivery, outcome)| settle(queue, delivery, outcome)),
    )
    .instrument(span)
    .await;
}

async fn settle(queue: &'static Queue, delivery: Delivery, outcome: Outcome) {
    metrics::counter!("keylight_bus_consumed_total", "queue" => queue.name, "outcome" => outcome.label()).increment(1);
    match outcome {
        Outcome::Done => delivery.ack().await,
        Outcome::Retry { after, cause } => {
            tracing::debug!(queue = queue.name, message.id = %delivery.message.id, attempt = delivery.attempt, cause, "message is tried again later");
            delivery.retry_after(after, &cause).await;
        }
        Outcome::Reject { cause } => {
            tracing::warn!(queue = queue.name, message.id = %delivery.message.id, attempt = delivery.attempt, cause, "message is given up");
            delivery.dead_letter(&cause).await;
        }
    }
}
