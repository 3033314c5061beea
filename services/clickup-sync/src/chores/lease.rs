//! Leases of chores.

use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::PgPool;
use uuid::Uuid;

/// A chore whose lease is ours.
pub(super) struct Held {
    pub(super) position: i64,
    pub(super) last_run_at: Option<DateTime<Utc>>,
}

/// Takes or renews the lease; `None` when another process has it.
pub(super) async fn hold(
    pool: &PgPool,
    name: &str,
    owner: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Held>, StoreError> {
    let held = sqlx::query_as!(
        Held,
        r#"INSERT INTO sync.chores AS c (name, lease_owner, lease_until) VALUES ($1, $2, $4)
           ON CONFLICT (name) DO UPDATE SET lease_owner = $2, lease_until = $4
             WHERE c.lease_owner = $2 OR c.lease_until IS NULL OR c.lease_until <= $3
           RETURNING position, last_run_at"#,
        name,
        owner,
        now,
        until,
    )
    .fetch_optional(pool)
    .await?;
    Ok(held)
}

/// Stores where to go on, and that a complete round began at `ran_at`.
pub(super) async fn store(
    pool: &PgPool,
    name: &str,
    owner: Uuid,
    position: i64,
    ran_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE sync.chores SET position = $3, last_run_at = COALESCE($4, last_run_at)
            WHERE name = $1 AND lease_owner = $2"#,
        name,
        owner,
        position,
        ran_at,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives the lease back.
pub(super) async fn let_go(pool: &PgPool, name: &str, owner: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync.chores SET lease_until = NULL WHERE name = $1 AND lease_owner = $2",
        name,
        owner
    )
    .execute(pool)
    .await?;
    Ok(())
}
