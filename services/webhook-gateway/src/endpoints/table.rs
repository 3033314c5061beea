//! What was told last, for the time when nobody can be asked.

use super::Endpoint;
use chrono::{DateTime, Utc};
use keylight_store::StoreError;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;

/// More names than anybody has webhooks.
const MOST: i64 = 1000;

/// Every endpoint that was told.
///
/// # Errors
/// When the database does not answer.
pub async fn all(pool: &PgPool) -> Result<Vec<(String, Endpoint)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT name, webhook_id, secrets FROM webhook.endpoints ORDER BY name LIMIT $1",
        MOST
    )
    .fetch_all(pool)
    .await?;
    let endpoint = |webhook_id, secrets: Vec<String>| Endpoint {
        webhook_id,
        secrets: secrets.into_iter().map(SecretString::from).collect(),
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.name, endpoint(row.webhook_id, row.secrets)))
        .collect())
}

/// Keeps what was told.
///
/// # Errors
/// When the database does not answer.
pub async fn keep(
    pool: &PgPool,
    name: &str,
    endpoint: &Endpoint,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let secrets: Vec<String> = endpoint
        .secrets
        .iter()
        .map(|secret| secret.expose_secret().to_owned())
        .collect();
    sqlx::query!(
        "INSERT INTO webhook.endpoints AS known (name, webhook_id, secrets, told_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE
         SET webhook_id = excluded.webhook_id, secrets = excluded.secrets, told_at = excluded.told_at",
        name,
        endpoint.webhook_id,
        &secrets,
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets a name.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(pool: &PgPool, name: &str) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM webhook.endpoints WHERE name = $1", name)
        .execute(pool)
        .await?;
    Ok(())
}
