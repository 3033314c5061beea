//! Changes of many submissions at once, told with one statement.

use super::{
    Change,
    compose::{self, Composed},
};
use keylight_contracts::events::SubmissionFacts;
use keylight_store::StoreError;
use sqlx::PgConnection;
use uuid::Uuid;

/// One change that people and services are told.
pub struct Told<'a> {
    /// Id of the event.
    pub event_id: Uuid,
    /// Its type.
    pub kind: &'a str,
    /// What the audit log keeps.
    pub change: Change<'a>,
    /// What services learn.
    pub facts: SubmissionFacts,
}

/// Tells people and services of all of them, in the order given.
///
/// # Errors
/// When the database fails.
pub async fn tell(
    connection: &mut PgConnection,
    origin: Uuid,
    told: &[Told<'_>],
) -> Result<(), StoreError> {
    let Some(first) = told.first() else {
        return Ok(());
    };
    let (mut ids, mut kinds, mut submissions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut actions, mut befores, mut afters) = (Vec::new(), Vec::new(), Vec::new());
    let (mut data, mut payloads) = (Vec::new(), Vec::new());
    for one in told {
        let Composed {
            data: facts,
            payload,
        } = compose::submission_event(
            one.event_id,
            one.kind,
            one.change.at,
            one.change.cause,
            &one.facts,
        )?;
        ids.push(one.event_id);
        kinds.push(one.kind);
        submissions.push(one.facts.submission_id);
        actions.push(one.change.action);
        befores.push(one.change.before.clone());
        afters.push(one.change.after.clone());
        data.push(facts);
        payloads.push(payload);
    }
    // who, when and why are the same for all of one request
    let change = &first.change;
    sqlx::query!(
        "WITH input AS (
             SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[],
                                  $8::text[]) WITH ORDINALITY
                 AS t (event_id, kind, submission_id, action, before, after, data, payload, n)
             ORDER BY n
         ), audited AS (
             INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, before, after, cause, correlation_id)
             SELECT $9, $10, action, 'submission', submission_id, before, after, $11, $12 FROM input
         ), logged AS (
             INSERT INTO entity.events (id, type, submission_id, at, data, correlation_id)
             SELECT event_id, kind, submission_id, $9, data::jsonb, $12 FROM input
         )
         INSERT INTO entity.outbox (message_id, topic, payload, traceparent, origin)
         SELECT event_id, kind, convert_to(payload, 'UTF8'), $13, $14 FROM input",
        &ids,
        &kinds as _,
        &submissions,
        &actions as _,
        &befores,
        &afters,
        &data,
        &payloads,
        change.at,
        change.actor,
        change.why,
        change.cause.correlation_id,
        change.cause.traceparent,
        origin,
    )
    .execute(connection)
    .await?;
    Ok(())
}
