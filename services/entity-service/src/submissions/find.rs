//! What people look for: one, the newest.

use super::row::{COLUMNS, SubmissionRow, select_submissions};
use chrono::{DateTime, Utc};
use keylight_store::StoreError;
use sqlx::{AssertSqlSafe, PgPool};
use std::sync::LazyLock;

/// The submission with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn get(pool: &PgPool, id: i64) -> Result<Option<SubmissionRow>, StoreError> {
    Ok(select_submissions!(
        "WHERE s.id = $1 AND coalesce(s.deleted_at, 'infinity') = 'infinity'",
        id
    )
    .fetch_optional(pool)
    .await?)
}

/// Most submissions that are read by id with one statement.
pub const MOST_AT_ONCE: usize = 100;

/// The submissions with these ids, without those that are not there or were deleted.
///
/// # Errors
/// When the database fails.
pub async fn get_several(pool: &PgPool, ids: &[i64]) -> Result<Vec<SubmissionRow>, StoreError> {
    // Each by its key, whatever the tables looked like when the plan was made: so it can be kept, which halves the cost.
    static QUERY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM (SELECT DISTINCT unnest($1::bigint[]) AS id) i CROSS JOIN LATERAL (
                 SELECT * FROM entity.submissions o WHERE o.id = i.id LIMIT 1
             ) s
             WHERE coalesce(s.deleted_at, 'infinity') = 'infinity'"
        )
    });
    Ok(sqlx::query_as(AssertSqlSafe(QUERY.as_str()))
        .bind(ids)
        .fetch_all(pool)
        .await?)
}

/// The submission with this id, deleted or not.
///
/// # Errors
/// When the database fails.
pub async fn get_even_deleted(pool: &PgPool, id: i64) -> Result<Option<SubmissionRow>, StoreError> {
    Ok(select_submissions!("WHERE s.id = $1", id)
        .fetch_optional(pool)
        .await?)
}

/// Whether the submission came from the predecessor.
///
/// # Errors
/// When the database fails.
pub async fn is_legacy(pool: &PgPool, id: i64) -> Result<bool, StoreError> {
    let legacy = sqlx::query_scalar!("SELECT legacy FROM entity.submissions WHERE id = $1", id)
        .fetch_optional(pool)
        .await?;
    Ok(legacy.unwrap_or(false))
}

/// The newest `limit` of those that came in after `since`.
///
/// # Errors
/// When the database fails.
pub async fn recent(
    pool: &PgPool,
    since: DateTime<Utc>,
    limit: i32,
) -> Result<Vec<SubmissionRow>, StoreError> {
    let rows = select_submissions!(
        "WHERE s.deleted_at IS NULL AND s.created_at > $1 ORDER BY s.created_at DESC NULLS LAST, s.id DESC LIMIT $2",
        since,
        i64::from(limit),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}
