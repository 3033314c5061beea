//! Staff accounts.

use super::{Access, tokens, wanted};
use crate::{
    idempotency::{self, Begun},
    journal::{Caller, Change, Record, note},
};
use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::{
    access::{Role, check_password, login_name, shown_name},
    error::{DomainError, ErrorCode},
};
use keylight_store::StoreError;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// An account as it is stored, without its password.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// To sign in with.
    pub username: String,
    /// As people read it.
    pub full_name: String,
    /// How much it may do.
    pub role: String,
    /// Set when it may not sign in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When somebody last signed in with it.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// A one-time password is set.
    pub must_change_password: bool,
}

impl From<Account> for v1::Staff {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            username: account.username,
            full_name: account.full_name,
            role: account.role,
            disabled: account.disabled_at.is_some(),
            version: account.version,
            created_at: Some(to_wire(account.created_at)),
            last_sign_in_at: account.last_sign_in_at.map(to_wire),
            must_change_password: account.must_change_password,
        }
    }
}

/// All accounts, by name.
///
/// # Errors
/// When the database fails.
pub async fn list(access: &Access) -> Result<Vec<Account>, DomainError> {
    // staff of one company: a bound only against surprises
    Ok(sqlx::query_as!(
        Account,
        "SELECT id, username, full_name, role, disabled_at, version, created_at, last_sign_in_at, must_change_password
         FROM entity.staff ORDER BY username LIMIT 1000",
    )
    .fetch_all(&access.pool)
    .await
    .map_err(StoreError::from)?)
}

/// Makes an account.
///
/// # Errors
/// `InvalidInput` for what cannot be, `AlreadyExists` for a name that is taken.
pub async fn create(
    access: &Access,
    request: v1::CreateStaffRequest,
) -> Result<v1::Staff, DomainError> {
    let username = login_name("username", &request.username)?;
    let full_name = shown_name(&request.full_name)?;
    let role = read_role(&request.role)?;
    check_password(&username, &request.password)?;
    let caller = Caller::read(request.caller, access.clock.as_ref());
    let hash = access.passwords.hash(&request.password).await?;
    let now = access.now();
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let ticket = match idempotency::begin::<v1::Staff>(&mut transaction, &caller, now).await? {
        Begun::Fresh(ticket) => ticket,
        Begun::Done(staff) => return Ok(staff),
    };
    let account = sqlx::query_as!(
        Account,
        "INSERT INTO entity.staff
             (id, username, full_name, role, password_hash, must_change_password, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (username) DO NOTHING
         RETURNING id, username, full_name, role, disabled_at, version, created_at, last_sign_in_at,
             must_change_password",
        access.clock.new_id(),
        username,
        full_name,
        role.as_str(),
        hash,
        request.must_change_password,
        now,
    )
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(|| {
        DomainError::new(
            ErrorCode::AlreadyExists,
            "An account with this username exists; take another name, or change that account",
        )
    })?;
    let after = json!({
        "username": account.username, "full_name": account.full_name, "role": account.role,
        "must_change_password": account.must_change_password,
    });
    write_down(
        &mut transaction,
        &account.id,
        &caller,
        now,
        "created",
        Value::Null,
        after,
    )
    .await?;
    let staff = v1::Staff::from(account);
    ticket.finish(&mut transaction, &staff, None).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(staff)
}

/// Changes role, shown name, or whether the account may sign in.
///
/// # Errors
/// `NotFound`, `Conflict` for another version or for the last admin.
pub async fn update(
    access: &Access,
    request: v1::UpdateStaffRequest,
) -> Result<v1::Staff, DomainError> {
    let role = request.role.as_deref().map(read_role).transpose()?;
    let full_name = request.full_name.as_deref().map(shown_name).transpose()?;
    let caller = Caller::read(request.caller, access.clock.as_ref());
    let now = access.now();
    let mut transaction = access.pool.begin().await.map_err(StoreError::from)?;
    let ticket = match idempotency::begin::<v1::Staff>(&mut transaction, &caller, now).await? {
        Begun::Fresh(ticket) => ticket,
        Begun::Done(staff) => return Ok(staff),
    };
    // every admin is locked, always in the same order: two changes at once cannot each leave the other the last one
    let admins = sqlx::query_scalar!(
        "SELECT id FROM entity.staff WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE",
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    let before = lock(&mut transaction, &request.staff).await?;
    if request
        .expected_version
        .is_some_and(|expected| expected != before.version)
    {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The account was changed meanwhile; read it again",
        ));
    }
    let wanted = Account {
        full_name: full_name.unwrap_or_else(|| before.full_name.clone()),
        role: role.map_or_else(|| before.role.clone(), |role| role.as_str().to_owned()),
        disabled_at: match request.disabled {
            Some(true) => before.disabled_at.or(Some(now)),
            Some(false) => None,
            None => before.disabled_at,
        },
        version: before.version + 1,
        ..before.clone()
    };
    let stays_admin = wanted.role == Role::Admin.as_str() && wanted.disabled_at.is_none();
    if !stays_admin && admins == [before.id] {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "This is the last admin that can sign in; make another account an admin first",
        ));
    }
    let (old, new) = differences(&before, &wanted);
    if new.is_empty() {
        let staff = v1::Staff::from(before);
        ticket.finish(&mut transaction, &staff, None).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        return Ok(staff);
    }
    sqlx::query!(
        "UPDATE entity.staff SET full_name = $2, role = $3, disabled_at = $4, version = $5, updated_at = $6
         WHERE id = $1",
        wanted.id,
        wanted.full_name,
        wanted.role,
        wanted.disabled_at,
        wanted.version,
        now,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if before.disabled_at.is_none() && wanted.disabled_at.is_some() {
        end_sessions(&mut transaction, wanted.id, None).await?;
        tokens::revoke_all_of(&mut transaction, wanted.id, &caller, now).await?;
    }
    write_down(
        &mut transaction,
        &wanted.id,
        &caller,
        now,
        "updated",
        Value::Object(old),
        Value::Object(new),
    )
    .await?;
    let staff = v1::Staff::from(wanted);
    ticket.finish(&mut transaction, &staff, None).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(staff)
}

