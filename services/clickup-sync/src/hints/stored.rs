//! Hints that wait for a worker.

use keylight_contracts::events::HistoryItem;
use keylight_store::error::StoreError;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

/// A hint that waits.
#[derive(Debug, Clone)]
pub struct StoredHint {
    /// The delivery.
    pub delivery_id: Uuid,
    /// What changed.
    pub history: Vec<HistoryItem>,
}

/// More hints for one task than this are looked at in the next round.
const MOST: i64 = 200;

/// The hints that wait for a task.
///
/// # Errors
/// When the database is away.
pub async fn hints_for(pool: &PgPool, task_id: &str) -> Result<Vec<StoredHint>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT delivery_id, history AS "history: Json<Vec<HistoryItem>>" FROM sync.hints WHERE task_id = $1 LIMIT $2"#,
        task_id,
        MOST,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| StoredHint {
            delivery_id: row.delivery_id,
            history: row.history.0,
        })
        .collect())
}
