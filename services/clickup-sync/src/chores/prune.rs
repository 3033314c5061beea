//! Forgets what is kept for a while only.

use super::Chore;
use crate::config::CallLogKept;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

/// Hints for tasks that are not ours, or are not known as ours after this time, are of no use: the sweep has looked since.
const HINTS: TimeDelta = TimeDelta::hours(1);
/// Rows per statement.
const BITE: i64 = 5_000;

pub(super) struct Prune {
    pub(super) pool: PgPool,
    pub(super) calls: CallLogKept,
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
        let old_calls = sqlx::query!(
            r#"DELETE FROM sync.api_calls WHERE id IN (
                   SELECT id FROM sync.api_calls WHERE at < $1 ORDER BY at, id LIMIT $2)"#,
            began_at - self.calls.age,
            BITE,
        )
        .execute(&self.pool)
        .await?;
        // ids have gaps, so at most as many stay
        let surplus_calls = sqlx::query!(
            r#"DELETE FROM sync.api_calls WHERE id IN (
                   SELECT id FROM sync.api_calls WHERE id <= (SELECT max(id) FROM sync.api_calls) - $1 ORDER BY id LIMIT $2)"#,
            self.calls.rows,
            BITE,
        )
        .execute(&self.pool)
        .await?;
        let full = [hints, old_calls, surplus_calls]
            .iter()
            .any(|done| done.rows_affected() >= BITE.unsigned_abs());
        Ok((position, !full))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app;

    #[tokio::test]
    async fn the_log_is_kept_by_age_and_by_number() {
        let database = keylight_testkit::postgres::database(|pool: PgPool| async move {
            keylight_store::migrate::migrate(&pool, &app::MIGRATIONS, app::SCHEMA).await
        })
        .await;
        let now = Utc::now();
        // one a minute, the newest now
        sqlx::query(
            "INSERT INTO sync.api_calls (at, route, outcome, millis)
             SELECT $1 - n * interval '1 minute', 'GET /v2/user', 'ok', 1 FROM generate_series(7999, 0, -1) AS n",
        )
        .bind(now)
        .execute(&database.pool)
        .await
        .unwrap();
        let prune = |age, rows| Prune {
            pool: database.pool.clone(),
            calls: CallLogKept {
                age: TimeDelta::minutes(age),
                rows,
            },
        };
        let left = async || -> (i64, i64) {
            sqlx::query_as(
                "SELECT count(*), coalesce(extract(epoch FROM $1 - min(at))::bigint / 60, -1) FROM sync.api_calls",
            )
            .bind(now)
            .fetch_one(&database.pool)
            .await
            .unwrap()
        };
        // a bite at a time, and says that there is more
        assert!(!prune(1000, 100_000).round(now, 0).await.unwrap().1);
        assert_eq!(left().await, (3000, 2999));
        assert!(prune(1000, 100_000).round(now, 0).await.unwrap().1);
        assert_eq!(left().await, (1001, 1000));
        assert!(prune(1000, 300).round(now, 0).await.unwrap().1);
        assert_eq!(left().await, (300, 299));
        assert!(prune(1000, 300).round(now, 0).await.unwrap().1);
        assert_eq!(left().await, (300, 299));
    }
}
