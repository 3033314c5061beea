//! Removes what counts no more: ended sessions, replaced secrets, forgotten attempts.

use super::Access;
use keylight_domain::access::{FORGOTTEN_AFTER, SESSION_IDLE, SESSION_LIFETIME};
use keylight_store::StoreError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often. Nothing depends on it: what is over is refused whether its row is there or not.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// Sweeps until the process stops.
///
/// # Errors
/// When a statement is refused; a database that is away is waited for.
pub async fn run(access: Access, stopping: CancellationToken) -> anyhow::Result<()> {
    loop {
        if tokio::time::timeout(EVERY, stopping.cancelled())
            .await
            .is_ok()
        {
            return Ok(());
        }
        match once(&access).await {
            Ok(()) => {}
            Err(error) if error.is_retryable() => {
                tracing::debug!(error = %error, "sweeping is put off");
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes what counts no more now.
///
/// # Errors
/// When the database fails.
pub async fn once(access: &Access) -> Result<(), StoreError> {
    let now = access.now();
    sqlx::query!(
        "DELETE FROM entity.staff_sessions WHERE used_at < $1 OR created_at < $2",
        now - SESSION_IDLE,
        now - SESSION_LIFETIME,
    )
    .execute(&access.pool)
    .await?;
    sqlx::query!(
        "DELETE FROM entity.api_token_secrets WHERE works_until < $1",
        now
    )
    .execute(&access.pool)
    .await?;
    sqlx::query!(
        "DELETE FROM entity.sign_in_attempts WHERE last_at < $1 AND (blocked_until IS NULL OR blocked_until < $2)",
        now - FORGOTTEN_AFTER,
        now,
    )
    .execute(&access.pool)
    .await?;
    Ok(())
}
