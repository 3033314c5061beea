//! The task behind counts, search and suggestions: folds what statements appended, and brings documents up to date.
//!
//! It is rung after a change and comes by regularly, because others change rows too. It never needs more than one
//! connection, holds it for a few hundredths of a second at a time, and rests longer than it works while people apply, so
//! that they do not notice it: readers are exact without it, only slower the more is waiting.

mod lots;
mod waiting;

pub use lots::Step;

use crate::{
    people::indexer,
    projects::search_index,
    submissions::{counts::fold, search::documents},
};
use keylight_store::StoreError;
use lots::Lots;
use sqlx::PgPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Longest wait for a ring.
const COME_BY: Duration = Duration::from_secs(5);
/// After a ring, changes gather for this long.
const REST: Duration = Duration::from_millis(100);
/// It rests so many times as long as it has worked when little is written.
const REST_PER_WORK: u32 = 1;
/// And so many times when much is: then those who write come first, and searches look at what is waiting themselves.
const REST_WHEN_BUSY: u32 = 12;
/// And so many times when so much is waiting that searches would suffer, whoever writes.
const REST_WHEN_BEHIND: u32 = 1;
/// So many rows in one step are much.
const MUCH: i64 = 50;
/// So many rows that wait make a search slower than it should be: looking at one takes some microseconds.
const BEHIND: i64 = 30_000;
/// So many rows leave enough behind to be worth cleaning up at once; the embedded database has nobody else for it.
const CLEAN_AFTER: i64 = 2_000;

/// The task.
pub struct Upkeep {
    pool: PgPool,
    bell: Arc<Notify>,
    stopping: CancellationToken,
    documents: Lots,
    people: Lots,
    projects: Lots,
    /// Rows of deltas taken since their tables were cleaned up.
    folded: i64,
    /// How many times as long as it has worked it rests.
    rest_per_work: u32,
    /// Rows that were waiting when it last looked.
    waiting: i64,
}

impl Upkeep {
    /// A task that listens to `bell`.
    #[must_use]
    pub fn new(pool: PgPool, bell: Arc<Notify>, stopping: CancellationToken) -> Self {
        Self {
            pool,
            bell,
            stopping,
            documents: Lots::default(),
            people: Lots::default(),
            projects: Lots::default(),
            folded: 0,
            rest_per_work: REST_PER_WORK,
            waiting: 0,
        }
    }

    /// Works until the process stops.
    ///
    /// # Errors
    /// When the database fails; the supervisor begins anew.
    pub async fn run(mut self) -> anyhow::Result<()> {
        documents::ensure_index(&self.pool).await?;
        let mut told: Option<Instant> = None;
        while !self.stopping.is_cancelled() {
            if told.is_none_or(|at| at.elapsed() >= COME_BY) {
                self.waiting = waiting::tell(&self.pool).await?;
                told = Some(Instant::now());
            }
            let began = Instant::now();
            let more = self.step().await?;
            let worked = began.elapsed();
            if !more {
                self.wait_for_bell().await;
                self.rest(REST).await;
            }
            self.rest(worked * self.rest_per_work).await;
        }
        Ok(())
    }

    /// Does a little of everything that waits; says whether there is more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn step(&mut self) -> Result<bool, StoreError> {
        let folded = fold::fold(&self.pool).await?;
        self.folded += folded;
        self.rest_per_work = if self.waiting > BEHIND {
            REST_WHEN_BEHIND
        } else if folded >= MUCH {
            REST_WHEN_BUSY
        } else {
            REST_PER_WORK
        };
        let mut more = folded == fold::STEP;
        let (pool, began) = (&self.pool, Instant::now());
        let step = documents::refresh(pool, self.documents.wanted()).await?;
        more |= self.documents.done(step, began.elapsed());
        let began = Instant::now();
        let step = search_index::take_in(pool, self.projects.wanted()).await?;
        more |= self.projects.done(step, began.elapsed());
        let began = Instant::now();
        let step = indexer::index_pending(pool, self.people.wanted()).await?;
        more |= self.people.done(step, began.elapsed());
        self.clean().await?;
        Ok(more)
    }

    /// Frees the room of the rows that were taken, so that nobody has to read over it.
    async fn clean(&mut self) -> Result<(), StoreError> {
        // no cutting off at the end: that takes a lock which those who write would wait for
        if self.folded >= CLEAN_AFTER {
            sqlx::query("VACUUM (SKIP_LOCKED, TRUNCATE false) entity.submission_deltas, entity.submission_values")
                .execute(&self.pool)
                .await?;
            self.folded = 0;
        }
        for (lots, statement) in [
            (
                &mut self.documents,
                "VACUUM (SKIP_LOCKED, TRUNCATE false) entity.submission_search_pending",
            ),
            (
                &mut self.people,
                "VACUUM (SKIP_LOCKED, TRUNCATE false) entity.people_pending",
            ),
            (
                &mut self.projects,
                "VACUUM (SKIP_LOCKED, TRUNCATE false) entity.project_search_pending",
            ),
        ] {
            if lots.taken >= CLEAN_AFTER {
                sqlx::query(statement).execute(&self.pool).await?;
                lots.taken = 0;
            }
        }
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
