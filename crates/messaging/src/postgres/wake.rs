//! Waking consumers before their next look.

use crate::Queue;
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

/// Channel of `NOTIFY`; the payload is the queue's name.
pub(super) const CHANNEL: &str = "keylight_bus";

/// Wakes the consumers of one queue in this process.
#[derive(Debug, Default)]
pub(super) struct Bell {
    notify: Notify,
    /// When the next message of this process is due again, as far as known. The poll covers all others.
    next_due: Mutex<Option<Instant>>,
}

impl Bell {
    pub(super) fn ring(&self) {
        self.notify.notify_one();
    }

    /// Somebody should look at `when`.
    pub(super) fn remember(&self, when: Instant) {
        let mut next = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some(next.map_or(when, |known| known.min(when)));
    }

    /// Waits for the bell, or for what is due, or for `poll`.
    pub(super) async fn wait(&self, poll: Duration) {
        let poll_at = Instant::now() + poll;
        let due_at = *self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::select! {
            () = self.notify.notified() => {}
            () = tokio::time::sleep_until(due_at.map_or(poll_at, |due_at| due_at.min(poll_at))) => {}
        }
        let mut next = self.next_due.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_some_and(|due_at| due_at <= Instant::now()) {
            *next = None;
        }
    }
}

/// The bells of all queues.
#[derive(Debug, Clone)]
pub(super) struct Bells(Arc<HashMap<&'static str, Arc<Bell>>>);

impl Bells {
    pub(super) fn for_queues(queues: &[&'static Queue]) -> Self {
        Self(Arc::new(
            queues
                .iter()
                .map(|queue| (queue.name, Arc::default()))
                .collect(),
        ))
    }

    pub(super) fn of(&self, queue: &'static Queue) -> Arc<Bell> {
        // the bus refuses queues that it does not know; one without a bell is still polled
        self.0.get(queue.name).cloned().unwrap_or_default()
    }

    fn ring(&self, queue: &str) {
        if let Some(bell) = self.0.get(queue) {
            bell.ring();
        }
    }

    fn ring_all(&self) {
        self.0.values().for_each(|bell| bell.ring());
    }
}

/// Passes notifications on to the bells until `closed`, on a connection of its own.
pub(super) fn listen(pool: &PgPool, bells: Bells, closed: CancellationToken) {
    let own = PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(pool.connect_options().as_ref().clone());
    tokio::spawn(async move {
        let _ = closed.run_until_cancelled(pass_on(&own, &bells)).await;
        own.close().await;
    });
}

async fn pass_on(pool: &PgPool, bells: &Bells) {
    let mut told = false;
    loop {
        if let Err(error) = pass_on_while_connected(pool, bells, &mut told).await
            && !told
        {
            tracing::warn!(error = %error, "not listening for new messages, consumers look once in a while");
            told = true;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn pass_on_while_connected(
    pool: &PgPool,
    bells: &Bells,
    told: &mut bool,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    if *told {
        tracing::info!("listening for new messages again");
        *told = false;
    }
    loop {
        // what came while nobody listened
        bells.ring_all();
        while let Some(notification) = listener.try_recv().await? {
            bells.ring(notification.payload());
        }
    }
}
