//! Submissions that wait for ClickUp: asked regularly, so that a lost wake-up message does no harm.

use chrono::{DateTime, Utc};
use keylight_store::StoreError;
use sqlx::PgPool;

/// Most ids in one answer.
pub const MAX_IDS: i64 = 1000;

/// Ids above `after_id`, in order, of submissions that wait since before `changed_before`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    pool: &PgPool,
    changed_before: DateTime<Utc>,
    after_id: i64,
    limit: i32,
) -> Result<Vec<i64>, StoreError> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM entity.submissions
         WHERE sync_state = 'pending' AND deleted_at IS NULL AND id > $2 AND (updated_at IS NULL OR updated_at < $1)
         ORDER BY id LIMIT $3",
        changed_before,
        after_id,
        i64::from(limit).clamp(1, MAX_IDS),
    )
    .fetch_all(pool)
    .await?;
    Ok(ids)
}
