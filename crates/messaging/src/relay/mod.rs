//! Sends what stands in an outbox.
//!
//! A relay is woken at commit and looks once a second besides. It reads the oldest rows of its own origin, publishes them
//! without holding a transaction or a connection, and deletes those that the bus has confirmed, in the same statement that
//! reads the next ones. While there is a backlog it reads on while earlier batches are still being confirmed; otherwise one
//! batch at a time, so that what is committed meanwhile leaves together.
//!
//! Rows that fail stay. A relay that dies leaves its rows to the others: see [`keylight_store::outbox`].

mod pack;

use crate::{Message, MessageBus, PublishError};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use keylight_runtime::clock::{Clock, SystemClock};
use keylight_store::{
    StoreError,
    outbox::{Outbox, OutboxRow, SILENT_AFTER},
};
use sqlx::PgPool;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub use pack::{Pack, pack};

/// Shortest and longest pause after a failure.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A row that no queue wants is tried again after this.
const PARKED_FOR: Duration = Duration::from_secs(30);
/// More parked rows than this are not remembered; they then slow the others down, and the metric shows it.
const MAX_PARKED: usize = 10_000;

/// How a relay works. The defaults are right for services.
#[derive(Clone)]
pub struct RelayOptions {
    /// Rows read at a time.
    pub batch: u16,
    /// Batches that may be on their way at the same time while there is a backlog.
    pub in_flight: usize,
    /// Rows of one topic that may share a message; 1 sends each alone.
    pub pack: usize,
    /// Bytes of payload that may share a message. A larger single event goes alone.
    pub pack_bytes: usize,
    /// Under load, time between two reads in which events gather. The first event after a pause leaves at once.
    pub gather: Duration,
    /// Looks for rows this often although nobody rang.
    pub poll: Duration,
    /// Says this often that it lives, and looks for orphans.
    pub heartbeat: Duration,
    /// Adopts rows of relays not heard of for this long.
    pub silent_after: Duration,
    /// No other process uses this database: rows of other origins are left-overs, and are adopted at the start.
    pub alone: bool,
    /// Where ids of packed messages come from.
    pub clock: Arc<dyn Clock>,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            batch: 500,
            in_flight: 4,
            pack: 50,
            pack_bytes: 256 * 1024,
            gather: Duration::from_millis(10),
            poll: Duration::from_secs(1),
            heartbeat: Duration::from_secs(5),
            silent_after: SILENT_AFTER,
            alone: false,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Sends what stands in `outbox` through `bus` until `stopping`; then waits for the answers still due.
///
/// # Errors
/// Never; it has the form of a supervised task.
pub async fn run(
    outbox: Outbox,
    pool: PgPool,
    bus: Arc<dyn MessageBus>,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    run_with(outbox, pool, bus, RelayOptions::default(), stopping).await
}

/// [`run`] with other options.
///
/// # Errors
/// Never; it has the form of a supervised task.
pub async fn run_with(
    outbox: Outbox,
    pool: PgPool,
    bus: Arc<dyn MessageBus>,
    options: RelayOptions,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let mut relay = Relay {
        labels: outbox.schema.name(),
        outbox,
        pool,
        bus,
        not_before: Instant::now(),
        pause: PAUSE.0,
        options,
        on_their_way: HashSet::new(),
        parked: HashMap::new(),
        confirmed: Vec::new(),
        more: true,
        failing: false,
    };
    relay.work(&stopping).await;
    relay.leave().await;
    Ok(())
}

/// What the bus said about one batch.
#[derive(Default)]
struct Sent {
    confirmed: Vec<i64>,
    failed: Vec<(Vec<i64>, PublishError)>,
}

struct Relay {
    labels: &'static str,
    outbox: Outbox,
    pool: PgPool,
    bus: Arc<dyn MessageBus>,
    options: RelayOptions,
    /// Rows read and not yet deleted.
    on_their_way: HashSet<i64>,
    /// Rows that no queue wants, and when to try again.
    parked: HashMap<i64, Instant>,
    /// Rows to delete.
    confirmed: Vec<i64>,
    /// There may be rows that were not read yet.
    more: bool,
    /// No reading before this.
    not_before: Instant,
    pause: Duration,
    failing: bool,
}

impl Relay {
    async fn work(&mut self, stopping: &CancellationToken) {
        let mut publishing: FuturesUnordered<BoxFuture<'static, Sent>> = FuturesUnordered::new();
        let mut polls = interval(self.options.poll);
        let mut heartbeats = interval(self.options.heartbeat);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let wake = self.outbox.wake.clone();
        let mut backlogged = false;
        let mut first = true;
        loop {
            let stop = stopping.is_cancelled();
            if stop && publishing.is_empty() {
                return;
            }
            let room =
                publishing.is_empty() || (backlogged && publishing.len() < self.options.in_flight);
            let may_read = !stop && self.more && room;
            if may_read && Instant::now() >= self.not_before {
                if let Some(rows) = self.read().await {
                    backlogged = rows.len() == usize::from(self.options.batch);
                    self.more = backlogged;
                    if !rows.is_empty() {
                        publishing.push(self.publish(rows));
                    }
                }
                continue;
            }
            if !self.confirmed.is_empty() && !may_read {
                self.delete().await;
            }
            tokio::select! {
                Some(sent) = publishing.next() => {
                    self.take(sent);
                    while let Some(Some(sent)) = publishing.next().now_or_never() {
                        self.take(sent);
                    }
                }
                () = wake.notified(), if !stop && !self.more => self.more = true,
                () = sleep_until(self.not_before), if may_read => {}
                _ = polls.tick(), if !stop => self.more = true,
                _ = heartbeats.tick(), if !stop => {
                    if let Some(adopted) = self.heartbeat(first && self.options.alone).await {
                        first = false;
                        if adopted == self.adoption_limit() {
                            // a dead relay left many: go on at once
                            heartbeats.reset_immediately();
                        }
                    }
                }
                () = stopping.cancelled(), if !stop => {}
            }
        }
    }

