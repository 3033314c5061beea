//! What services know of the message bus.

use crate::{Delivery, Queue};
use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

/// One message: an event, or several of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Consumers may de-duplicate by it; the events inside have ids of their own.
    pub id: Uuid,
    /// Type of the event; decides which queues get it.
    pub topic: String,
    /// Says how to read `payload`.
    pub content_type: String,
    /// The body. Never logged.
    pub payload: Bytes,
    /// W3C trace context of the cause.
    pub traceparent: Option<String>,
}

/// Why a message is not known to be in every bound queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound to its topic.
    #[error("no queue is bound to topic {0}")]
    Unroutable(String),
    /// The broker said no: it cannot take it now.
    #[error("the broker refused the message")]
    Refused,
    /// There is no connection; nothing was sent.
    #[error("the message bus is not connected")]
    NotConnected,
    /// It was sent, but the answer did not come: it may be there or not.
    #[error("the message bus did not confirm in time")]
    Unconfirmed,
    /// The connection or the statement failed: it may be there or not.
    #[error("publishing failed: {0}")]
    Failed(String),
}

impl PublishError {
    /// A word for metrics.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            PublishError::Unroutable(_) => "unroutable",
            PublishError::Refused => "refused",
            PublishError::NotConnected => "not_connected",
            PublishError::Unconfirmed => "unconfirmed",
            PublishError::Failed(_) => "failed",
        }
    }
}

/// The bus could not do it now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message bus is not available: {0}")]
pub struct BusError(pub String);

/// How many messages a queue holds. Those in the hands of a consumer are in none of the numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Waiting for a consumer.
    pub ready: u64,
    /// Waiting for their time to be tried again.
    pub delayed: u64,
    /// Given up, waiting for a person.
    pub dead: u64,
}

/// A message bus: at least once, in no particular order.
#[async_trait]
pub trait MessageBus: Send + Sync {
    /// Publishes `messages`; one result for each, in the same order. `Ok` means that every bound queue has stored it.
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>>;

    /// Starts to consume `queue`. Several subscriptions, here or in other processes, share its messages.
    ///
    /// # Errors
    /// When the queue is not one of the bus's.
    async fn subscribe(&self, queue: &'static Queue) -> Result<Box<dyn Subscription>, BusError>;

    /// How many messages `queue` holds.
    ///
    /// # Errors
    /// When the bus does not answer.
    async fn depth(&self, queue: &'static Queue) -> Result<Depth, BusError>;

    /// Whether the bus can be reached, as far as is known.
    fn connected(&self) -> bool;
}

/// A stream of deliveries. It reconnects by itself, with growing pauses.
#[async_trait]
pub trait Subscription: Send {
    /// The next delivery; `None` only once the bus was closed. Safe to cancel.
    async fn next(&mut self) -> Option<Delivery>;

    /// Waits for one delivery, then takes what is there already, `max` at the most. Empty only once the bus was closed.
    /// Safe to cancel.
    async fn next_batch(&mut self, max: usize) -> Vec<Delivery>;

    /// Gives back at once what was taken and not delivered yet. Without it others get that only when a lease ends.
    async fn close(&mut self) {}
}
