//! One act of staff on people: who, when, why, and how it is written down.

use crate::{
    journal::{self, Caller, Change, Record},
    submissions::{facts::facts, row::SubmissionRow},
};
use chrono::{DateTime, SubsecRound as _, Utc};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::Value;
use sqlx::PgConnection;

/// What every operation is given.
pub struct Act<'a> {
    /// Time and ids.
    pub clock: &'a dyn Clock,
    /// This process's end of the outbox.
    pub outbox: &'a Outbox,
    /// Who, and why.
    pub caller: &'a Caller,
    /// One time for the whole act, to the microsecond, as it is stored.
    pub at: DateTime<Utc>,
}

impl<'a> Act<'a> {
    /// An act that begins now.
    pub fn now(clock: &'a dyn Clock, outbox: &'a Outbox, caller: &'a Caller) -> Self {
        Self {
            clock,
            outbox,
            caller,
            at: clock.now().trunc_subsecs(6),
        }
    }

    fn change(&self, action: &'a str, before: Value, after: Value) -> Change<'a> {
        Change {
            at: self.at,
            actor: &self.caller.actor,
            action,
            before,
            after,
            why: self.caller.why.as_deref(),
            cause: &self.caller.cause,
        }
    }

    /// Tells people what was done to a record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note(
        &self,
        connection: &mut PgConnection,
        record: Record<'_>,
        action: &'a str,
        before: Value,
        after: Value,
    ) -> Result<(), StoreError> {
        journal::note(connection, record, &self.change(action, before, after)).await
    }

    /// Tells people and services what was done to a submission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell(
        &self,
        connection: &mut PgConnection,
        kind: &str,
        action: &'a str,
        rows: (&SubmissionRow, &SubmissionRow),
        values: (Value, Value),
    ) -> Result<(), StoreError> {
        let facts = facts(rows.0, rows.1, &self.caller.actor);
        journal::tell(
            connection,
            self.outbox.origin,
            self.clock.new_id(),
            kind,
            &self.change(action, values.0, values.1),
            &facts,
        )
        .await
    }
}
