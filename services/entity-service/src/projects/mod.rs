//! Projects: what is built for whom.
//!
//! - [`list`], [`find`]: what people ask; [`search_index`] keeps the search by text fast
//! - [`create`], [`update`], [`change`]: what staff do with one
//! - [`delete`], [`restore`]: soft, and undone exactly
//! - [`people`]: who belongs to one; [`link`]: which submissions do, and [`submissions`] what that changes in them
//! - [`door`]: the calls
//!
//! Whoever changes a project holds its row. Where submissions change along, the project's row is locked before theirs.

pub mod change;
pub mod create;
pub mod cursor;
pub mod delete;
pub mod door;
pub mod find;
pub mod link;
pub mod list;
pub mod people;
pub mod restore;
pub mod row;
pub mod search_index;
pub mod submissions;
pub mod update;

use crate::{
    idempotency::{self, Begun, Ticket},
    journal::{self, Caller, Change, Record},
};
use chrono::{DateTime, SubsecRound as _, Utc};
use keylight_contracts::{events::SubmissionFacts, v1};
use keylight_domain::{
    error::{DomainError, ErrorCode},
    projects::PROJECT_NOT_FOUND,
    submissions::Duplicates,
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use prost::Message;
use row::{ProjectRow, select_projects};
use serde_json::{Map, Value};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use std::sync::Arc;

/// What the operations on projects and records need.
#[derive(Clone)]
pub struct Workshop {
    /// Connections to the schema `entity`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// This process's end of the outbox.
    pub outbox: Outbox,
    /// Whether an address may apply more than once.
    pub duplicates: Duplicates,
}

/// A request on its way: one transaction, who asks, and the right to answer.
pub struct Work {
    /// Everything that the request changes.
    pub transaction: Transaction<'static, Postgres>,
    /// Who asks, and why.
    pub caller: Caller,
    /// When, to the microsecond, as it is stored.
    pub at: DateTime<Utc>,
    ticket: Ticket,
}

/// Whether a request is to be done, or was done before.
pub enum Started<R> {
    /// It is new.
    Fresh(Box<Work>),
    /// This was the answer.
    Done(R),
}

impl Workshop {
    /// Begins the transaction of a request.
    ///
    /// # Errors
    /// When its key was used for another request, or the database fails.
    pub async fn begin<R: Message + Default>(
        &self,
        caller: Option<v1::Caller>,
    ) -> Result<Started<R>, DomainError> {
        let caller = Caller::read(caller, &*self.clock);
        let at = self.clock.now().trunc_subsecs(6);
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        match idempotency::begin(&mut transaction, &caller, at).await? {
            Begun::Done(reply) => Ok(Started::Done(reply)),
            Begun::Fresh(ticket) => Ok(Started::Fresh(Box::new(Work {
                transaction,
                caller,
                at,
                ticket,
            }))),
        }
    }

    /// Stores the answer and commits. `person_id` is the person whose data the answer holds, if any.
    ///
    /// # Errors
    /// When the database fails; then nothing was done.
    pub async fn finish<R: Message>(
        &self,
        work: Box<Work>,
        reply: &R,
        person_id: Option<i64>,
    ) -> Result<(), DomainError> {
        let Work {
            mut transaction,
            ticket,
            ..
        } = *work;
        ticket.finish(&mut transaction, reply, person_id).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        self.outbox.wake();
        Ok(())
    }
}

impl Work {
    /// Tells people of a change that this request makes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note(
        &mut self,
        record: Record<'_>,
        action: &str,
        differences: Differences,
    ) -> Result<(), StoreError> {
        let change = Change {
            at: self.at,
            actor: &self.caller.actor,
            action,
            before: Value::Object(differences.before),
            after: Value::Object(differences.after),
            why: self.caller.why.as_deref(),
            cause: &self.caller.cause,
        };
        journal::note(&mut self.transaction, record, &change).await
    }

    /// Tells people and services of a change of a submission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell(
        &mut self,
        workshop: &Workshop,
        kind: &str,
        action: &str,
        differences: Differences,
        facts: &SubmissionFacts,
    ) -> Result<(), StoreError> {
        let change = Change {
            at: self.at,
            actor: &self.caller.actor,
            action,
            before: Value::Object(differences.before),
            after: Value::Object(differences.after),
            why: self.caller.why.as_deref(),
            cause: &self.caller.cause,
        };
        let origin = workshop.outbox.origin;
        let event_id = workshop.clock.new_id();
        journal::tell(
            &mut self.transaction,
            origin,
            event_id,
            kind,
            &change,
            facts,
        )
        .await
    }
}

/// The columns that changed, before and after.
#[derive(Default)]
pub struct Differences {
    /// As they were.
    pub before: Map<String, Value>,
    /// As they are now.
    pub after: Map<String, Value>,
}

impl Differences {
    /// Notes a column if it differs.
    pub fn of<T: PartialEq + serde::Serialize>(&mut self, column: &str, before: &T, after: &T) {
        if before != after {
            self.set(column, before, after);
        }
    }

    /// Notes a column whatever it was, for a record that is new or gone.
    pub fn set<T: serde::Serialize>(&mut self, column: &str, before: &T, after: &T) {
        self.before
            .insert(column.to_owned(), serde_json::json!(before));
        self.after
            .insert(column.to_owned(), serde_json::json!(after));
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.after.is_empty()
    }
}

/// No project has this id, or it was deleted.
#[must_use]
pub fn not_found() -> DomainError {
    DomainError::not_found(PROJECT_NOT_FOUND)
}

/// The project, locked until the transaction ends.
///
/// # Errors
/// `NotFound` when there is none or it was deleted.
pub async fn lock(connection: &mut PgConnection, id: i64) -> Result<ProjectRow, DomainError> {
    select_projects!(
        "WHERE p.id = $1 AND coalesce(p.deleted_at, 'infinity') = 'infinity' FOR NO KEY UPDATE OF p",
        id
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(not_found)
}

/// The project as it is now, deleted or not.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn read(connection: &mut PgConnection, id: i64) -> Result<ProjectRow, DomainError> {
    select_projects!("WHERE p.id = $1", id)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(not_found)
}

/// Refuses a change that was decided on an older picture of the record.
///
/// # Errors
/// `Conflict` with the version that the record has now.
pub fn check_version(what: &str, expected: Option<i64>, version: i64) -> Result<(), DomainError> {
    match expected {
        Some(expected) if expected != version => Err(DomainError::new(
            ErrorCode::Conflict,
            format!(
                "The {what} has changed meanwhile: it is at version {version}, not {expected}; read it again"
            ),
        )),
        _ => Ok(()),
    }
}
