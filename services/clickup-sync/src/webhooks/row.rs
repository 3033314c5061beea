//! What is known of each webhook.

use super::{previous_of, secret_of};
use chrono::{DateTime, Utc};
use keylight_store::{StoreError, sealed::Keyring};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;

/// What a round of upkeep has to know.
pub struct Stored {
    /// ClickUp's id of it.
    pub webhook_id: Option<String>,
    /// Whether its secret is known.
    pub has_secret: bool,
}

/// A webhook as ClickUp shows it.
pub struct Seen<'a> {
    /// ClickUp's id of it.
    pub webhook_id: &'a str,
    /// Where it sends to.
    pub endpoint: &'a str,
    /// Its secret, when ClickUp shows it.
    pub secret: Option<&'a SecretString>,
    /// active, failing, suspended
    pub health: &'a str,
    /// Failed deliveries in a row.
    pub fail_count: i64,
    /// When it was looked at.
    pub checked_at: DateTime<Utc>,
}

/// What is stored under a name.
///
/// # Errors
/// When the database fails.
pub async fn stored(pool: &PgPool, name: &str) -> Result<Option<Stored>, StoreError> {
    let stored = sqlx::query_as!(
        Stored,
        r#"SELECT webhook_id, sealed_secret IS NOT NULL AS "has_secret!" FROM sync.webhooks WHERE name = $1"#,
        name,
    )
    .fetch_optional(pool)
    .await?;
    Ok(stored)
}

/// Stores what ClickUp shows. A secret that another one replaces is kept as the previous one.
///
/// # Errors
/// When the database fails, or the stored secret does not open.
pub async fn store(
    pool: &PgPool,
    keyring: &Keyring,
    name: &str,
    seen: &Seen<'_>,
) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let known = sqlx::query!(
        "SELECT webhook_id, sealed_secret, sealed_previous_secret FROM sync.webhooks WHERE name = $1 FOR UPDATE",
        name
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let (known_id, sealed, mut sealed_previous) = known.map_or((None, None, None), |row| {
        (
            row.webhook_id,
            row.sealed_secret,
            row.sealed_previous_secret,
        )
    });
    let sealed = match seen.secret {
        // the secret of another webhook is of no use to this one
        None => sealed.filter(|_| known_id.as_deref() == Some(seen.webhook_id)),
        Some(new) => {
            let old = sealed
                .as_deref()
                .map(|sealed| keyring.open(secret_of(name), sealed))
                .transpose()?;
            match old {
                Some(old) if old.expose_secret() == new.expose_secret() => sealed,
                old => {
                    if let Some(old) = old {
                        sealed_previous = Some(keyring.seal(previous_of(name), &old));
                    }
                    Some(keyring.seal(secret_of(name), new))
                }
            }
        }
    };
    sqlx::query!(
        "INSERT INTO sync.webhooks
             (name, webhook_id, endpoint, sealed_secret, sealed_previous_secret, health, fail_count, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) DO UPDATE SET webhook_id = $2, endpoint = $3, sealed_secret = $4, sealed_previous_secret = $5,
             health = $6, fail_count = $7, checked_at = $8",
        name,
        seen.webhook_id,
        seen.endpoint,
        sealed,
        sealed_previous,
        seen.health,
        seen.fail_count,
        seen.checked_at,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// A webhook's id and the secrets that may sign its bodies, newest first.
///
/// # Errors
/// When the database fails, or a secret does not open.
pub async fn secrets(
    pool: &PgPool,
    keyring: &Keyring,
    name: &str,
) -> Result<Option<(String, Vec<SecretString>)>, StoreError> {
    let row = sqlx::query!(
        "SELECT webhook_id, sealed_secret, sealed_previous_secret FROM sync.webhooks WHERE name = $1",
        name
    )
    .fetch_optional(pool)
    .await?;
    let Some((row, sealed)) = row.and_then(|mut row| {
        let sealed = row.sealed_secret.take()?;
        Some((row, sealed))
    }) else {
        return Ok(None);
    };
    let mut secrets = vec![keyring.open(secret_of(name), &sealed)?];
    if let Some(sealed) = &row.sealed_previous_secret {
        secrets.push(keyring.open(previous_of(name), sealed)?);
    }
    Ok(Some((row.webhook_id.unwrap_or_default(), secrets)))
}
