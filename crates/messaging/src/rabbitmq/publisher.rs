//! Publishing with pipelined confirms.

use super::link::Link;
use crate::PublishError;
use bytes::Bytes;
use futures::{StreamExt as _, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

/// Calls that may publish at the same time, each on a channel of its own.
const CHANNELS: usize = 8;

/// A message with its destination.
pub(super) struct Outgoing {
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
    pub(super) properties: BasicProperties,
    pub(super) payload: Bytes,
    /// For the error that says nobody wants it.
    pub(super) topic: String,
}

pub(super) struct Publisher {
    link: Link,
    permits: Semaphore,
    idle: Mutex<Vec<Channel>>,
    timeout: Duration,
    /// How long a confirm is waited for now; see [`patience`].
    patience: Mutex<Duration>,
    window: usize,
}

/// A confirm is waited for at most this many times as long as usual.
const MOST_PATIENT: u32 = 6;

/// How long to wait for a confirm, after one that took `took`, or that did not come within `now`.
///
/// A broker whose disk is slow may need longer than the usual time for each write. With a fixed limit no message would ever
/// count as confirmed, and each would be sent again and again: so the wait doubles while confirms fail to come, and is the
/// usual one again when they come well within it. A broker that is gone does not make it longer: its connection ends.
fn patience(usual: Duration, now: Duration, took: Option<Duration>) -> Duration {
    match took {
        None => (now * 2).min(usual * MOST_PATIENT),
        Some(took) if took < usual / 2 => usual,
        Some(_) => now,
    }
}

impl Publisher {
    pub(super) fn new(link: Link, timeout: Duration, window: usize) -> Self {
        Self {
            link,
            permits: Semaphore::new(CHANNELS),
            idle: Mutex::new(Vec::new()),
            timeout,
            patience: Mutex::new(timeout),
            window: window.max(1),
        }
    }

    pub(super) fn connected(&self) -> bool {
        self.link.connected()
    }

    /// A channel that nobody else uses.
    pub(super) async fn fresh_channel(&self) -> lapin::Result<Channel> {
        match self.link.now() {
            Some(connection) => connection.create_channel().await,
            None => Err(lapin::ErrorKind::InvalidConnectionState(
                lapin::ConnectionState::Reconnecting,
            )
            .into()),
        }
    }

    /// Sends `messages`, at most `window` of them unconfirmed at a time; one result for each, in the same order.
    ///
    /// The channel belongs to this call alone while it runs. lapin hands a returned message to whichever confirm comes next,
    /// so returns can only be told apart by message id, and only among messages of one call.
    pub(super) async fn send(&self, messages: Vec<Outgoing>) -> Vec<Result<(), PublishError>> {
        if messages.is_empty() {
            return Vec::new();
        }
        let all = |error: PublishError| messages.iter().map(|_| Err(error.clone())).collect();
        let Ok(Ok(_permit)) = timeout(self.timeout, self.permits.acquire()).await else {
            return all(PublishError::NotConnected);
        };
        let channel = match timeout(self.timeout, self.channel()).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(_)) | Err(_) => return all(PublishError::NotConnected),
        };
        let (results, healthy) = self.send_on(&channel, &messages).await;
        if healthy {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(channel);
        }
        results
    }

    async fn channel(&self) -> lapin::Result<Channel> {
        loop {
            let idle = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            match idle {
                Some(channel) if channel.status().connected() => return Ok(channel),
                // of a connection that is gone
                Some(_) => {}
                None => break,
            }
        }
        let channel = self.fresh_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(channel)
    }

    fn patience(&self) -> Duration {
        *self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a call whose slowest confirm took so long, or in which one did not come. Not from each confirm: behind
    /// a write that was slow, many come at once.
    fn learn(&self, waited: Duration, took: Option<Duration>) {
        let mut now = self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        // several calls that waited at the same time count once
        if took.is_some() || *now == waited {
            *now = patience(self.timeout, *now, took);
        }
    }

    async fn send_on(
        &self,
        channel: &Channel,
        messages: &[Outgoing],
    ) -> (Vec<Result<(), PublishError>>, bool) {
        // whoever has no answer at the end may have arrived or not
        let mut results: Vec<Result<(), PublishError>> =
            vec![Err(PublishError::Unconfirmed); messages.len()];
        let mut returned: HashSet<ShortString> = HashSet::new();
        let mut healthy = true;
        let mut waiting = messages.iter().enumerate();
        let mut pending = FuturesUnordered::new();
        let patience = self.patience();
        let mut slowest = Duration::ZERO;
        loop {
            while pending.len() < self.window
                && let Some((index, message)) = waiting.next()
            {
                pending.push(async move { (index, publish(channel, message).await) });
            }
            let asked = Instant::now();
            let answer = match timeout(patience, pending.next()).await {
                Ok(Some(answer)) => answer,
                Ok(None) => {
                    self.learn(patience, Some(slowest));
                    break;
                }
                Err(_) => {
                    self.learn(patience, None);
                    healthy = false;
                    break;
                }
            };
            slowest = slowest.max(asked.elapsed());
            let (index, confirmation) = answer;
            results[index] = match confirmation {
                Ok(confirmation) => {
                    let refused = confirmation.is_nack();
                    if let Some(message) = confirmation.take_message() {
                        returned.extend(message.delivery.properties.message_id().clone());
                    }
                    if refused {
                        Err(PublishError::Refused)
                    } else {
                        Ok(())
                    }
                }
                Err(error) => {
                    healthy = false;
                    Err(PublishError::Failed(error.to_string()))
                }
            };
        }
        drop(pending);
        if !returned.is_empty() {
            for (result, message) in results.iter_mut().zip(messages) {
                let is_returned = message
                    .properties
                    .message_id()
                    .as_ref()
                    .is_some_and(|id| returned.contains(id));
                if is_returned {
                    *result = Err(PublishError::Unroutable(message.topic.clone()));
                }
            }
        }
        (results, healthy)
    }
}

async fn publish(channel: &Channel, message: &Outgoing) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..Default::default()
    };
    channel
        .basic_publish(
            message.exchange.clone(),
            message.routing_key.clone(),
            options,
            &message.payload,
            message.properties.clone(),
        )
        .await?
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_secs(5);

    #[test]
    fn waits_longer_for_a_slow_broker_and_as_usual_for_a_quick_one() {
        let longer = patience(USUAL, USUAL, None);
        assert_eq!(longer, USUAL * 2);
        assert_eq!(patience(USUAL, longer, Some(USUAL)), longer, "still slow");
        assert_eq!(patience(USUAL, longer, Some(USUAL / 10)), USUAL);
        let most = (0..10).fold(USUAL, |now, _| patience(USUAL, now, None));
        assert_eq!(most, USUAL * MOST_PATIENT);
    }
}
