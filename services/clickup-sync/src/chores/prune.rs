//! Forgets what is kept for a while only.

use super::Chore;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

/// Hints for tasks that are not ours, or are not known as ours after this time, are of no use: the sweep has looked since.
const HINTS: TimeDelta = TimeDelta::hours(1);
/// The log of calls.
const CALLS: TimeDelta = TimeDelta::days(2);
/// The log of calls, however young.
const MOST_CALLS: i64 = 100_000;
/// Rows per statement.
const BITE: i64 = 5_000;

pub(super) struct Prune {
    pub(super) pool: PgPool,
}

impl Chore for Prune {
    const NAME: &'static str = "sync-prune";

    async fn round(&self, began_at: DateTime<Utc>, position: i64) -> anyhow::Result<(i64, bool)> {
        let hints = sqlx::query!(
            r#"DELETE FROM sync.hints WHERE delivery_id IN (
                   SELECT h.delivery_id FROM sync.hints h
                    WHERE h.received_at < $1
                      AND NOT EXISTS (SELECT 1 FROM sync.links l WHERE l.task_id = h.task_id AND l.due_at IS NOT NULL)
                    LIMIT $2)"#,
            began_at - HINTS,
            BITE,
        )
        .execute(&self.pool)
        .await?;
        let calls = sqlx::query!(
            r#"DELETE FROM sync.api_calls WHERE id IN (
                   SELECT id FROM sync.api_calls
                    WHERE at < $1 OR id <= (SELECT max(id) FROM sync.api_calls) - $2
                    ORDER BY id LIMIT $3)"#,
            began_at - CALLS,
            MOST_CALLS,
            BITE,
        )
        .execute(&self.pool)
        .await?;
        let full = [hints, calls]
            .iter()
            .any(|done| done.rows_affected() >= BITE.unsigned_abs());
        Ok((position, !full))
    }
}
