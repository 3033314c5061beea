//! API tokens.

use super::{Access, secrets, staff::read_role, wanted};
use crate::{
    idempotency::{self, Begun},
    journal::{Caller, Change, Record, note},
};
use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::{
    access::{Scope, login_name, overlap, token_lifetime},
    error::{DomainError, ErrorCode},
};
use keylight_store::StoreError;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// A token as it is stored, without its secrets.
struct Row {
    id: Uuid,
    name: String,
    role: String,
    scopes: Vec<String>,
    created_by: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    /// Of the newest secret.
    hint: Option<String>,
}

impl From<Row> for v1::Token {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            role: row.role,
            scopes: row.scopes,
            created_at: Some(to_wire(row.created_at)),
            expires_at: Some(to_wire(row.expires_at)),
            last_used_at: row.last_used_at.map(to_wire),
            revoked_at: row.revoked_at.map(to_wire),
            created_by: row.created_by,
            hint: row.hint.unwrap_or_default(),
        }
    }
}

/// Tokens by name; the revoked ones only when asked for.
///
/// # Errors
/// When the database fails.
pub async fn list(access: &Access, include_revoked: bool) -> Result<Vec<v1::Token>, DomainError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT t.id, t.name, t.role, t.scopes, t.created_by, t.created_at, t.expires_at, t.last_used_at, t.revoked_at,
               (SELECT s.hint FROM entity.api_token_secrets s WHERE s.token_id = t.id
                ORDER BY s.works_until IS NOT NULL, s.created_at DESC LIMIT 1) AS hint
           FROM entity.api_tokens t WHERE $1 OR t.revoked_at IS NULL ORDER BY t.name LIMIT 1000"#,
        include_revoked,
    )
    .fetch_all(&access.pool)
    .await
    .map_err(StoreError::from)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Makes a token. A repeated request gets the same token again, but not its secret: that was told once and is not kept.
