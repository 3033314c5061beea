//! What is written down about every change, in the transaction of the change itself: an audit entry for people, an
//! event for read models, and the same event in the outbox to wake the other services.

pub mod compose;
pub mod log;

use chrono::{DateTime, Utc};
use compose::Composed;
use keylight_contracts::events::SubmissionFacts;
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

/// One change of a submission.
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

/// Tells people only: what others see of the submission did not change.
///
/// # Errors
/// When the database fails.
pub async fn note(
    connection: &mut PgConnection,
    submission_id: i64,
    change: &Change<'_>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, before, after, cause, correlation_id)
         VALUES ($1, $2, $3, 'submission', $4, $5, $6, $7, $8)",
        change.at,
        change.actor,
        change.action,
        submission_id,
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
