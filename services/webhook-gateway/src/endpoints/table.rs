//! What was told last, for the time when nobody can be asked.

use super::{Endpoint, SECRETS};
use chrono::{DateTime, Utc};
use keylight_store::{
    StoreError,
    sealed::{Keyring, Place},
};
use sqlx::PgPool;

/// More names than anybody has webhooks.
const MOST: i64 = 1000;

pub(super) fn secrets_of(name: &str) -> Place<'_> {
    Place::new(SECRETS, name)
}

/// Every endpoint that was told.
///
/// # Errors
/// When the database does not answer, or a secret does not open.
pub async fn all(pool: &PgPool, keyring: &Keyring) -> Result<Vec<(String, Endpoint)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT name, webhook_id, sealed_secrets FROM webhook.endpoints ORDER BY name LIMIT $1",
        MOST
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let secrets = row
                .sealed_secrets
                .iter()
                .map(|sealed| keyring.open(secrets_of(&row.name), sealed))
                .collect::<Result<_, _>>()?;
            let endpoint = Endpoint {
                webhook_id: row.webhook_id,
                secrets,
            };
            Ok((row.name, endpoint))
        })
        .collect()
}

/// Keeps what was told.
///
/// # Errors
/// When the database does not answer.
pub async fn keep(
    pool: &PgPool,
    keyring: &Keyring,
    name: &str,
    endpoint: &Endpoint,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sealed: Vec<String> = endpoint
        .secrets
        .iter()
        .map(|secret| keyring.seal(secrets_of(name), secret))
        .collect();
    sqlx::query!(
        "INSERT INTO webhook.endpoints AS known (name, webhook_id, sealed_secrets, told_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE
         SET webhook_id = excluded.webhook_id, sealed_secrets = excluded.sealed_secrets, told_at = excluded.told_at",
        name,
        endpoint.webhook_id,
        &sealed,
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
