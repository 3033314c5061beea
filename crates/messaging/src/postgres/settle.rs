//! Settling messages, many with one statement, and keeping the leases of those still in hand.
//!
//! Each subscription has one settling task. Receipts send it their verdicts; it takes all that are there and writes them
//! together. If the database is away at that moment the verdicts are lost and the messages come again when their lease ends.

use super::{Shared, wake::Bell};
use crate::{Message, Queue, delivery::Receipt};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval},
};
use uuid::Uuid;

/// Verdicts written with one statement.
const MOST: usize = 1000;
/// Longest cause that is stored.
const CAUSE_CHARS: usize = 200;

/// What becomes of a message.
pub(super) enum Verdict {
    /// Gone.
    Done,
    /// Again, after this long.
    Again(Duration, Option<String>),
    /// Given up.
    Dead(String),
}

struct Order {
    id: i64,
    verdict: Verdict,
    /// Told when it is written, or was lost.
    told: Option<oneshot::Sender<()>>,
}

/// The settling of one subscription.
#[derive(Clone)]
pub(super) struct Settling {
    orders: mpsc::Sender<Order>,
    /// Messages in hand, and since when their lease runs.
    held: Arc<Mutex<HashMap<i64, Instant>>>,
    settled: Arc<Notify>,
}

impl Settling {
    /// Starts the task. It ends when the subscription and all its deliveries are gone.
    pub(super) fn start(shared: &Arc<Shared>, queue: &'static Queue, lease: Uuid) -> Self {
        // room for everything that may be in hand, so that releasing in a destructor always finds some
        let (orders, received) = mpsc::channel(usize::from(queue.prefetch.max(1)) * 2);
        let settling = Self {
            orders,
            held: Arc::default(),
            settled: Arc::default(),
        };
        let task = Task {
            bell: shared.bells.of(queue),
            shared: shared.clone(),
            queue,
            lease,
            held: settling.held.clone(),
            settled: settling.settled.clone(),
        };
        tokio::spawn(task.run(received));
        settling
    }

    /// How many messages are in hand.
    pub(super) fn held(&self) -> usize {
        lock(&self.held).len()
    }

    /// Waits until there is one less, or a moment has passed.
    pub(super) async fn until_one_is_settled(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.settled.notified()).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // single inserts and removals: usable whatever panicked while holding it
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message in hand.
pub(super) struct Held {
    settling: Settling,
    id: i64,
}

impl Held {
    pub(super) fn new(settling: &Settling, id: i64) -> Self {
        lock(&settling.held).insert(id, Instant::now());
        Self {
            settling: settling.clone(),
            id,
        }
    }

    async fn settle(self, verdict: Verdict) {
        let (told, written) = oneshot::channel();
        let order = Order {
            id: self.id,
            verdict,
            told: Some(told),
        };
        // both fail only when the task is gone, and then the lease ends by itself
        if self.settling.orders.send(order).await.is_ok() {
            let _ = written.await;
        }
    }

    pub(super) fn settle_without_waiting(self, verdict: Verdict) {
        let order = Order {
            id: self.id,
            verdict,
            told: None,
        };
        if self.settling.orders.try_send(order).is_err() {
            // no room: no longer renewed, the lease ends by itself
            lock(&self.settling.held).remove(&self.id);
        }
    }
}

pub(super) struct PgReceipt {
    pub(super) held: Held,
}

#[async_trait]
impl Receipt for PgReceipt {
    async fn ack(self: Box<Self>) {
        self.held.settle(Verdict::Done).await;
    }

    async fn retry_after(self: Box<Self>, _: Message, _: u32, after: Duration, cause: &str) {
        let cause = cause.chars().take(CAUSE_CHARS).collect();
        self.held.settle(Verdict::Again(after, Some(cause))).await;
    }

    async fn dead_letter(self: Box<Self>, _: Message, _: u32, cause: &str) {
        let cause = cause.chars().take(CAUSE_CHARS).collect();
        self.held.settle(Verdict::Dead(cause)).await;
    }

