//! The account that somebody set up by hand, its token sealed.

use chrono::{DateTime, Utc};
use keylight_store::{
    StoreError,
    sealed::{Keyring, Place},
};
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool};
use url::Url;

/// The column of the token, for keys and tallies.
pub const TOKEN: &str = "sync.account.token";

/// Where the token is sealed.
#[must_use]
pub fn token_place() -> Place<'static> {
    Place::new(TOKEN, "clickup")
}

/// What is kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The credential.
    pub token: SecretString,
    /// The workspace.
    pub team_id: String,
    /// The list of applications.
    pub list_id: String,
    /// Where ClickUp finds the webhook gateway, if it is not as the settings say.
    pub webhook_url: Option<Url>,
}

/// The stored account, if there is one.
///
/// # Errors
/// When the database fails or the token does not open.
pub async fn load(pool: &PgPool, keyring: &Keyring) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query!("SELECT sealed_token, team_id, list_id, webhook_url FROM sync.account")
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Stored {
        token: keyring.open(token_place(), &row.sealed_token)?,
        team_id: row.team_id,
        list_id: row.list_id,
        webhook_url: row.webhook_url.and_then(|url| Url::parse(&url).ok()),
    }))
}

/// Stores an account in the place of an earlier one.
///
/// # Errors
/// When the database fails.
pub async fn store(
    connection: &mut PgConnection,
    keyring: &Keyring,
    account: &Stored,
    now: DateTime<Utc>,
    actor: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sync.account (sealed_token, team_id, list_id, webhook_url, at, actor) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (only_one) DO UPDATE SET sealed_token = $1, team_id = $2, list_id = $3, webhook_url = $4, at = $5, actor = $6",
        keyring.seal(token_place(), &account.token),
        account.team_id,
        account.list_id,
        account.webhook_url.as_ref().map(Url::as_str),
        now,
        actor,
    )
    .execute(connection)
    .await?;
    Ok(())
}