///
/// # Errors
/// `InvalidInput` for what cannot be, `AlreadyExists` for a name that was given before.
pub async fn create(
    access: &Access,
    request: v1::CreateTokenRequest,
) -> Result<v1::NewToken, DomainError> {
    let name = login_name("name", &request.name)?;
    let role = read_role(&request.role)?;
    let mut scopes = Vec::new();
    for scope in &request.scopes {
        let scope = Scope::parse(scope.trim())
            .map_err(|unknown| DomainError::invalid(unknown.to_string()))?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let scopes: Vec<String> = scopes.into_iter().map(|scope| scope.to_string()).collect();
    let lifetime = token_lifetime(request.days)?;
    let caller = Caller::read(request.caller, access.clock.as_ref());
    let fresh = secrets::token(access.random.as_ref())?;
    let now = access.now();
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let ticket = match idempotency::begin::<v1::NewToken>(&mut transaction, &caller, now).await? {
        Begun::Fresh(ticket) => ticket,
        Begun::Done(known) => return Ok(known),
    };
    // of a token that is made with a token, the account behind it
    let owner = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM entity.staff WHERE 'staff:' || username = $1
           UNION ALL
           SELECT owner FROM entity.api_tokens WHERE 'token:' || name = $1 AND owner IS NOT NULL"#,
        caller.actor,
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    let row = Row {
        id: access.clock.new_id(),
        name,
        role: role.as_str().to_owned(),
        scopes,
        created_by: caller.actor.clone(),
        created_at: now,
        expires_at: now + lifetime,
        last_used_at: None,
        revoked_at: None,
        hint: Some(secrets::hint(&fresh.text)),
    };
    let made = sqlx::query!(
        "INSERT INTO entity.api_tokens (id, name, role, scopes, created_by, owner, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING",
        row.id,
        row.name,
        row.role,
        &row.scopes,
        row.created_by,
        owner,
        row.created_at,
        row.expires_at,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if made.rows_affected() != 1 {
        return Err(DomainError::new(
            ErrorCode::AlreadyExists,
            "A token of this name exists or existed; take another name",
        ));
    }
    keep_secret(&mut transaction, row.id, &fresh, now).await?;
    let after = json!({
        "name": row.name, "role": row.role, "scopes": row.scopes, "expires_at": row.expires_at, "hint": row.hint,
    });
    write_down(
        &mut transaction,
        row.id,
        &caller,
        now,
        "created",
        Value::Null,
        after,
    )
    .await?;
    let made = v1::NewToken {
        token: Some(row.into()),
        secret: String::new(),
    };
    ticket.finish(&mut transaction, &made, None).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(v1::NewToken {
        secret: fresh.text,
        ..made
    })
}

/// Gives a token a second secret; the ones before work until the overlap ends. As with [`create`], a repeated request
/// is not told the secret again.
///
/// # Errors
/// `NotFound`, `Conflict` for a token that counts no more.
pub async fn rotate(
    access: &Access,
    request: v1::RotateTokenRequest,
) -> Result<v1::NewToken, DomainError> {
    let overlap = overlap(request.overlap_seconds)?;
    let caller = Caller::read(request.caller, access.clock.as_ref());
    let fresh = secrets::token(access.random.as_ref())?;
    let now = access.now();
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let ticket = match idempotency::begin::<v1::NewToken>(&mut transaction, &caller, now).await? {
        Begun::Fresh(ticket) => ticket,
        Begun::Done(known) => return Ok(known),
    };
    let mut row = lock(&mut transaction, &request.token).await?;
    if row.revoked_at.is_some() || row.expires_at <= now {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The token is revoked or has expired; make a new one",
        ));
    }
    // an earlier overlap that still runs is never made longer
    sqlx::query!(
        "UPDATE entity.api_token_secrets SET works_until = least(works_until, $2) WHERE token_id = $1",
        row.id,
        now + overlap,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    // two at the most work: the newest before this one, and this one
    sqlx::query!(
        "DELETE FROM entity.api_token_secrets
         WHERE token_id = $1 AND (works_until <= $2 OR digest NOT IN
             (SELECT digest FROM entity.api_token_secrets WHERE token_id = $1 ORDER BY created_at DESC LIMIT 1))",
        row.id,
        now,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    keep_secret(&mut transaction, row.id, &fresh, now).await?;
    let hint = secrets::hint(&fresh.text);
    let before = json!({ "hint": row.hint });
    let after = json!({ "hint": hint, "earlier_secret_works_until": now + overlap });
    write_down(
        &mut transaction,
        row.id,
        &caller,
        now,
        "rotated",
        before,
        after,
    )
    .await?;
    row.hint = Some(hint);
    let made = v1::NewToken {
        token: Some(row.into()),
        secret: String::new(),
    };
    ticket.finish(&mut transaction, &made, None).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(v1::NewToken {
        secret: fresh.text,
        ..made
    })
}

/// Ends a token; one that is revoked already stays as it is.
///
/// # Errors
/// `NotFound`.
pub async fn revoke(
    access: &Access,
    request: v1::RevokeTokenRequest,
) -> Result<v1::Token, DomainError> {
    let caller = Caller::read(request.caller, access.clock.as_ref());
    let now = access.now();
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let mut row = lock(&mut transaction, &request.token).await?;
    if row.revoked_at.is_none() {
        sqlx::query!(
            "UPDATE entity.api_tokens SET revoked_at = $2 WHERE id = $1",
            row.id,
            now,
        )
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        row.revoked_at = Some(now);
        let (before, after) = (json!({"revoked": false}), json!({"revoked": true}));
        write_down(
            &mut transaction,
            row.id,
            &caller,
            now,
            "revoked",
            before,
            after,
        )
        .await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(row.into())
}

/// Ends the tokens that an account has made.
pub(super) async fn revoke_all_of(
    connection: &mut PgConnection,
    owner: Uuid,
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<(), DomainError> {
    let revoked = sqlx::query_scalar!(
        "UPDATE entity.api_tokens SET revoked_at = $2 WHERE owner = $1 AND revoked_at IS NULL RETURNING id",
        owner,
        now,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    for id in revoked {
        let (before, after) = (json!({"revoked": false}), json!({"revoked": true}));
        write_down(connection, id, caller, now, "revoked", before, after).await?;
    }
    Ok(())
}

async fn keep_secret(
    connection: &mut PgConnection,
    token: Uuid,
    fresh: &secrets::Fresh,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO entity.api_token_secrets (digest, token_id, hint, created_at) VALUES ($1, $2, $3, $4)",
        fresh.digest,
        token,
        secrets::hint(&fresh.text),
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The token of this id or name, locked.
async fn lock(connection: &mut PgConnection, token: &str) -> Result<Row, DomainError> {
    sqlx::query_as!(
        Row,
        r#"SELECT t.id, t.name, t.role, t.scopes, t.created_by, t.created_at, t.expires_at, t.last_used_at, t.revoked_at,
               (SELECT s.hint FROM entity.api_token_secrets s WHERE s.token_id = t.id
                ORDER BY s.works_until IS NOT NULL, s.created_at DESC LIMIT 1) AS hint
           FROM entity.api_tokens t WHERE t.id = $1 OR t.name = $2 FOR UPDATE"#,
        Uuid::try_parse(token).ok(),
        wanted(token),
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(|| DomainError::not_found("There is no such token"))
}

async fn write_down(
    connection: &mut PgConnection,
    token: Uuid,
    caller: &Caller,
    at: DateTime<Utc>,
    action: &str,
    before: Value,
    after: Value,
) -> Result<(), StoreError> {
    let change = Change {
        at,
        actor: &caller.actor,
        action,
        before,
        after,
        why: caller.why.as_deref(),
        cause: &caller.cause,
    };
    note(
        connection,
        Record::Other("token", &token.to_string()),
        &change,
    )
    .await
}
