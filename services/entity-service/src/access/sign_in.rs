//! A password for a session, and the end of a session.

use super::{
    Access,
    identify::Identity,
    secrets,
    throttle::{self, Counted},
    wanted,
};
use crate::journal::{Cause, Change, Record, note};
use chrono::{DateTime, Utc};
use keylight_domain::{
    access::{Role, session_end},
    error::{DomainError, ErrorCode},
};
use keylight_store::StoreError;
use serde_json::{Value, json};
use uuid::Uuid;

/// What somebody typed.
pub struct Attempt<'a> {
    /// The name.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
    /// The client's address; empty when it is not known.
    pub address: &'a str,
    /// What it follows from.
    pub cause: Cause,
}

/// A session that just began.
pub struct Begun {
    /// For the cookie.
    pub secret: String,
    /// Who it is for.
    pub identity: Identity,
}

/// Checks name and password. Everything that is wrong with them has the same words and takes the same time.
///
/// # Errors
/// `Unauthenticated`, or `RateLimited` with the seconds to wait.
pub async fn sign_in(access: &Access, attempt: Attempt<'_>) -> Result<Begun, DomainError> {
    let now = access.now();
    let counted = Counted::new(attempt.username, attempt.address);
    if let Err(error) = throttle::count(&access.pool, &counted, now).await {
        if error.code == ErrorCode::RateLimited {
            told("throttled");
        }
        return Err(error);
    }
    let username = wanted(attempt.username);
    let account = sqlx::query!(
        r#"SELECT id, full_name, role, password_hash, must_change_password, disabled_at IS NOT NULL AS "disabled!"
           FROM entity.staff WHERE username = $1"#,
        username,
    )
    .fetch_optional(&access.pool)
    .await
    .map_err(StoreError::from)?;
    let hash = account
        .as_ref()
        .map(|account| account.password_hash.as_str());
    let right = access.passwords.is(attempt.password, hash).await?;
    let Some(account) = account.filter(|account| right && !account.disabled) else {
        told("refused");
        refuse(access, &username, &attempt.cause, now).await?;
        return Err(wrong());
    };
    let fresh = secrets::session(access.random.as_ref())?;
    let actor = format!("staff:{username}");
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    throttle::forgive(&mut transaction, &counted).await?;
    // the account may have been disabled, or its password changed, while this one was checked
    let still = sqlx::query!(
        "UPDATE entity.staff SET last_sign_in_at = $3
         WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL",
        account.id,
        account.password_hash,
        now,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if still.rows_affected() != 1 {
        return Err(wrong());
    }
    sqlx::query!(
        "INSERT INTO entity.staff_sessions (digest, staff_id, created_at, used_at) VALUES ($1, $2, $3, $3)",
        fresh.digest,
        account.id,
        now,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at: now,
        actor: &actor,
        action: "signed_in",
        before: Value::Null,
        after: json!({}),
        why: None,
        cause: &attempt.cause,
    };
    let id = account.id.to_string();
    note(&mut transaction, Record::Other("staff", &id), &change).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    told("accepted");
    Ok(Begun {
        identity: Identity {
            actor,
            role: known_role(&account.role)?,
            scopes: Vec::new(),
            username,
            full_name: account.full_name,
            csrf_token: secrets::csrf_token(&fresh.text),
            id: account.id,
            expires_at: session_end(now, now),
            must_change_password: account.must_change_password,
        },
        secret: fresh.text,
    })
}

/// Ends a session; one that is over already ends well too.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(access: &Access, secret: &str) -> Result<(), DomainError> {
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let ended = sqlx::query!(
        "DELETE FROM entity.staff_sessions s USING entity.staff a
         WHERE s.digest = $1 AND a.id = s.staff_id RETURNING a.id, a.username",
        secrets::digest(secret),
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if let Some(ended) = ended {
        let cause = Cause {
            correlation_id: access.clock.new_id(),
            traceparent: None,
        };
        let change = Change {
            at: access.now(),
            actor: &format!("staff:{}", ended.username),
            action: "signed_out",
            before: Value::Null,
            after: json!({}),
            why: None,
            cause: &cause,
        };
        let id = ended.id.to_string();
        note(&mut transaction, Record::Other("staff", &id), &change).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// Writes a refused attempt down, for a known name and an unknown one alike. An unknown name is not kept: it may be a
/// password in the wrong field.
async fn refuse(
    access: &Access,
    username: &str,
    cause: &Cause,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let known = sqlx::query_scalar!("SELECT id FROM entity.staff WHERE username = $1", username)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::from)?
        .map(|id: Uuid| id.to_string());
    let change = Change {
        at: now,
        actor: "unknown",
        action: "sign_in_refused",
        before: Value::Null,
        after: json!({}),
        why: None,
        cause,
    };
    let record = Record::Other("staff", known.as_deref().unwrap_or("unknown"));
    note(&mut transaction, record, &change).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(())
}

fn told(outcome: &'static str) {
    metrics::counter!("keylight_sign_ins_total", "outcome" => outcome).increment(1);
}

fn wrong() -> DomainError {
    DomainError::new(ErrorCode::Unauthenticated, "Username or password is wrong")
}

/// A role as it is stored; the database lets no other in.
pub(super) fn known_role(name: &str) -> Result<Role, DomainError> {
    Role::parse(name).ok_or_else(|| DomainError::internal("stored role is unknown"))
}
