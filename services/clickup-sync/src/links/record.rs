//! What a worker stores about a link. Each statement only works while the lease is ours.

use super::row::{Claim, progress_name};
use chrono::{DateTime, Utc};
use keylight_domain::sync::{Base, decide::Progress};
use keylight_store::error::StoreError;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

/// Stores, before the call, that a task may be made from now on with the values of `sent`, and that the call may be under way
/// until `asked_until`. `false` when the lease is no longer ours: then the call must not be made.
///
/// # Errors
/// When the database is away.
pub async fn save_intent(
    pool: &PgPool,
    claim: &Claim,
    marker: &str,
    sent: &Base,
    now: DateTime<Utc>,
    asked_until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let saved = sqlx::query!(
        r#"UPDATE sync.links SET progress = 'uncertain', marker = $3, asked_at = $4, searched_at = NULL, updated_at = $5,
                  list_id = $6, mapping_version = $7, base = $8
            WHERE submission_id = $1 AND lease_owner = $2"#,
        claim.submission_id,
        claim.lease,
        marker,
        asked_until,
        now,
        claim.list_id,
        claim.mapping_version,
        Json(sent) as _,
    )
    .execute(pool)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// Stores, right after the call, which task was made. Hints that come from now on find the link.
///
/// # Errors
/// When the database is away.
pub async fn save_created(
    pool: &PgPool,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE sync.links SET progress = 'linked', task_id = $2, task_url = $3, base = $4, seen_ms = $5, touched_at = $6,
                  updated_at = $6, stale = $7
            WHERE submission_id = $1 AND (task_id IS NULL OR task_id = $2)"#,
        claim.submission_id,
        claim.task_id,
        claim.task_url,
        Json(&claim.base) as _,
        claim.seen_ms,
        now,
        claim.stale,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// How a worker leaves a link.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// When to look again; `None` = when there is a new reason.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether the reason that was claimed is served.
    pub served: bool,
    /// Class and text of the failure, if it was one.
    pub failure: Option<(&'static str, String)>,
    /// Fields that ClickUp has no place for.
    pub blocked: Vec<String>,
    /// Hints that were taken into account and settled.
    pub hints: Vec<Uuid>,
    /// Hints that were taken into account and have to be again: they stay, and are no new reason to look.
    pub kept_hints: Vec<Uuid>,
}

/// Gives the link back with everything that was learned. If a new reason came up meanwhile, it is due at once. `false` when
/// the lease was no longer ours; then nothing is stored.
///
/// # Errors
/// When the database is away; the lease then ends by time.
pub async fn finish(
    pool: &PgPool,
    claim: &Claim,
    ending: &Ending,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let (asked_at, searched_at) = match claim.progress {
        Progress::Uncertain {
            asked_at,
            searched_at,
        } => (Some(asked_at), searched_at),
        _ => (None, None),
    };
    let (error_class, error_text) = ending.failure.clone().unzip();
    let (reported_state, reported_version) = claim.reported.clone().unzip();
    let finished = sqlx::query!(
        r#"WITH used AS (DELETE FROM sync.hints WHERE delivery_id = ANY($19))
           UPDATE sync.links l SET
               progress = $3, task_id = $4, task_url = $5, marker = $6, asked_at = $7, searched_at = $8, base = $9,
               seen_ms = $10, touched_at = $11, stale = $12, state = $13,
               synced_at = CASE WHEN $15 AND $13 = 'synced' THEN $14 ELSE synced_at END,
               done_gen = CASE WHEN $15 THEN GREATEST(done_gen, $16) ELSE done_gen END,
               due_at = CASE
                   WHEN l.wanted_gen > $16 THEN $14
                   WHEN EXISTS (SELECT 1 FROM sync.hints h WHERE h.task_id = $4 AND h.delivery_id <> ALL($19)
                                                                 AND h.delivery_id <> ALL($25)) THEN $14
                   ELSE $17 END,
               lease_owner = NULL, lease_until = NULL, attempts = $18, blocked = $22,
               -- a try that was only put off leaves the last failure as it is
               error_class = CASE WHEN $15 OR $20::text IS NOT NULL THEN $20 ELSE error_class END,
               error_text = CASE WHEN $15 OR $20::text IS NOT NULL THEN $21 ELSE error_text END,
               failing_since = $26, dead_at = $27,
               reported_state = $23, reported_version = $24, updated_at = $14, list_id = $28, mapping_version = $29
            WHERE submission_id = $1 AND lease_owner = $2"#,
        claim.submission_id,
        claim.lease,
        progress_name(claim.progress),
        claim.task_id,
        claim.task_url,
        claim.marker,
        asked_at,
        searched_at,
        Json(&claim.base) as _,
        claim.seen_ms,
        claim.touched_at,
        claim.stale,
        claim.state,
        now,
        ending.served,
        claim.generation,
        ending.due_at,
        claim.attempts,
        &ending.hints,
        error_class,
        error_text,
        &ending.blocked,
        reported_state,
        reported_version,
        &ending.kept_hints,
        claim.failing_since,
        claim.dead_at,
        claim.list_id,
        claim.mapping_version,
    )
    .execute(pool)
    .await?;
    Ok(finished.rows_affected() == 1)
}

/// Notes that our own program fell over the link, and nothing else: what was in memory is not to be trusted. Tried again at
/// `due_at`, or given up when there is none. `false` when the lease was no longer ours.
///
/// # Errors
/// When the database is away; the lease then ends by time.
pub async fn note_defect(
    pool: &PgPool,
    claim: &Claim,
    due_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let noted = sqlx::query!(
        r#"UPDATE sync.links SET attempts = $3, error_class = 'defect', error_text = 'keylight fell over this record',
                  failing_since = $4, due_at = $5, dead_at = CASE WHEN $5::timestamptz IS NULL THEN $6::timestamptz END,
                  state = CASE WHEN $5::timestamptz IS NULL THEN 'failed' ELSE state END,
                  lease_owner = NULL, lease_until = NULL, updated_at = $6
            WHERE submission_id = $1 AND lease_owner = $2"#,
        claim.submission_id,
        claim.lease,
        claim.attempts,
        claim.failing_since,
        due_at,
        now,
    )
    .execute(pool)
    .await?;
    Ok(noted.rows_affected() == 1)
}
