//! What is written down about every change, in the transaction of the change itself: an audit entry for people, an
//! event for read models, and the same event in the outbox to wake the other services.

pub mod compose;
pub mod log;
pub mod many;

use chrono::{DateTime, Utc};
use compose::Composed;
use keylight_contracts::{events::SubmissionFacts, v1};
use keylight_runtime::{clock::Clock, trace};
use keylight_store::StoreError;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// What made a change happen, as far as it travels along.
#[derive(Debug, Clone)]
pub struct Cause {
    /// One id from the form to the task and back.
    pub correlation_id: Uuid,
    /// Trace context of the call, if traces are kept.
    pub traceparent: Option<String>,
}

/// Who asks for a change, as the contracts carry it.
#[derive(Clone)]
pub struct Caller {
    /// As the audit log names them.
    pub actor: String,
    /// What it follows from.
    pub cause: Cause,
    /// Why, in their words.
    pub why: Option<String>,
    /// Set when the request may come twice.
    pub idempotency: Option<v1::Idempotency>,
}

impl Caller {
    /// Reads what came with a call. Who does not say who they are is told apart from those that do; who sends no
    /// correlation id begins a chain.
    #[must_use]
    pub fn read(caller: Option<v1::Caller>, clock: &dyn Clock) -> Self {
        let caller = caller.unwrap_or_default();
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            actor: some(caller.actor).unwrap_or_else(|| "unknown".to_owned()),
            cause: Cause {
                correlation_id: Uuid::try_parse(&caller.correlation_id)
                    .unwrap_or_else(|_| clock.new_id()),
                traceparent: trace::current_traceparent(),
            },
            why: some(caller.reason),
            idempotency: caller.idempotency,
        }
    }
}

/// One change of a record.
pub struct Change<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; also told in the event.
    pub actor: &'a str,
    /// What was done, in the audit log's words.
    pub action: &'a str,
    /// Changed columns before.
    pub before: Value,
    /// Changed columns after.
    pub after: Value,
    /// Why, when there is more to say than who.
    pub why: Option<&'a str>,
    /// What it follows from.
    pub cause: &'a Cause,
}

/// A record that the audit log tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// A submission.
    Submission(i64),
    /// A person who applied.
    User(i64),
    /// A project.
    Project(i64),
    /// Something with another id than a number: `staff`, `token`, `setting`, `quarantine` …
    Other(&'a str, &'a str),
}

impl<'a> Record<'a> {
    fn columns(self) -> (&'a str, i64, Option<&'a str>) {
        match self {
            Record::Submission(id) => ("submission", id, None),
            Record::User(id) => ("user", id, None),
            Record::Project(id) => ("project", id, None),
            Record::Other(entity, id) => (entity, 0, Some(id)),
        }
    }
}

/// Tells people only: what other services see of the record did not change.
///
/// # Errors
/// When the database fails.
pub async fn note(
    connection: &mut PgConnection,
    record: Record<'_>,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    let (entity, entity_id, record_id) = record.columns();
    sqlx::query!(
        "INSERT INTO entity.audit_log
             (at, actor, action, entity, entity_id, record_id, before, after, cause, correlation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        change.at,
        change.actor,
        change.action,
        entity,
        entity_id,
        record_id,
        change.before,
        change.after,
        change.why,
        change.cause.correlation_id,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells people and services. One statement: the embedded database takes about a millisecond for each.
///
/// # Errors
/// When the database fails.
pub async fn tell(
    connection: &mut PgConnection,
    origin: Uuid,
    event_id: Uuid,
    kind: &str,
    change: &Change<'_>,
    facts: &SubmissionFacts,
) -> Result<(), StoreError> {
    let Composed { data, payload } =
        compose::submission_event(event_id, kind, change.at, change.cause, facts)?;
    sqlx::query!(
        "WITH audited AS (
             INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, before, after, cause, correlation_id)
             VALUES ($1, $2, $3, 'submission', $4, $5, $6, $7, $8)
         ), logged AS (
             INSERT INTO entity.events (id, type, submission_id, at, data, correlation_id)
             VALUES ($9, $10, $4, $1, $11::text::jsonb, $8)
         )
         INSERT INTO entity.outbox (message_id, topic, payload, traceparent, origin)
         VALUES ($9, $10, convert_to($12, 'UTF8'), $13, $14)",
        change.at,
        change.actor,
        change.action,
        facts.submission_id,
        change.before,
        change.after,
        change.why,
        change.cause.correlation_id,
        event_id,
        kind,
        data,
        payload,
        change.cause.traceparent,
        origin,
    )
    .execute(connection)
    .await?;
    Ok(())
}
