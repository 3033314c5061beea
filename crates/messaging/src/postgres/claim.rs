//! Claiming messages.

use super::{
    Shared,
    settle::{Held, PgReceipt, Settling, Verdict, give_back},
};
use crate::{Delivery, Message, Queue, Subscription};
use async_trait::async_trait;
use keylight_store::StoreError;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Shortest and longest pause after the database did not answer.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Longest that closing waits for the database.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

pub(super) struct PgSubscription {
    shared: Arc<Shared>,
    queue: &'static Queue,
    /// Names this consumer in its leases.
    lease: Uuid,
    settling: Settling,
    claiming: Option<JoinHandle<Result<Vec<Claimed>, StoreError>>>,
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
            claiming: None,
            pause: PAUSE.0,
            failing: false,
        }
    }

    /// Claims in a task of its own, which the next call goes on with if this one is cancelled: otherwise messages would be
    /// claimed for nobody.
    async fn claim(&mut self, limit: usize) -> Result<Vec<Claimed>, StoreError> {
        let task = self.claiming.get_or_insert_with(|| {
            let (shared, queue, lease) = (self.shared.clone(), self.queue, self.lease);
            // keeps the settling task until the claim is known, so that it can give back what nobody took
            let settling = self.settling.clone();
            tokio::spawn(async move {
                let claimed = claim(&shared, queue, lease, limit).await;
                drop(settling);
                claimed
            })
        });
        let claimed = task.await;
        self.claiming = None;
        // it is cancelled only when the runtime ends
        claimed
            .unwrap_or_else(|_| Err(StoreError::Unavailable("claiming was cut short".to_owned())))
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

/// Claims up to `limit` messages that are due, in one statement.
async fn claim(
    shared: &Shared,
    queue: &'static Queue,
    lease: Uuid,
    limit: usize,
) -> Result<Vec<Claimed>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH next AS (
               SELECT id FROM bus.messages WHERE queue = $1 AND due_at <= now()
               ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
           )
           UPDATE bus.messages AS m
           SET due_at = now() + make_interval(secs => $3), lease = $4, attempt = m.attempt + 1
           FROM next WHERE m.id = next.id
           RETURNING m.id, m.message_id, m.topic, m.content_type, m.payload, m.traceparent, m.attempt"#,
        queue.name,
        i64::try_from(limit).unwrap_or(i64::MAX),
        shared.options.lease.as_secs_f64(),
        lease,
    )
    .fetch_all(&shared.pool)
    .await;
    let mut claimed: Vec<Claimed> = shared
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

    async fn close(&mut self) {
        if let Some(task) = self.claiming.take() {
            // what it claimed is given back below
            let _ = tokio::time::timeout(CLOSE_WITHIN, task).await;
        }
        let given_back = give_back(&self.shared, self.queue, self.lease);
        if !matches!(
            tokio::time::timeout(CLOSE_WITHIN, given_back).await,
            Ok(Ok(()))
        ) {
            tracing::debug!(
                queue = self.queue.name,
                "messages in hand come again when their lease ends"
            );
        }
    }
}
