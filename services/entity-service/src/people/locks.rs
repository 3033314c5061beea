//! Locks on people, and what must hold before one is changed.

use super::{
    not_found,
    row::{PersonRow, select_people},
};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_store::StoreError;
use sqlx::PgConnection;

/// The people with these ids, locked in the order in which the intake locks them.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    connection: &mut PgConnection,
    ids: &[i64],
) -> Result<Vec<PersonRow>, StoreError> {
    Ok(select_people!(
        "WHERE u.id = ANY($1) ORDER BY u.email_key COLLATE \"C\", u.id FOR UPDATE OF u",
        ids
    )
    .fetch_all(connection)
    .await?)
}

/// The person, locked, also a deleted one.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn lock_any(connection: &mut PgConnection, id: i64) -> Result<PersonRow, DomainError> {
    lock(connection, &[id])
        .await?
        .into_iter()
        .next()
        .ok_or_else(not_found)
}

/// The person, locked, if they can be changed.
///
/// # Errors
/// `NotFound` when there is none or it was deleted, `Conflict` when it was merged into another.
pub async fn lock_present(
    connection: &mut PgConnection,
    id: i64,
) -> Result<PersonRow, DomainError> {
    let person = lock_any(connection, id).await?;
    check_present(&person)?;
    Ok(person)
}

/// Whether the person can be changed.
///
/// # Errors
/// As [`lock_present`].
pub fn check_present(person: &PersonRow) -> Result<(), DomainError> {
    if person.deleted_at.is_some() {
        return Err(not_found());
    }
    if let Some(into) = person.merged_into {
        return Err(conflict(format!(
            "Person {} was merged into person {into}: use that one, or undo the merge first",
            person.id
        )));
    }
    Ok(())
}

/// Whether the caller knows the person as they are now.
///
/// # Errors
/// `Conflict` when not.
pub fn check_version(person: &PersonRow, expected: Option<i64>) -> Result<(), DomainError> {
    match expected {
        Some(expected) if expected != person.version => Err(conflict(format!(
            "Person {} has version {} and not {expected}: read it again and repeat the change",
            person.id, person.version
        ))),
        _ => Ok(()),
    }
}

/// A conflict in these words.
pub fn conflict(message: impl Into<String>) -> DomainError {
    DomainError::new(ErrorCode::Conflict, message)
}