/// The account of this id or name, locked.
pub(super) async fn lock(
    connection: &mut PgConnection,
    staff: &str,
) -> Result<Account, DomainError> {
    sqlx::query_as!(
        Account,
        "SELECT id, username, full_name, role, disabled_at, version, created_at, last_sign_in_at, must_change_password
         FROM entity.staff WHERE id = $1 OR username = $2 FOR UPDATE",
        Uuid::try_parse(staff).ok(),
        wanted(staff),
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(|| DomainError::not_found("There is no such account"))
}

/// Ends the sessions of an account, but for one.
pub(super) async fn end_sessions(
    connection: &mut PgConnection,
    staff: Uuid,
    except: Option<&[u8]>,
) -> Result<u64, DomainError> {
    let ended = sqlx::query!(
        "DELETE FROM entity.staff_sessions WHERE staff_id = $1 AND digest IS DISTINCT FROM $2",
        staff,
        except,
    )
    .execute(connection)
    .await
    .map_err(StoreError::from)?;
    Ok(ended.rows_affected())
}

/// The audit entry of a change of an account.
pub(super) async fn write_down(
    connection: &mut PgConnection,
    staff: &Uuid,
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
        Record::Other("staff", &staff.to_string()),
        &change,
    )
    .await
}

pub(super) fn read_role(name: &str) -> Result<Role, DomainError> {
    Role::parse(name)
        .ok_or_else(|| DomainError::invalid("role must be one of viewer, manager, admin"))
}

/// Changed columns before and after.
fn differences(before: &Account, after: &Account) -> (Map<String, Value>, Map<String, Value>) {
    let columns = |account: &Account| {
        [
            ("full_name", json!(account.full_name)),
            ("role", json!(account.role)),
            ("disabled", json!(account.disabled_at.is_some())),
        ]
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for ((name, was), (_, is)) in columns(before).into_iter().zip(columns(after)) {
        if was != is {
            old.insert(name.to_owned(), was);
            new.insert(name.to_owned(), is);
        }
    }
    (old, new)
}