    /// Deletes what was confirmed and reads the next rows.
    async fn read(&mut self) -> Option<Vec<OutboxRow>> {
        let began = Instant::now();
        self.parked.retain(|_, until| *until > began);
        let except: Vec<i64> = self
            .on_their_way
            .iter()
            .chain(self.parked.keys())
            .copied()
            .collect();
        let limit = i64::from(self.options.batch);
        match self
            .outbox
            .advance(&self.pool, &self.confirmed, &except, limit)
            .await
        {
            Ok(rows) => {
                self.forget_confirmed();
                self.on_their_way.extend(rows.iter().map(|row| row.id));
                if !rows.is_empty() && rows.len() < usize::from(self.options.batch) {
                    self.not_before = began + self.options.gather;
                }
                Some(rows)
            }
            Err(error) => {
                self.database_failed(&error);
                None
            }
        }
    }

    async fn delete(&mut self) {
        match self.outbox.delete(&self.pool, &self.confirmed).await {
            Ok(_) => self.forget_confirmed(),
            Err(error) => self.database_failed(&error),
        }
    }

    fn forget_confirmed(&mut self) {
        for id in self.confirmed.drain(..) {
            self.on_their_way.remove(&id);
        }
    }

    fn publish(&self, rows: Vec<OutboxRow>) -> BoxFuture<'static, Sent> {
        let bus = self.bus.clone();
        let packs = pack(rows, self.options.pack, self.options.pack_bytes, || {
            self.options.clock.new_id()
        });
        // A task of its own: on PostgreSQL it may hold the pool's only connection, and must go on while the relay waits
        // for that connection itself.
        let task = tokio::spawn(
            async move {
                let (messages, ids): (Vec<Message>, Vec<Vec<i64>>) = packs
                    .into_iter()
                    .map(|pack| (pack.message, pack.rows))
                    .unzip();
                let results = bus.publish(messages).await;
                let mut sent = Sent::default();
                for (ids, result) in ids.into_iter().zip(results) {
                    match result {
                        Ok(()) => sent.confirmed.extend(ids),
                        Err(error) => sent.failed.push((ids, error)),
                    }
                }
                sent
            }
            .in_current_span(),
        );
        async move {
            task.await
                .unwrap_or_else(|error| match error.try_into_panic() {
                    // the relay is started anew, and reads these rows again
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // cancelled: only at the end of the runtime
                    Err(_) => Sent::default(),
                })
        }
        .boxed()
    }

