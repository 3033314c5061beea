//! Who did what to the synchronisation, when and why.

use super::Doer;
use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::{PgConnection, PgPool};

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Grows with time.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// pause, resume, replay, connect, disconnect
    pub action: String,
    /// To what.
    pub target: String,
    /// How many records it touched.
    pub records: i64,
    /// Why.
    pub reason: String,
    /// What followed from it carries the same.
    pub correlation_id: String,
}

/// Writes an entry, in the transaction of what it tells of.
///
/// # Errors
/// When the database fails.
pub async fn write(
    connection: &mut PgConnection,
    at: DateTime<Utc>,
    doer: &Doer,
    action: &str,
    target: &str,
    records: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sync.operations (at, actor, action, target, records, reason, correlation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        at,
        doer.actor,
        action,
        target,
        records,
        doer.reason,
        doer.correlation_id,
    )
    .execute(connection)
    .await?;
    tracing::info!(
        actor = doer.actor,
        action,
        target,
        records,
        "synchronisation was changed by hand"
    );
    Ok(())
}

/// Entries older than `before`, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool, before: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let entries = sqlx::query_as!(
        Entry,
        "SELECT id, at, actor, action, target, records, reason, correlation_id FROM sync.operations
          WHERE id < $1 ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(entries)
}
