//! Lists that the sweep leaves out because they are paused, and from when on each has to be read afterwards. The others are
//! swept on, so the position of the chore says nothing about these.

use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::collections::HashMap;

/// All of them: from when on each is read, epoch milliseconds.
pub async fn read(pool: &PgPool) -> Result<HashMap<String, i64>, StoreError> {
    let rows = sqlx::query!("SELECT list_id, from_ms FROM sync.sweep_held")
        .fetch_all(pool)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.list_id, row.from_ms))
        .collect())
}

/// Notes that a list is left out. What was noted before stays.
pub async fn hold(pool: &PgPool, list: &str, from_ms: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sync.sweep_held (list_id, from_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        list,
        from_ms
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that a list was read to its end again, or is none of ours any more.
pub async fn release(pool: &PgPool, list: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM sync.sweep_held WHERE list_id = $1", list)
        .execute(pool)
        .await?;
    Ok(())
}
