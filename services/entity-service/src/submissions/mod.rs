//! Submissions: applications from the moment they are accepted.
//!
//! - [`gatherer`] and [`accept`]: many applications, one commit; [`create`]: one that may come twice
//! - [`quarantine`]: applications that the honeypot caught
//! - [`find`], [`list`], [`search`], [`counts`]: what people ask; [`embed`]: the person and the project beside it
//! - [`change_status`], [`delete`], [`restore`], [`bulk`]: what staff do

pub mod accept;
pub mod bulk;
pub mod candidate;
pub mod change_status;
pub mod counts;
pub mod create;
pub mod criteria;
pub mod delete;
pub mod embed;
pub mod facts;
pub mod find;
pub mod gatherer;
pub mod list;
pub mod quarantine;
mod quarantined_fields;
pub mod restore;
pub mod row;
pub mod search;

use keylight_domain::{
    error::{DomainError, ErrorCode},
    submissions::SUBMISSION_NOT_FOUND,
};
use keylight_store::StoreError;
use row::{SubmissionRow, select_submissions};
use sqlx::PgConnection;

/// No submission has this id, or it was deleted.
#[must_use]
pub fn not_found() -> DomainError {
    DomainError::not_found(SUBMISSION_NOT_FOUND)
}

/// Refuses what was decided about another version.
///
/// # Errors
/// `Conflict` when `expected` is given and is not the row's version.
pub fn check_version(row: &SubmissionRow, expected: Option<i64>) -> Result<(), DomainError> {
    match expected {
        Some(version) if version != row.version => Err(DomainError::new(
            ErrorCode::Conflict,
            "The submission has changed meanwhile; read it again and repeat the change",
        )),
        _ => Ok(()),
    }
}

// Statements by id say `coalesce(deleted_at, 'infinity') = 'infinity'`, not `deleted_at IS NULL`: the latter lets PostgreSQL
// read a partial index from end to end, which on an empty table looks as cheap as the primary key, and connections keep
// the plans that they made then.

/// The submission, locked until the transaction ends, so that what is decided about it still holds when it is written.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn lock(connection: &mut PgConnection, id: i64) -> Result<SubmissionRow, DomainError> {
    select_submissions!(
        "WHERE s.id = $1 AND coalesce(s.deleted_at, 'infinity') = 'infinity' FOR UPDATE",
        id
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(not_found)
}
