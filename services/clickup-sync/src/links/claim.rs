//! Taking due links under a lease.

use super::row::{Claim, progress_of};
use chrono::{DateTime, Utc};
use keylight_domain::sync::{Base, budget::Lane};
use keylight_store::error::StoreError;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

struct Row {
    submission_id: i64,
    wanted_gen: i64,
    done_gen: i64,
    wanted_at: DateTime<Utc>,
    progress: String,
    asked_at: Option<DateTime<Utc>>,
    searched_at: Option<DateTime<Utc>>,
    task_id: Option<String>,
    task_url: Option<String>,
    marker: Option<String>,
    base: Json<Base>,
    list_id: Option<String>,
    mapping_version: i64,
    seen_ms: Option<i64>,
    touched_at: Option<DateTime<Utc>>,
    swept_at: Option<DateTime<Utc>>,
    stale: bool,
    lane: i16,
    was_due_at: Option<DateTime<Utc>>,
    attempts: i32,
    error_class: Option<String>,
    failing_since: Option<DateTime<Utc>>,
    dead_at: Option<DateTime<Utc>>,
    state: String,
    reported_state: Option<String>,
    reported_version: Option<i64>,
    correlation_id: Option<String>,
    traceparent: Option<String>,
    created_at: DateTime<Utc>,
}

impl Row {
    fn into_claim(self, lease: Uuid, now: DateTime<Utc>) -> Claim {
        Claim {
            submission_id: self.submission_id,
            lease,
            generation: self.wanted_gen,
            wanted_at: (self.wanted_gen > self.done_gen).then_some(self.wanted_at),
            progress: progress_of(
                &self.progress,
                self.asked_at,
                self.searched_at,
                self.created_at,
            ),
            task_id: self.task_id,
            task_url: self.task_url,
            marker: self.marker,
            base: self.base.0,
            list_id: self.list_id,
            mapping_version: self.mapping_version,
            seen_ms: self.seen_ms,
            touched_at: self.touched_at,
            swept_at: self.swept_at,
            stale: self.stale,
            lane: Lane::of_number(self.lane),
            due_at: self.was_due_at.unwrap_or(now),
            attempts: self.attempts,
            error_class: self.error_class,
            failing_since: self.failing_since,
            dead_at: self.dead_at,
            state: self.state,
            reported: self.reported_state.zip(self.reported_version),
            correlation_id: self.correlation_id,
            traceparent: self.traceparent,
        }
    }
}

/// Takes up to `limit` due links for the time until `lease_until`, those of the first of `lanes` first, the oldest of a
/// lane first. Paused ones stay where they are; a link that names no list is in `list`, unless its task is still to be made:
/// then the mapping says where, and who makes it looks whether that list is paused.
///
/// # Errors
/// When the database is away.
pub async fn claim_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    lease: Uuid,
    lease_until: DateTime<Utc>,
    lanes: &[Lane],
    limit: i64,
    list: &str,
) -> Result<Vec<Claim>, StoreError> {
    let lanes: Vec<i16> = lanes.iter().map(|lane| lane.number()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"WITH picked AS (
               SELECT due.submission_id, due.due_at
                 FROM (SELECT u.lane, u.place FROM unnest($1::smallint[]) WITH ORDINALITY AS u (lane, place)
                        WHERE NOT EXISTS (SELECT 1 FROM sync.pauses WHERE scope = 'all')) AS lanes
                CROSS JOIN LATERAL (
                      SELECT c.submission_id, c.due_at FROM sync.links c
                       WHERE c.lane = lanes.lane AND c.due_at <= $2
                         AND NOT EXISTS (SELECT 1 FROM sync.pauses p
                              WHERE (p.scope = 'list' AND p.key = COALESCE(c.list_id, CASE WHEN c.progress <> 'unborn' THEN $6 END))
                                 OR (p.scope = 'record' AND p.key = c.submission_id::text))
                       ORDER BY c.due_at LIMIT $3 FOR UPDATE SKIP LOCKED
                ) AS due
                ORDER BY lanes.place LIMIT $3
           )
           UPDATE sync.links l SET lease_owner = $4, lease_until = $5, due_at = $5
             FROM picked WHERE l.submission_id = picked.submission_id
           RETURNING l.submission_id, wanted_gen, done_gen, wanted_at, progress, asked_at, searched_at, task_id, task_url,
                     marker, base AS "base: Json<Base>", list_id, mapping_version, seen_ms, touched_at,
                     (SELECT last_run_at FROM sync.chores WHERE name = 'sweep' AND NOT EXISTS
                          (SELECT 1 FROM sync.sweep_held h WHERE h.list_id = COALESCE(l.list_id, h.list_id))
                     ) AS "swept_at: DateTime<Utc>",
                     stale, lane, picked.due_at AS was_due_at, attempts, error_class,
                     failing_since, dead_at, state, reported_state, reported_version,
                     correlation_id, traceparent, created_at"#,
        &lanes,
        now,
        limit,
        lease,
        lease_until,
        list,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.into_claim(lease, now))
        .collect())
}

