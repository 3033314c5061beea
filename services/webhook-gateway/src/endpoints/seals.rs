//! Which keys the secrets are sealed under, and moving them to another.

use super::{SECRETS, table::secrets_of};
use crate::app::SCHEMA;
use keylight_domain::error::DomainError;
use keylight_rpc::seals::{KeepsSeals, Values};
use keylight_store::{
    StoreError,
    sealed::{Keyring, SealError, Tally},
};
use secrecy::SecretString;
use sqlx::PgPool;

/// The sealed secrets of this service.
#[derive(Clone)]
pub struct Seals {
    /// The database.
    pub pool: PgPool,
    /// The keys.
    pub keyring: Keyring,
}

impl Seals {
    /// At the start: seals what an earlier version left unsealed, and makes sure that everything opens.
    ///
    /// # Errors
    /// When the database fails, or a key is missing.
    pub async fn prepare(&self) -> Result<(), SealError> {
        self.seal_plaintext().await?;
        let rows = sqlx::query!("SELECT name, sealed_secrets FROM webhook.endpoints")
            .fetch_all(&self.pool)
            .await?;
        for row in rows {
            for sealed in &row.sealed_secrets {
                self.keyring.open(secrets_of(&row.name), sealed)?;
            }
        }
        self.tally().await?;
        Ok(())
    }

    /// Seals what stands there unsealed and empties where it stood, in one transaction.
    async fn seal_plaintext(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query!(
            "SELECT name, secrets FROM webhook.endpoints WHERE cardinality(secrets) > 0 FOR UPDATE"
        )
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            let sealed: Vec<String> = row
                .secrets
                .iter()
                .map(|secret| {
                    self.keyring
                        .seal(secrets_of(&row.name), &SecretString::from(secret.as_str()))
                })
                .collect();
            sqlx::query!(
                "UPDATE webhook.endpoints SET secrets = '{}', sealed_secrets = $2 WHERE name = $1",
                row.name,
                &sealed,
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        if rows.is_empty() {
            return Ok(());
        }
        tracing::info!(webhooks = rows.len(), "secrets of webhooks are sealed now");
        // the old rows would stay in the table's file until their place is needed
        if let Err(error) = sqlx::query("VACUUM (FULL) webhook.endpoints")
            .execute(&self.pool)
            .await
        {
            let error = StoreError::from(error);
            tracing::warn!(error = %error, "unsealed secrets may still be in the table's file: run VACUUM FULL webhook.endpoints");
        }
        Ok(())
    }

    /// Seals everything anew that is not under the first key, all or nothing; tells how many values.
    ///
    /// # Errors
    /// When the database fails or a value does not open.
    pub async fn reseal(&self) -> Result<i64, SealError> {
        self.seal_plaintext().await?;
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query!(
            "SELECT name, sealed_secrets FROM webhook.endpoints
              WHERE cardinality(sealed_secrets) > 0 ORDER BY name FOR UPDATE"
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut resealed = 0;
        for mut row in rows {
            let mut anew = 0;
            for sealed in &mut row.sealed_secrets {
                if let Some(moved) = self.keyring.reseal(secrets_of(&row.name), sealed)? {
                    *sealed = moved;
                    anew += 1;
                }
            }
            if anew == 0 {
                continue;
            }
            resealed += anew;
            sqlx::query!(
                "UPDATE webhook.endpoints SET sealed_secrets = $2 WHERE name = $1",
                row.name,
                &row.sealed_secrets,
            )
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(resealed)
    }

    /// How many values stand under which key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tally(&self) -> Result<Tally, StoreError> {
        let rows = sqlx::query!("SELECT secrets, sealed_secrets FROM webhook.endpoints")
            .fetch_all(&self.pool)
            .await?;
        let mut tally = Tally::default();
        for value in rows
            .iter()
            .flat_map(|row| row.secrets.iter().chain(&row.sealed_secrets))
        {
            tally.count(SECRETS, value);
        }
        tally.tell(SCHEMA, &self.keyring);
        Ok(tally)
    }
}

#[tonic::async_trait]
impl KeepsSeals for Seals {
    fn keys(&self) -> (String, Vec<String>) {
        let keys = self.keyring.ids().map(ToOwned::to_owned).collect();
        (self.keyring.first_id().to_owned(), keys)
    }

    async fn values(&self) -> Result<Vec<Values>, DomainError> {
        let tally = self.tally().await?;
        let values = tally.rows().map(|(place, key, count)| Values {
            place,
            key: key.to_owned(),
            count,
        });
        Ok(values.collect())
    }

    async fn reseal(&self) -> Result<i64, DomainError> {
        Ok(Seals::reseal(self).await?)
    }
}
