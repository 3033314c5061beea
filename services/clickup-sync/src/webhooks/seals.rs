//! Which keys the secrets are sealed under, and moving them to another.

use super::{PREVIOUS, SECRET, previous_of, secret_of};
use crate::{
    account::stored::{TOKEN, token_place},
    app::SCHEMA,
};
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
    /// When the database fails, or a key is missing: going on would mean to lose what is sealed under it.
    pub async fn prepare(&self) -> Result<(), SealError> {
        self.seal_plaintext().await?;
        let rows =
            sqlx::query!("SELECT name, sealed_secret, sealed_previous_secret FROM sync.webhooks")
                .fetch_all(&self.pool)
                .await?;
        for row in rows {
            if let Some(sealed) = &row.sealed_secret {
                self.keyring.open(secret_of(&row.name), sealed)?;
            }
            if let Some(sealed) = &row.sealed_previous_secret {
                self.keyring.open(previous_of(&row.name), sealed)?;
            }
        }
        let token = sqlx::query_scalar!("SELECT sealed_token FROM sync.account")
            .fetch_optional(&self.pool)
            .await?;
        if let Some(sealed) = token {
            self.keyring.open(token_place(), &sealed)?;
        }
        self.tally().await?;
        Ok(())
    }

    /// Seals what stands there unsealed and empties where it stood, in one transaction.
    async fn seal_plaintext(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query!(
            "SELECT name, secret, previous_secret FROM sync.webhooks
              WHERE secret IS NOT NULL OR previous_secret IS NOT NULL FOR UPDATE"
        )
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            let seal = |place, value: &Option<String>| {
                let value = SecretString::from(value.as_deref()?);
                Some(self.keyring.seal(place, &value))
            };
            sqlx::query!(
                "UPDATE sync.webhooks SET secret = NULL, previous_secret = NULL, sealed_secret = $2, sealed_previous_secret = $3
                  WHERE name = $1",
                row.name,
                seal(secret_of(&row.name), &row.secret),
                seal(previous_of(&row.name), &row.previous_secret),
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
        if let Err(error) = sqlx::query("VACUUM (FULL) sync.webhooks")
            .execute(&self.pool)
            .await
        {
            let error = StoreError::from(error);
            tracing::warn!(error = %error, "unsealed secrets may still be in the table's file: run VACUUM FULL sync.webhooks");
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
            "SELECT name, sealed_secret, sealed_previous_secret FROM sync.webhooks
              WHERE sealed_secret IS NOT NULL OR sealed_previous_secret IS NOT NULL ORDER BY name FOR UPDATE"
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut resealed = 0;
        for row in rows {
            let anew = |place, sealed: &Option<String>| match sealed {
                Some(sealed) => self.keyring.reseal(place, sealed),
                None => Ok(None),
            };
            let secret = anew(secret_of(&row.name), &row.sealed_secret)?;
            let previous = anew(previous_of(&row.name), &row.sealed_previous_secret)?;
            resealed += i64::from(secret.is_some()) + i64::from(previous.is_some());
            if secret.is_none() && previous.is_none() {
                continue;
            }
            sqlx::query!(
                "UPDATE sync.webhooks SET sealed_secret = COALESCE($2, sealed_secret),
                        sealed_previous_secret = COALESCE($3, sealed_previous_secret)
                  WHERE name = $1",
                row.name,
                secret,
                previous,
            )
            .execute(&mut *transaction)
            .await?;
        }
        let token = sqlx::query_scalar!("SELECT sealed_token FROM sync.account FOR UPDATE")
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(sealed) = token
            && let Some(anew) = self.keyring.reseal(token_place(), &sealed)?
        {
            resealed += 1;
            sqlx::query!("UPDATE sync.account SET sealed_token = $1", anew)
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
        let rows = sqlx::query!(
            "SELECT secret, previous_secret, sealed_secret, sealed_previous_secret FROM sync.webhooks"
        )
        .fetch_all(&self.pool)
        .await?;
        let mut tally = Tally::default();
        for row in &rows {
            for value in [&row.secret, &row.sealed_secret].into_iter().flatten() {
                tally.count(SECRET, value);
            }
            for value in [&row.previous_secret, &row.sealed_previous_secret]
                .into_iter()
                .flatten()
            {
                tally.count(PREVIOUS, value);
            }
        }
        let token = sqlx::query_scalar!("SELECT sealed_token FROM sync.account")
            .fetch_optional(&self.pool)
            .await?;
        if let Some(sealed) = &token {
            tally.count(TOKEN, sealed);
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
