//! The first account. Without one nobody could sign in, so it is made when there is none at all: with the password of
//! the settings, or with one for a single use that is told to whoever sits at the terminal.

use super::{Access, secrets};
use crate::journal::{Cause, Change, Record, note};
use keylight_domain::{access::Role, error::DomainError};
use keylight_store::StoreError;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Name of the first account.
pub const USERNAME: &str = "admin";

/// Tells somebody the one-time password of the first account.
pub type Announce = Box<dyn FnOnce(SecretString) + Send>;

/// Where the first password comes from.
#[derive(Default)]
pub struct FirstPassword {
    /// The settings' choice.
    pub given: Option<SecretString>,
    /// How to tell a password that is made here; without it none is made, for nobody would ever know it.
    pub announce: Option<Announce>,
}

/// Makes the first account if there is none, trying again while the database is away.
///
/// # Errors
/// When something else is wrong.
pub async fn ensure(
    access: &Access,
    mut first: FirstPassword,
    stopping: &CancellationToken,
) -> Result<(), DomainError> {
    loop {
        match attempt(access, &mut first).await {
            Err(error) if error.code.is_retryable() => {}
            other => return other,
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
            () = stopping.cancelled() => return Ok(()),
        }
    }
}

async fn attempt(access: &Access, first: &mut FirstPassword) -> Result<(), DomainError> {
    let there = sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM entity.staff) AS "there!""#)
        .fetch_one(&access.pool)
        .await
        .map_err(StoreError::from)?;
    if there {
        return Ok(());
    }
    let one_time = first.given.is_none();
    let password = match &first.given {
        Some(given) => given.clone(),
        None if first.announce.is_some() => {
            SecretString::from(secrets::password(access.random.as_ref())?)
        }
        None => {
            tracing::warn!(
                "there is no staff account: set KEYLIGHT_ADMIN_PASSWORD, or make one with `keylight staff add`"
            );
            return Ok(());
        }
    };
    let hash = access.passwords.hash(password.expose_secret()).await?;
    if !insert(access, &hash, one_time).await? {
        return Ok(());
    }
    tracing::info!(one_time, "first staff account made");
    if one_time && let Some(announce) = first.announce.take() {
        announce(password);
    }
    Ok(())
}

/// Whether this process made it: others may start at the same time.
async fn insert(access: &Access, hash: &str, one_time: bool) -> Result<bool, DomainError> {
    let (id, now) = (access.clock.new_id(), access.now());
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let made = sqlx::query!(
        "INSERT INTO entity.staff
             (id, username, full_name, role, password_hash, must_change_password, created_at, updated_at)
         SELECT $1, $2, '', $3, $4, $5, $6, $6 WHERE NOT EXISTS (SELECT FROM entity.staff)
         ON CONFLICT (username) DO NOTHING",
        id,
        USERNAME,
        Role::Admin.as_str(),
        hash,
        one_time,
        now,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if made.rows_affected() != 1 {
        return Ok(false);
    }
    let cause = Cause {
        correlation_id: access.clock.new_id(),
        traceparent: None,
    };
    let change = Change {
        at: now,
        actor: "system",
        action: "created",
        before: Value::Null,
        after: json!({"username": USERNAME, "role": Role::Admin.as_str(), "must_change_password": one_time}),
        why: Some("first start"),
        cause: &cause,
    };
    note(
        &mut transaction,
        Record::Other("staff", &id.to_string()),
        &change,
    )
    .await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(true)
}
