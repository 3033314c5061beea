//! Reasons to look at a link again.

use chrono::{DateTime, Utc};
use keylight_domain::sync::budget::Lane;
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// A reason to look at a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The submission.
    pub submission_id: i64,
    /// Whose turn it is.
    pub lane: Lane,
    /// When the reason came up.
    pub at: DateTime<Utc>,
    /// From the form to the task and back.
    pub correlation_id: String,
    /// The cause, for the trace.
    pub traceparent: Option<String>,
}

/// Makes the links of `wishes` due, in one statement; links that do not exist are made. A link under lease stays with its
/// worker, who sees the new generation at the end.
///
/// # Errors
/// When the database is away.
pub async fn wish(
    pool: &PgPool,
    now: DateTime<Utc>,
    mut wishes: Vec<Wish>,
) -> Result<(), StoreError> {
    // one row is touched once per statement, and always in the same order, so that two statements cannot lock each other out
    wishes.sort_by_key(|wish| (wish.submission_id, wish.lane, wish.at));
    wishes.dedup_by_key(|wish| wish.submission_id);
    if wishes.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = wishes.iter().map(|wish| wish.submission_id).collect();
    let lanes: Vec<i16> = wishes.iter().map(|wish| wish.lane.number()).collect();
    let times: Vec<DateTime<Utc>> = wishes.iter().map(|wish| wish.at).collect();
    let correlations: Vec<String> = wishes
        .iter()
        .map(|wish| wish.correlation_id.clone())
        .collect();
    let traces: Vec<Option<String>> = wishes.iter().map(|wish| wish.traceparent.clone()).collect();
    sqlx::query!(
        r#"INSERT INTO sync.links AS l (submission_id, lane, wanted_at, correlation_id, traceparent, due_at, created_at, updated_at)
           SELECT w.id, w.lane, w.at, w.correlation, w.trace, $6, $6, $6
             FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::text[], $5::text[])
                  AS w (id, lane, at, correlation, trace)
           ON CONFLICT (submission_id) DO UPDATE SET
               wanted_gen = l.wanted_gen + 1,
               wanted_at = CASE WHEN l.wanted_gen > l.done_gen THEN l.wanted_at ELSE EXCLUDED.wanted_at END,
               lane = CASE WHEN l.wanted_gen > l.done_gen THEN LEAST(l.lane, EXCLUDED.lane) ELSE EXCLUDED.lane END,
               due_at = CASE WHEN l.lease_until > $6 THEN l.due_at ELSE LEAST(l.due_at, $6) END,
               correlation_id = EXCLUDED.correlation_id,
               traceparent = EXCLUDED.traceparent"#,
        &ids,
        &lanes,
        &times,
        &correlations,
        &traces as &[Option<String>],
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Makes links due that have no reason to wait: their message was lost. Returns how many.
///
/// # Errors
/// When the database is away.
pub async fn wish_missing(
    pool: &PgPool,
    now: DateTime<Utc>,
    submissions: &[i64],
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        r#"INSERT INTO sync.links AS l (submission_id, lane, wanted_at, due_at, created_at, updated_at)
           SELECT id, $2, $3, $3, $3, $3 FROM unnest($1::bigint[]) AS w (id)
           ON CONFLICT (submission_id) DO UPDATE SET wanted_gen = l.wanted_gen + 1, wanted_at = $3, lane = $2, due_at = $3
             -- what was given up is known to be waiting
             WHERE l.due_at IS NULL AND l.progress <> 'unlinked' AND l.dead_at IS NULL"#,
        submissions,
        Lane::Bulk.number(),
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Makes the links due that wait only because ClickUp was away.
///
/// # Errors
/// When the database is away.
pub async fn wake_after_outage(pool: &PgPool, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let woken = sqlx::query!(
        r#"UPDATE sync.links SET due_at = $1
            WHERE due_at > $1 AND (lease_until IS NULL OR lease_until <= $1) AND error_class IN ('unreachable', 'retry')"#,
        now,
    )
    .execute(pool)
    .await?;
    Ok(woken.rows_affected())
}
