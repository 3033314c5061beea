//! Claiming messages.

use super::{
    Shared,
    settle::{Held, PgReceipt, Settling, Verdict},
};
use crate::{Delivery, Message, Queue, Subscription};
use async_trait::async_trait;
use keylight_store::StoreError;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Shortest and longest pause after the database did not answer.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

pub(super) struct PgSubscription {
    shared: Arc<Shared>,
    queue: &'static Queue,
    /// Names this consumer in its leases.
    lease: Uuid,
    settling: Settling,
    pause: Duration,
    failing: bool,
}

struct Claimed {
    id: i64,
    message: Message,
    attempt: u32,
}

impl PgSubscription {
    pub(super) fn new(shared: Arc<Shared>, queue: &'static Queue) -> Self {
        let lease = Uuid::new_v4();
        let settling = Settling::start(&shared, queue, lease);
        Self {
            shared,
            queue,
            lease,
            settling,
            pause: PAUSE.0,
            failing: false,
        }
    }

    /// Claims up to `limit` messages that are due, in one statement.
    async fn claim(&self, limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let rows = sqlx::query!(
            r#"WITH next AS (
                   SELECT id FROM bus.messages WHERE queue = $1 AND due_at <= now()
                   ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
               )
               UPDATE bus.messages AS m
               SET due_at = now() + make_interval(secs => $3), lease = $4, attempt = m.attempt + 1
               FROM next WHERE m.id = next.id
               RETURNING m.id, m.message_id, m.topic, m.content_type, m.payload, m.traceparent, m.attempt"#,
            self.queue.name,
            i64::try_from(limit).unwrap_or(i64::MAX),
            self.shared.options.lease.as_secs_f64(),
            self.lease,
        )
        .fetch_all(&self.shared.pool)
        .await;
        let mut claimed: Vec<Claimed> = self
            .shared
            .observe(rows)?
            .into_iter()
            .map(|row| Claimed {
                id: row.id,
                message: Message {
                    id: row.message_id,
                    topic: row.topic,
                    content_type: row.content_type,
                    payload: row.payload.into(),
                    traceparent: row.traceparent,
                },
                attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
            })
            .collect();
        claimed.sort_unstable_by_key(|claimed| claimed.id);
        Ok(claimed)
    }

    /// Deliveries for the handler; those that were tried too often already are given up here.
    fn accept(&self, claimed: Vec<Claimed>) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(claimed.len());
        for Claimed {
            id,
            message,
            attempt,
        } in claimed
        {
            let held = Held::new(&self.settling, id);
            if attempt > self.queue.max_attempts {
                tracing::warn!(queue = self.queue.name, message.id = %message.id, attempt, "consumers lost this message too often, it is given up");
                held.settle_without_waiting(Verdict::Dead("attempts exhausted".to_owned()));
                continue;
            }
            let receipt = Box::new(PgReceipt { held });
            deliveries.push(Delivery::new(
                message,
                attempt,
                self.queue.max_attempts,
                receipt,
            ));
        }
        deliveries
    }

    async fn receive(&mut self, max: usize) -> Vec<Delivery> {
        let bell = self.shared.bells.of(self.queue);
        loop {
            let room = usize::from(self.queue.prefetch.max(1)).saturating_sub(self.settling.held());
            if room == 0 {
                self.settling.until_one_is_settled().await;
                continue;
            }
            let limit = max.clamp(1, room);
            match self.claim(limit).await {
                Ok(claimed) => {
                    if self.failing {
                        tracing::info!(queue = self.queue.name, "messages can be read again");
                    }
                    (self.failing, self.pause) = (false, PAUSE.0);
                    if claimed.len() == limit {
                        // there may be more: another consumer of this process may want it
                        bell.ring();
                    }
                    let deliveries = self.accept(claimed);
                    if !deliveries.is_empty() {
                        return deliveries;
                    }
                    bell.wait(self.shared.options.poll).await;
                }
                Err(error) => {
                    if !self.failing {
                        tracing::warn!(queue = self.queue.name, error = %error, "messages cannot be read, trying again");
                    }
                    self.failing = true;
                    tokio::time::sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(PAUSE.1);
                }
            }
        }
    }
}

#[async_trait]
impl Subscription for PgSubscription {
    async fn next(&mut self) -> Option<Delivery> {
        self.next_batch(1).await.pop()
    }

    async fn next_batch(&mut self, max: usize) -> Vec<Delivery> {
        let closed = self.shared.closed.clone();
        closed
            .run_until_cancelled(self.receive(max))
            .await
            .unwrap_or_default()
    }
}
