//! A message in the hands of a consumer.

use crate::Message;
use async_trait::async_trait;
use std::time::Duration;

/// How an adapter settles one delivery.
#[async_trait]
pub(crate) trait Receipt: Send + Sync {
    async fn ack(self: Box<Self>);
    async fn retry_after(
        self: Box<Self>,
        message: Message,
        attempt: u32,
        after: Duration,
        cause: &str,
    );
    async fn dead_letter(self: Box<Self>, message: Message, attempt: u32, cause: &str);
    /// Gives it back at once, without waiting: called from a destructor.
    fn release(self: Box<Self>);
}

/// A message that this consumer has, until it settles it in one of three ways. Dropped without any, it comes again.
///
/// A `cause` names a class of failure ("database unavailable"). It is stored beside the message and shown to operators, so
/// it must never hold anything taken from the payload.
#[must_use = "a delivery that is dropped comes again"]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// 1 for the first delivery of this message to this queue.
    pub attempt: u32,
    max_attempts: u32,
    receipt: Option<Box<dyn Receipt>>,
}

impl Delivery {
    pub(crate) fn new(
        message: Message,
        attempt: u32,
        max_attempts: u32,
        receipt: Box<dyn Receipt>,
    ) -> Self {
        Self {
            message,
            attempt,
            max_attempts,
            receipt: Some(receipt),
        }
    }

    /// It has been dealt with. If the connection is lost meanwhile it comes again.
    pub async fn ack(mut self) {
        if let Some(receipt) = self.receipt.take() {
            receipt.ack().await;
        }
    }

    /// Try again after `after` at the earliest. After the queue's last attempt it becomes a dead letter instead.
    ///
    /// RabbitMQ waits for the next larger of 1, 5, 30 and 300 s, at most 300 s. Work that waits for longer, or for something
    /// that is known, waits in a row, not in a message.
    pub async fn retry_after(mut self, after: Duration, cause: &str) {
        let Some(receipt) = self.receipt.take() else {
            return;
        };
        let message = self.take_message();
        if self.attempt >= self.max_attempts {
            receipt.dead_letter(message, self.attempt, cause).await;
        } else {
            receipt
                .retry_after(message, self.attempt, after, cause)
                .await;
        }
    }

    /// Give up; it waits in the dead-letter queue for a person.
    pub async fn dead_letter(mut self, cause: &str) {
        if let Some(receipt) = self.receipt.take() {
            let message = self.take_message();
            receipt.dead_letter(message, self.attempt, cause).await;
        }
    }

    // a destructor forbids moving fields out
    fn take_message(&mut self) -> Message {
        Message {
            id: self.message.id,
            topic: std::mem::take(&mut self.message.topic),
            content_type: std::mem::take(&mut self.message.content_type),
            payload: std::mem::take(&mut self.message.payload),
            traceparent: self.message.traceparent.take(),
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(receipt) = self.receipt.take() {
            receipt.release();
        }
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.message.id)
            .field("topic", &self.message.topic)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
