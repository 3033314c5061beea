//! The ledger of deliveries, written together with the events that tell about them.

use super::delivery::Delivery;
use chrono::{DateTime, Utc};
use keylight_contracts::events::CLICKUP_TASK_HINT;
use keylight_store::StoreError;
use sqlx::PgPool;
use std::{collections::HashSet, ops::Range};
use uuid::Uuid;

/// A delivery with a valid signature, and what could be read of it.
#[derive(Clone)]
pub struct Entry {
    /// As it came.
    pub delivery: Delivery,
    /// See [`super::sameness`].
    pub sameness: String,
    /// What it is about.
    pub kind: &'static str,
    /// ClickUp's event, when it could be read.
    pub event: Option<String>,
    /// The id of what it is about, when it could be read.
    pub object_id: Option<String>,
    /// The event to publish, if there is one to tell.
    pub hint: Option<Vec<u8>>,
}

/// Entries as columns, which is how one statement takes many. In the order of their sameness: two processes that write
/// the same deliveries then wait for each other instead of locking each other out.
pub struct Batch {
    ids: Vec<Uuid>,
    webhooks: Vec<String>,
    samenesses: Vec<String>,
    kinds: Vec<String>,
    events: Vec<Option<String>>,
    objects: Vec<Option<String>>,
    bodies: Vec<Vec<u8>>,
    times: Vec<DateTime<Utc>>,
    hints: Vec<Option<Vec<u8>>>,
    traceparents: Vec<Option<String>>,
}

impl Batch {
    /// Lays entries out.
    #[must_use]
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| {
            (&a.delivery.webhook, &a.sameness).cmp(&(&b.delivery.webhook, &b.sameness))
        });
        let mut batch = Self {
            ids: Vec::with_capacity(entries.len()),
            webhooks: Vec::with_capacity(entries.len()),
            samenesses: Vec::with_capacity(entries.len()),
            kinds: Vec::with_capacity(entries.len()),
            events: Vec::with_capacity(entries.len()),
            objects: Vec::with_capacity(entries.len()),
            bodies: Vec::with_capacity(entries.len()),
            times: Vec::with_capacity(entries.len()),
            hints: Vec::with_capacity(entries.len()),
            traceparents: Vec::with_capacity(entries.len()),
        };
        for entry in entries {
            let delivery = entry.delivery;
            batch.ids.push(delivery.id);
            batch.webhooks.push(delivery.webhook);
            batch.samenesses.push(entry.sameness);
            batch.kinds.push(entry.kind.to_owned());
            batch.events.push(entry.event);
            batch.objects.push(entry.object_id);
            batch.bodies.push(delivery.body);
            batch.times.push(delivery.received_at);
            batch.hints.push(entry.hint);
            batch.traceparents.push(delivery.traceparent);
        }
        batch
    }

    /// Ids of the entries, in the batch's order.
    #[must_use]
    pub fn ids(&self) -> &[Uuid] {
        &self.ids
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The delivery of entry `at`, as it came.
    #[must_use]
    pub fn delivery(&self, at: usize) -> Delivery {
        Delivery {
            id: self.ids[at],
            webhook: self.webhooks[at].clone(),
            received_at: self.times[at],
            traceparent: self.traceparents[at].clone(),
            body: self.bodies[at].clone(),
        }
    }
}

/// Writes a part of the batch in one transaction, with the events for relay `origin`. Returns the ids of the entries
/// that were new; the others are repetitions and already stored.
///
/// # Errors
/// When nothing was stored. After a lost connection it may have been; then a repetition is recognised.
pub async fn store(
    pool: &PgPool,
    origin: Uuid,
    batch: &Batch,
    part: Range<usize>,
) -> Result<HashSet<Uuid>, StoreError> {
    let ids = &batch.ids[part.clone()];
    // one statement is one transaction, and one round trip
    let fresh = sqlx::query_scalar!(
        r#"WITH fresh AS (
               INSERT INTO webhook.deliveries (id, webhook, sameness, kind, event, object_id, body, received_at)
               SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                                    $7::bytea[], $8::timestamptz[])
               -- by sameness; or by id, when it comes out of the spool a second time
               ON CONFLICT DO NOTHING
               RETURNING id
           ), told AS (
               INSERT INTO webhook.outbox (message_id, topic, payload, traceparent, origin)
               SELECT hint.id, $11, hint.payload, hint.traceparent, $12
               FROM unnest($1::uuid[], $9::bytea[], $10::text[]) AS hint (id, payload, traceparent)
               JOIN fresh ON fresh.id = hint.id
               WHERE hint.payload IS NOT NULL
           )
           SELECT id FROM fresh"#,
        ids,
        &batch.webhooks[part.clone()],
        &batch.samenesses[part.clone()],
        &batch.kinds[part.clone()],
        &batch.events[part.clone()] as &[Option<String>],
        &batch.objects[part.clone()] as &[Option<String>],
        &batch.bodies[part.clone()],
        &batch.times[part.clone()],
        &batch.hints[part.clone()] as &[Option<Vec<u8>>],
        &batch.traceparents[part] as &[Option<String>],
        CLICKUP_TASK_HINT,
        origin,
    )
    .fetch_all(pool)
    .await?;
    Ok(fresh.into_iter().collect())
}

/// Forgets up to `limit` deliveries that came before `before`, oldest first; returns how many.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM webhook.deliveries WHERE id IN (
             SELECT id FROM webhook.deliveries WHERE received_at < $1 ORDER BY received_at LIMIT $2
             FOR UPDATE SKIP LOCKED)",
        before,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