/// Takes one link, due or not, unless somebody has it or it is paused.
///
/// # Errors
/// When the database is away.
pub async fn claim_one(
    pool: &PgPool,
    now: DateTime<Utc>,
    lease: Uuid,
    lease_until: DateTime<Utc>,
    submission_id: i64,
    list: &str,
) -> Result<Option<Claim>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"WITH picked AS (
               SELECT submission_id, due_at FROM sync.links
                WHERE submission_id = $1 AND (lease_until IS NULL OR lease_until <= $2)
                  AND NOT EXISTS (SELECT 1 FROM sync.pauses p
                       WHERE p.scope = 'all' OR (p.scope = 'list' AND p.key = COALESCE(list_id, CASE WHEN progress <> 'unborn' THEN $5 END))
                          OR (p.scope = 'record' AND p.key = submission_id::text))
                  FOR UPDATE SKIP LOCKED
           )
           UPDATE sync.links l SET lease_owner = $3, lease_until = $4, due_at = $4
             FROM picked WHERE l.submission_id = picked.submission_id
           RETURNING l.submission_id, wanted_gen, done_gen, wanted_at, progress, asked_at, searched_at, task_id, task_url,
                     marker, base AS "base: Json<Base>", list_id, mapping_version, seen_ms, touched_at,
                     (SELECT last_run_at FROM sync.chores WHERE name = 'sweep' AND NOT EXISTS
                          (SELECT 1 FROM sync.sweep_held h WHERE h.list_id = COALESCE(l.list_id, h.list_id))
                     ) AS "swept_at: DateTime<Utc>",
                     stale, lane, picked.due_at AS was_due_at, attempts, error_class,
                     failing_since, dead_at, state, reported_state, reported_version,
                     correlation_id, traceparent, created_at"#,
        submission_id,
        now,
        lease,
        lease_until,
        list,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| row.into_claim(lease, now)))
}

/// Links as a claim would have them, in the order of their ids, without taking them.
///
/// # Errors
/// When the database is away.
pub async fn peek(pool: &PgPool, submissions: &[i64]) -> Result<Vec<Claim>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT submission_id, wanted_gen, done_gen, wanted_at, progress, asked_at, searched_at, task_id, task_url,
                  marker, base AS "base: Json<Base>", list_id, mapping_version, seen_ms, touched_at,
                  (SELECT last_run_at FROM sync.chores WHERE name = 'sweep' AND NOT EXISTS
                          (SELECT 1 FROM sync.sweep_held h WHERE h.list_id = COALESCE(links.list_id, h.list_id))
                     ) AS "swept_at: DateTime<Utc>",
                  stale, lane, due_at AS was_due_at, attempts, error_class, failing_since, dead_at, state,
                  reported_state, reported_version, correlation_id, traceparent, created_at
             FROM sync.links WHERE submission_id = ANY($1) ORDER BY submission_id"#,
        submissions,
    )
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| {
            let created_at = row.created_at;
            row.into_claim(Uuid::nil(), created_at)
        })
        .collect())
}

/// Renews the leases of links that are being worked on.
///
/// # Errors
/// When the database is away; the leases then end by time.
pub async fn renew(
    pool: &PgPool,
    leases: &[Uuid],
    lease_until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync.links SET lease_until = $2, due_at = $2 WHERE lease_owner = ANY($1) AND due_at IS NOT NULL",
        leases,
        lease_until,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends all leases. Only for a process that is alone with its database: leases that it finds at its start are those of a
/// process that is dead.
///
/// # Errors
/// When the database is away.
pub async fn end_all_leases(pool: &PgPool, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE sync.links SET lease_owner = NULL, lease_until = NULL, due_at = $1,
                  -- its calls ended with it
                  asked_at = LEAST(asked_at, $1)
            WHERE lease_until IS NOT NULL"#,
        now
    )
    .execute(pool)
    .await?;
    sqlx::query!("UPDATE sync.chores SET lease_until = NULL")
        .execute(pool)
        .await?;
    Ok(())
}