    /// Takes note of what the bus said.
    fn take(&mut self, sent: Sent) {
        if !sent.confirmed.is_empty() {
            metrics::counter!("keylight_outbox_sent_total", "schema" => self.labels)
                .increment(sent.confirmed.len() as u64);
            self.confirmed.extend(sent.confirmed);
        }
        let mut reason = None;
        for (ids, error) in sent.failed {
            metrics::counter!("keylight_outbox_publish_failures_total", "schema" => self.labels, "class" => error.class())
                .increment(ids.len() as u64);
            for id in &ids {
                self.on_their_way.remove(id);
            }
            if matches!(error, PublishError::Unroutable(_)) && self.parked.len() < MAX_PARKED {
                let until = Instant::now() + PARKED_FOR;
                self.parked.extend(ids.iter().map(|id| (*id, until)));
                tracing::error!(schema = self.labels, rows = ids.len(), error = %error, "events that no queue takes stay in the outbox");
            } else {
                reason = Some(error);
            }
        }
        match reason {
            Some(error) => self.wait_after(&error),
            None => self.recovered(),
        }
    }

    fn database_failed(&mut self, error: &StoreError) {
        metrics::counter!("keylight_outbox_database_failures_total", "schema" => self.labels)
            .increment(1);
        self.wait_after(error);
    }

    /// Pauses, longer each time; tells it once.
    fn wait_after(&mut self, error: &dyn std::error::Error) {
        if !self.failing {
            self.failing = true;
            tracing::warn!(schema = self.labels, error = %error, "outbox cannot be sent, its rows wait");
        }
        self.more = true;
        self.not_before =
            Instant::now() + self.pause.mul_f64(0.75 + self.options.clock.jitter() / 2.0);
        self.pause = (self.pause * 2).min(PAUSE.1);
    }

    fn recovered(&mut self) {
        self.pause = PAUSE.0;
        if self.failing {
            self.failing = false;
            tracing::info!(schema = self.labels, "outbox is being sent again");
        }
    }

    /// Says that this relay lives, takes in orphans, measures the backlog.
    /// Returns how many rows were adopted, `None` if it was no time for that.
    async fn heartbeat(&mut self, adopt_all: bool) -> Option<u64> {
        let silent_after = if adopt_all {
            Duration::ZERO
        } else {
            self.options.silent_after
        };
        let beat = async {
            self.outbox.heartbeat(&self.pool).await?;
            // who cannot send must not take rows from those that may be able to
            let adopted = if self.bus.connected() && !self.failing {
                let limit = i64::try_from(self.adoption_limit()).unwrap_or(i64::MAX);
                let adopted = self
                    .outbox
                    .adopt_orphans(&self.pool, silent_after, limit)
                    .await?;
                Some(adopted)
            } else {
                None
            };
            let backlog = self.outbox.backlog(&self.pool).await?;
            Ok::<_, StoreError>((adopted, backlog))
        };
        match beat.await {
            Ok((adopted, backlog)) => {
                if let Some(rows @ 1..) = adopted {
                    metrics::counter!("keylight_outbox_adopted_total", "schema" => self.labels)
                        .increment(rows);
                    tracing::info!(
                        schema = self.labels,
                        rows,
                        "events of a relay that is gone were adopted"
                    );
                    self.more = true;
                }
                // both numbers stay far below 2^52
                metrics::gauge!("keylight_outbox_backlog_rows", "schema" => self.labels)
                    .set(backlog.rows as f64);
                metrics::gauge!("keylight_outbox_oldest_seconds", "schema" => self.labels)
                    .set(backlog.oldest_seconds);
                adopted
            }
            Err(error) => {
                tracing::debug!(schema = self.labels, error = %error, "heartbeat of the outbox failed");
                None
            }
        }
    }

    fn adoption_limit(&self) -> u64 {
        u64::from(self.options.batch) * 10
    }

    /// Deletes what was still confirmed and leaves the rest to others. What fails here is made good by the next relay.
    async fn leave(&mut self) {
        if !self.confirmed.is_empty() {
            self.delete().await;
        }
        if let Err(error) = self.outbox.retire(&self.pool).await {
            tracing::debug!(schema = self.labels, error = %error, "relay could not sign off");
        }
    }
}
