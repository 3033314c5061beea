//! Where the canary is.

use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// A canary that a worker has taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// When it was sent.
    pub sent: DateTime<Utc>,
    /// When ClickUp last answered one.
    pub answered_at: Option<DateTime<Utc>>,
}

/// Where the newest one has come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    /// When the newest message was sent that a worker has finished.
    pub passed: Option<DateTime<Utc>>,
    /// When ClickUp last answered one.
    pub answered_at: Option<DateTime<Utc>>,
}

/// Notes one that came over the bus.
///
/// # Errors
/// When the database is away.
pub async fn received(pool: &PgPool, sent: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync.canary SET received = $1, waiting = true WHERE received IS NULL OR received < $1",
        sent
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes the one that waits, if there is one.
///
/// # Errors
/// When the database is away.
pub async fn take(pool: &PgPool) -> Result<Option<Taken>, StoreError> {
    let taken = sqlx::query!(
        r#"UPDATE sync.canary SET waiting = false WHERE waiting RETURNING received AS "sent!", answered_at"#
    )
    .fetch_optional(pool)
    .await?;
    Ok(taken.map(|row| Taken {
        sent: row.sent,
        answered_at: row.answered_at,
    }))
}

/// Notes that a worker has finished one.
///
/// # Errors
/// When the database is away.
pub async fn passed(
    pool: &PgPool,
    sent: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync.canary SET passed = GREATEST(passed, $1), passed_at = $2",
        sent,
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that ClickUp answered one.
///
/// # Errors
/// When the database is away.
pub async fn answered(pool: &PgPool, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync.canary SET answered_at = GREATEST(answered_at, $1)",
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Where it is.
///
/// # Errors
/// When the database is away.
pub async fn place(pool: &PgPool) -> Result<Place, StoreError> {
    let place = sqlx::query_as!(Place, "SELECT passed, answered_at FROM sync.canary")
        .fetch_optional(pool)
        .await?;
    Ok(place.unwrap_or_default())
}
