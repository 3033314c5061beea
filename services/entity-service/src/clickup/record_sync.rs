//! Where a submission stands in ClickUp. Nobody's picture of the submission itself changes, so neither version nor
//! `updated_at` does, and there is no event.

use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use sqlx::PgPool;

/// What the worker found out.
pub struct Report<'a> {
    /// The submission.
    pub submission_id: i64,
    /// The task, if it is known now.
    pub task_id: Option<&'a str>,
    /// Its address for people.
    pub url: Option<&'a str>,
    /// `pending`, `synced` or `failed`.
    pub state: &'a str,
    /// The version that ClickUp equals, with `synced`.
    pub synced_version: i64,
}

/// Notes it; says whether there is such a submission. `synced` holds only for the version that was synced: when ours
/// moved on meanwhile, it keeps waiting.
///
/// # Errors
/// `InvalidInput` for a state that does not exist.
pub async fn record(pool: &PgPool, report: &Report<'_>) -> Result<bool, DomainError> {
    if !matches!(report.state, "pending" | "synced" | "failed") {
        return Err(DomainError::invalid(
            "sync_state must be one of: pending, synced, failed",
        ));
    }
    let done = sqlx::query!(
        "UPDATE entity.submissions
         SET clickup_task_id = COALESCE($2, clickup_task_id), clickup_url = COALESCE($3, clickup_url),
             sync_state = CASE WHEN sync_state = 'off' OR $4 = 'synced' AND version <> $5 THEN sync_state ELSE $4 END,
             synced_version = CASE WHEN $4 = 'synced' THEN GREATEST(synced_version, LEAST($5, version)) ELSE synced_version END
         WHERE id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity'",
        report.submission_id,
        report.task_id,
        report.url,
        report.state,
        report.synced_version,
    )
    .execute(pool)
    .await
    .map_err(StoreError::from)?;
    Ok(done.rows_affected() == 1)
}
