//! The task behind counts and search: folds what statements appended, and brings documents up to date.
//!
//! It is rung after a change and comes by regularly, because others change submissions too. It never needs more than one
//! connection, holds it for a few hundredths of a second at a time, and rests longer than it works, so that those who
//! apply do not notice it: readers are exact without it, only slower the more is waiting.

use super::{
    counts::fold,
    search::documents::{self, Step},
};
use keylight_store::StoreError;
use sqlx::PgPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Longest wait for a ring.
const COME_BY: Duration = Duration::from_secs(5);
/// Shortest rest, in which changes gather.
const REST: Duration = Duration::from_millis(100);
/// It rests so many times as long as it has worked; the first when little is written, the second when much is.
const REST_PER_WORK: (u32, u32) = (3, 12);
/// So many rows in one step are much.
const MUCH: i64 = 50;
/// How long one step of the documents should take.
const STEP_TIME: Duration = Duration::from_millis(25);
/// Most rows of what is pending in one step.
const MOST_LOTS: i64 = 64;
/// So many rows leave enough behind to be worth cleaning up at once; the embedded database has nobody else for it.
const CLEAN_AFTER: i64 = 2_000;

/// The task.
pub struct Upkeep {
    pool: PgPool,
    bell: Arc<Notify>,
    stopping: CancellationToken,
    /// Rows of what is pending to take at once: grows while that is quick.
    lots: i64,
    /// Whether much is being written: then those who write come first, and searches look at what is waiting themselves.
    busy: bool,
    /// Rows taken from each table since it was cleaned up.
    taken: (i64, i64),
}

impl Upkeep {
    /// A task that listens to `bell`.
    #[must_use]
    pub fn new(pool: PgPool, bell: Arc<Notify>, stopping: CancellationToken) -> Self {
        Self {
            pool,
            bell,
            stopping,
            lots: 1,
            busy: false,
            taken: (0, 0),
        }
    }

    /// Works until the process stops.
    ///
    /// # Errors
    /// When the database fails; the supervisor begins anew.
    pub async fn run(mut self) -> anyhow::Result<()> {
        documents::ensure_index(&self.pool).await?;
        let mut told = Instant::now();
        while !self.stopping.is_cancelled() {
            let began = Instant::now();
            let more = self.step().await?;
            if told.elapsed() >= COME_BY {
                self.tell().await?;
                told = Instant::now();
            }
            let worked = began.elapsed();
            if !more {
                self.wait_for_bell().await;
            }
            let times = if self.busy {
                REST_PER_WORK.1
            } else {
                REST_PER_WORK.0
            };
            self.rest(REST.max(worked * times)).await;
        }
        Ok(())
    }

    /// Does a little of everything that waits; says whether there is more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn step(&mut self) -> Result<bool, StoreError> {
        let folded = fold::fold(&self.pool).await?;
        self.busy = folded >= MUCH;
        let began = Instant::now();
        let Step { lots, .. } = documents::refresh(&self.pool, self.lots).await?;
        let more = folded == fold::STEP || lots == self.lots;
        if lots == self.lots && began.elapsed() < STEP_TIME / 2 {
            self.lots = (self.lots * 2).min(MOST_LOTS);
        } else if began.elapsed() > STEP_TIME {
            self.lots = (self.lots / 2).max(1);
        }
        self.taken = (self.taken.0 + folded, self.taken.1 + lots);
        self.clean().await?;
        Ok(more)
    }

    /// Frees the room of the rows that were taken, so that nobody has to read over it.
    async fn clean(&mut self) -> Result<(), StoreError> {
        // no cutting off at the end: that takes a lock which those who write would wait for
        if self.taken.0 >= CLEAN_AFTER {
            sqlx::query("VACUUM (SKIP_LOCKED, TRUNCATE false) entity.submission_deltas, entity.submission_values")
                .execute(&self.pool)
                .await?;
            self.taken.0 = 0;
        }
        if self.taken.1 >= CLEAN_AFTER {
            sqlx::query("VACUUM (SKIP_LOCKED, TRUNCATE false) entity.submission_search_pending")
                .execute(&self.pool)
                .await?;
            self.taken.1 = 0;
        }
        Ok(())
    }

    async fn tell(&self) -> Result<(), StoreError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM entity.submission_deltas) AS "deltas!",
                   coalesce(sum(cardinality(ids)), 0)::bigint AS "submissions!",
                   coalesce(extract(epoch FROM now() - min(at)), 0)::float8 AS "age!"
               FROM entity.submission_search_pending"#
        )
        .fetch_one(&self.pool)
        .await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        {
            metrics::gauge!("keylight_count_deltas").set(row.deltas as f64);
            metrics::gauge!("keylight_search_pending_submissions").set(row.submissions as f64);
        }
        metrics::gauge!("keylight_search_pending_oldest_seconds").set(row.age.max(0.0));
        Ok(())
    }

    async fn wait_for_bell(&self) {
        tokio::select! {
            () = self.bell.notified() => {}
            () = tokio::time::sleep(COME_BY) => {}
            () = self.stopping.cancelled() => {}
        }
    }

    async fn rest(&self, how_long: Duration) {
        // an end of the wait before the time is the wish to stop, which the loop sees
        let _ = tokio::time::timeout(how_long, self.stopping.cancelled()).await;
    }
}
