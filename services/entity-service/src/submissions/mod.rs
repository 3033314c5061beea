//! Submissions: applications from the moment they are accepted.
//!
//! - [`gatherer`] and [`accept`]: many applications, one commit
//! - [`find`], [`stats`]: what people ask
//! - [`change_status`], [`delete`]: what staff do

pub mod accept;
pub mod candidate;
pub mod change_status;
pub mod delete;
pub mod facts;
pub mod find;
pub mod gatherer;
pub mod row;
pub mod stats;

use keylight_domain::{error::DomainError, submissions::SUBMISSION_NOT_FOUND};
use keylight_store::StoreError;
use row::{SubmissionRow, select_submissions};
use sqlx::PgConnection;

/// No submission has this id, or it was deleted.
#[must_use]
pub fn not_found() -> DomainError {
    DomainError::not_found(SUBMISSION_NOT_FOUND)
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
        "WHERE id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity' FOR UPDATE",
        id
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(not_found)
}
