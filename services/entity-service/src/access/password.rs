//! New passwords for accounts.

use super::{
    Access, secrets,
    staff::{self, end_sessions, write_down},
    throttle::{self, Counted},
    wanted,
};
use crate::{
    idempotency::{self, Begun},
    journal::Caller,
};
use keylight_contracts::v1;
use keylight_domain::{
    access::check_password,
    error::{DomainError, ErrorCode},
};
use keylight_store::StoreError;
use serde_json::{Value, json};
use uuid::Uuid;

/// Sets a password and ends every other session of the account. Whoever changes their own shows the current one.
///
/// # Errors
/// `InvalidInput` for a password that will not do or a wrong current one, `RateLimited` for too many wrong ones,
/// `NotFound`.
pub async fn set(
    access: &Access,
    request: v1::SetPasswordRequest,
) -> Result<v1::Staff, DomainError> {
    let caller = Caller::read(request.caller, access.clock.as_ref());
    let now = access.now();
    let known = sqlx::query!(
        "SELECT username, password_hash FROM entity.staff WHERE id = $1 OR username = $2",
        Uuid::try_parse(&request.staff).ok(),
        wanted(&request.staff),
    )
    .fetch_optional(&access.pool)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(|| DomainError::not_found("There is no such account"))?;
    check_password(&known.username, &request.password)?;
    let mut counted = None;
    if let Some(current) = &request.current_password {
        // whoever found an open session must not be able to try passwords either
        let attempt = Counted::new(&known.username, "");
        throttle::count(&access.pool, &attempt, now).await?;
        if !access
            .passwords
            .is(current, Some(&known.password_hash))
            .await?
        {
            return Err(DomainError::invalid("The current password is wrong"));
        }
        if *current == request.password {
            return Err(DomainError::invalid(
                "The new password must be another than the current one",
            ));
        }
        counted = Some(attempt);
    }
    let hash = access.passwords.hash(&request.password).await?;
    let keep = Some(request.keep_session.as_str())
        .filter(|secret| !secret.is_empty())
        .map(secrets::digest);
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let ticket = match idempotency::begin::<v1::Staff>(&mut transaction, &caller, now).await? {
        Begun::Fresh(ticket) => ticket,
        Begun::Done(staff) => return Ok(staff),
    };
    let mut account = staff::lock(&mut transaction, &known.username).await?;
    if let Some(attempt) = counted {
        throttle::forgive(&mut transaction, &attempt).await?;
    }
    account.version += 1;
    account.must_change_password = request.must_change_password;
    let set = sqlx::query!(
        "UPDATE entity.staff SET password_hash = $2, must_change_password = $3, version = $4, updated_at = $5
         WHERE id = $1 AND ($6::text IS NULL OR password_hash = $6)",
        account.id,
        hash,
        account.must_change_password,
        account.version,
        now,
        request.current_password.as_ref().map(|_| known.password_hash.as_str()),
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if set.rows_affected() != 1 {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The password was changed meanwhile; sign in with the new one",
        ));
    }
    let ended = end_sessions(&mut transaction, account.id, keep.as_deref()).await?;
    let after = json!({
        "must_change_password": account.must_change_password, "sessions_ended": ended,
    });
    write_down(
        &mut transaction,
        &account.id,
        &caller,
        now,
        "password_set",
        Value::Null,
        after,
    )
    .await?;
    let staff = v1::Staff::from(account);
    ticket.finish(&mut transaction, &staff, None).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(staff)
}
