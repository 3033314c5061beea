//! What people look for: one, the newest.

use super::row::{SubmissionRow, select_submissions};
use chrono::{DateTime, Utc};
use keylight_store::StoreError;
use sqlx::PgPool;

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

/// The submission with this id, deleted or not.
///
/// # Errors
/// When the database fails.
pub async fn get_even_deleted(pool: &PgPool, id: i64) -> Result<Option<SubmissionRow>, StoreError> {
    Ok(select_submissions!("WHERE s.id = $1", id)
        .fetch_optional(pool)
        .await?)
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
