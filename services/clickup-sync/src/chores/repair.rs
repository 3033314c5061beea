//! Finds submissions that wait for ClickUp although no link is due: their message was lost.

use super::Chore;
use crate::{
    entity::{Entity, Report},
    links,
    operations::failures,
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::Notify;

/// Submissions that changed later are on their ordinary way.
const PATIENCE: TimeDelta = TimeDelta::seconds(30);
const PAGE: i32 = 1000;
/// Pages per round: a long backlog is looked through over several rounds.
const PAGES: usize = 5;

/// The chore.
pub struct Repair {
    /// The database.
    pub pool: PgPool,
    /// The system of record.
    pub entity: Entity,
    /// Rung when links are due.
    pub wake: Arc<Notify>,
}

impl Repair {
    /// The system of record thinks that these wait; those that were given up it has not been told about.
    async fn tell_given_up(&self, waiting: &[i64]) -> anyhow::Result<()> {
        for submission_id in failures::dead_among(&self.pool, waiting).await? {
            let Some(submission) = self.entity.submission(submission_id).await? else {
                continue;
            };
            let report = Report {
                submission_id,
                task: None,
                state: "failed",
                version: submission.version,
            };
            self.entity.report(report).await?;
        }
        Ok(())
    }
}

impl Chore for Repair {
    const NAME: &'static str = "sync-repair";

    async fn round(&self, began_at: DateTime<Utc>, position: i64) -> anyhow::Result<(i64, bool)> {
        let mut after = position;
        for _ in 0..PAGES {
            let waiting = self
                .entity
                .unsynced(began_at - PATIENCE, after, PAGE)
                .await?;
            let woken = links::wish_missing(&self.pool, began_at, &waiting).await?;
            if woken > 0 {
                metrics::counter!("keylight_sync_repaired_total").increment(woken);
                tracing::info!(
                    count = woken,
                    "submissions without a message are synchronised"
                );
                self.wake.notify_one();
            }
            self.tell_given_up(&waiting).await?;
            match waiting.last() {
                Some(last) if waiting.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => {
                    after = *last
                }
                // the end: from the start next time
                _ => return Ok((0, true)),
            }
        }
        Ok((after, true))
    }
}
