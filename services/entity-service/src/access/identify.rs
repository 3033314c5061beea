//! Who holds a session or a token.

use super::{Access, secrets, sign_in::known_role};
use chrono::{DateTime, TimeDelta, Utc};
use keylight_domain::{
    access::{Role, SESSION_IDLE, SESSION_LIFETIME, session_end},
    error::{DomainError, ErrorCode},
};
use keylight_store::StoreError;
use uuid::Uuid;

/// The last use is written down at most this often.
const COARSE: TimeDelta = TimeDelta::minutes(1);

/// Whoever showed a credential that counts.
#[derive(Debug, Clone)]
pub struct Identity {
    /// As the audit log names them.
    pub actor: String,
    /// How much they may do.
    pub role: Role,
    /// Limits of a token; empty means none.
    pub scopes: Vec<String>,
    /// To sign in with; empty for a token.
    pub username: String,
    /// As people read it; of a token its name.
    pub full_name: String,
    /// For the forms of a session; empty for a token.
    pub csrf_token: String,
    /// Of the account or the token.
    pub id: Uuid,
    /// When it ends if it is not used again.
    pub expires_at: DateTime<Utc>,
    /// Only a new password may be set.
    pub must_change_password: bool,
}

fn nobody() -> DomainError {
    DomainError::new(
        ErrorCode::Unauthenticated,
        "The credential is not known or counts no more",
    )
}

/// Who holds this session.
///
/// # Errors
/// `Unauthenticated` when nobody does, or no more.
pub async fn session(access: &Access, secret: &str) -> Result<Identity, DomainError> {
    let now = access.now();
    let digest = secrets::digest(secret);
    let found = sqlx::query!(
        "SELECT a.id, a.username, a.full_name, a.role, a.must_change_password, s.created_at, s.used_at
         FROM entity.staff_sessions s JOIN entity.staff a ON a.id = s.staff_id
         WHERE s.digest = $1 AND s.created_at > $2 AND s.used_at > $3 AND a.disabled_at IS NULL",
        digest,
        now - SESSION_LIFETIME,
        now - SESSION_IDLE,
    )
    .fetch_optional(&access.pool)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(nobody)?;
    if now - found.used_at > COARSE {
        sqlx::query!(
            "UPDATE entity.staff_sessions SET used_at = $2 WHERE digest = $1 AND used_at < $2",
            digest,
            now,
        )
        .execute(&access.pool)
        .await
        .map_err(StoreError::from)?;
    }
    Ok(Identity {
        actor: format!("staff:{}", found.username),
        role: known_role(&found.role)?,
        scopes: Vec::new(),
        username: found.username,
        full_name: found.full_name,
        csrf_token: secrets::csrf_token(secret),
        id: found.id,
        expires_at: session_end(found.created_at, now),
        must_change_password: found.must_change_password,
    })
}

/// Who holds this token. It never may more than the account that made it.
///
/// # Errors
/// `Unauthenticated` when nobody does, or no more.
pub async fn token(access: &Access, secret: &str) -> Result<Identity, DomainError> {
    let now = access.now();
    let found = sqlx::query!(
        r#"SELECT t.id, t.name, t.role, t.scopes, t.expires_at, t.last_used_at, a.role AS "owner_role?"
           FROM entity.api_token_secrets s
           JOIN entity.api_tokens t ON t.id = s.token_id
           LEFT JOIN entity.staff a ON a.id = t.owner
           WHERE s.digest = $1 AND (s.works_until IS NULL OR s.works_until > $2) AND t.revoked_at IS NULL
             AND t.expires_at > $2 AND a.disabled_at IS NULL"#,
        secrets::digest(secret),
        now,
    )
    .fetch_optional(&access.pool)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(nobody)?;
    if found.last_used_at.is_none_or(|last| now - last > COARSE) {
        sqlx::query!(
            "UPDATE entity.api_tokens SET last_used_at = $2
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
            found.id,
            now,
        )
        .execute(&access.pool)
        .await
        .map_err(StoreError::from)?;
    }
    let role = known_role(&found.role)?;
    let role = match found.owner_role {
        Some(owner) => role.min(known_role(&owner)?),
        None => role,
    };
    Ok(Identity {
        actor: format!("token:{}", found.name),
        role,
        scopes: found.scopes,
        username: String::new(),
        full_name: found.name,
        csrf_token: String::new(),
        id: found.id,
        expires_at: found.expires_at,
        must_change_password: false,
    })
}