    fn release(self: Box<Self>) {
        self.held
            .settle_without_waiting(Verdict::Again(Duration::ZERO, None));
    }
}

struct Task {
    shared: Arc<Shared>,
    queue: &'static Queue,
    lease: Uuid,
    bell: Arc<Bell>,
    held: Arc<Mutex<HashMap<i64, Instant>>>,
    settled: Arc<Notify>,
}

impl Task {
    async fn run(self, mut received: mpsc::Receiver<Order>) {
        let mut orders = Vec::new();
        // a lease outlives two renewals that fail
        let mut renewals = interval((self.shared.options.lease / 4).max(Duration::from_millis(10)));
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                count = received.recv_many(&mut orders, MOST) => {
                    if count == 0 {
                        // the subscription and all its deliveries are gone: what is still leased was claimed for nobody
                        let _ = give_back(&self.shared, self.queue, self.lease).await;
                        return;
                    }
                    self.write(&mut orders).await;
                }
                _ = renewals.tick() => self.renew().await,
            }
        }
    }

    async fn write(&self, orders: &mut Vec<Order>) {
        let mut done = Vec::new();
        let (mut again, mut delays, mut again_causes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut dead, mut dead_causes) = (Vec::new(), Vec::new());
        let mut told = Vec::new();
        let mut ids = Vec::with_capacity(orders.len());
        for order in orders.drain(..) {
            ids.push(order.id);
            told.extend(order.told);
            match order.verdict {
                Verdict::Done => done.push(order.id),
                Verdict::Again(after, cause) => {
                    again.push(order.id);
                    delays.push(after.as_secs_f64());
                    again_causes.push(cause);
                    self.bell.remember(Instant::now() + after);
                }
                Verdict::Dead(cause) => {
                    dead.push(order.id);
                    dead_causes.push(cause);
                }
            }
        }
        for result in [
            self.delete(&done).await,
            self.put_back(&again, &delays, &again_causes).await,
            self.bury(&dead, &dead_causes).await,
        ] {
            if let Err(error) = self.shared.observe(result) {
                metrics::counter!("keylight_bus_acks_lost_total", "queue" => self.queue.name)
                    .increment(1);
                tracing::warn!(queue = self.queue.name, error = %error, "messages could not be settled, they come again");
            }
        }
        {
            let mut held = lock(&self.held);
            for id in ids {
                held.remove(&id);
            }
        }
        self.settled.notify_one();
        if !again.is_empty() {
            self.bell.ring();
        }
        for told in told {
            // the consumer may have stopped waiting
            let _ = told.send(());
        }
    }

    // Whoever lost its lease has no say any more: another consumer has the message.

    async fn delete(&self, ids: &[i64]) -> Result<(), sqlx::Error> {
        if ids.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "DELETE FROM bus.messages WHERE id = ANY($1) AND lease = $2",
            ids,
            self.lease
        )
        .execute(&self.shared.pool)
        .await?;
        Ok(())
    }

    async fn put_back(
        &self,
        ids: &[i64],
        delays: &[f64],
        causes: &[Option<String>],
    ) -> Result<(), sqlx::Error> {
        if ids.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            r#"UPDATE bus.messages AS m
               SET due_at = now() + make_interval(secs => again.delay), lease = NULL, cause = coalesce(again.cause, m.cause)
               FROM unnest($1::bigint[], $2::float8[], $3::text[]) AS again (id, delay, cause)
               WHERE m.id = again.id AND m.lease = $4"#,
            ids,
            delays,
            causes as &[Option<String>],
            self.lease,
        )
        .execute(&self.shared.pool)
        .await?;
        Ok(())
    }

    async fn bury(&self, ids: &[i64], causes: &[String]) -> Result<(), sqlx::Error> {
        if ids.is_empty() {
            return Ok(());
        }
        metrics::counter!("keylight_bus_dead_letters_total", "queue" => self.queue.name)
            .increment(ids.len() as u64);
        sqlx::query!(
            r#"WITH given_up AS (
                   DELETE FROM bus.messages AS m
                   USING unnest($1::bigint[], $2::text[]) AS dead (id, cause)
                   WHERE m.id = dead.id AND m.lease = $3
                   RETURNING m.queue, m.message_id, m.topic, m.content_type, m.payload, m.traceparent, m.attempt, dead.cause, m.created_at
               )
               INSERT INTO bus.dead (queue, message_id, topic, content_type, payload, traceparent, attempt, cause, created_at)
               SELECT * FROM given_up"#,
            ids,
            causes,
            self.lease,
        )
        .execute(&self.shared.pool)
        .await?;
        Ok(())
    }

    /// Renews the leases of what has been in hand for a while.
    async fn renew(&self) {
        let now = Instant::now();
        let old: Vec<i64> = lock(&self.held)
            .iter()
            .filter(|(_, since)| now.duration_since(**since) >= self.shared.options.lease / 4)
            .map(|(id, _)| *id)
            .collect();
        if old.is_empty() {
            return;
        }
        let renewed = sqlx::query!(
            "UPDATE bus.messages SET due_at = now() + make_interval(secs => $3) WHERE id = ANY($1) AND lease = $2",
            &old,
            self.lease,
            self.shared.options.lease.as_secs_f64(),
        )
        .execute(&self.shared.pool)
        .await;
        match self.shared.observe(renewed) {
            Ok(_) => {
                let mut held = lock(&self.held);
                for id in old {
                    if let Some(since) = held.get_mut(&id) {
                        *since = now;
                    }
                }
            }
            Err(error) => {
                tracing::debug!(queue = self.queue.name, error = %error, "leases could not be renewed")
            }
        }
    }
}

/// Gives back everything that the consumer `lease` still has.
pub(super) async fn give_back(
    shared: &Shared,
    queue: &'static Queue,
    lease: Uuid,
) -> Result<(), sqlx::Error> {
    let given_back = sqlx::query!(
        "UPDATE bus.messages SET due_at = now(), lease = NULL WHERE queue = $1 AND lease = $2 AND due_at > now()",
        queue.name,
        lease,
    )
    .execute(&shared.pool)
    .await?;
    if given_back.rows_affected() > 0 {
        shared.bells.of(queue).ring();
    }
    Ok(())
}
