//! Events that leave in the same transaction as the state they tell of.
//!
//! [`Outbox::append`] puts events beside the change, in its transaction. After the commit the caller calls
//! [`Outbox::wake`]; the relay (in the messaging crate) publishes the rows and deletes them once the bus has confirmed.
//!
//! Every row belongs to the relay of the process that wrote it (its *origin*), so relays do not get in each other's way.
//! Each says regularly that it lives; the rows of one that has fallen silent are adopted by the others. That may send an
//! event twice, never not at all: consumers are idempotent.

use crate::StoreError;
use sqlx::{PgConnection, PgExecutor, Row as _};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;
use uuid::Uuid;

/// A relay that has not been heard of for this long has lost its rows to the others.
pub const SILENT_AFTER: Duration = Duration::from_secs(15);

/// The schemas that have an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schema {
    /// Of entity-service.
    Entity,
    /// Of webhook-gateway.
    Webhook,
}

impl Schema {
    /// Its name in the database, also the label in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Schema::Entity => "entity",
            Schema::Webhook => "webhook",
        }
    }

    const fn statements(self) -> &'static Statements {
        match self {
            Schema::Entity => &ENTITY,
            Schema::Webhook => &WEBHOOK,
        }
    }
}

/// An event to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Id of the event; consumers de-duplicate by it.
    pub message_id: Uuid,
    /// Type of the event, also the routing key.
    pub topic: String,
    /// One CloudEvent in JSON.
    pub payload: Vec<u8>,
    /// W3C trace context of the cause.
    pub traceparent: Option<String>,
}

/// An event that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Number of the row.
    pub id: i64,
    /// The event.
    pub message: OutboxMessage,
}

/// How much waits to be sent, of all origins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backlog {
    /// Rows.
    pub rows: i64,
    /// Age of the oldest in seconds; 0 when there is none.
    pub oldest_seconds: f64,
}

/// The outbox of one process: its schema, its origin, and the bell of its relay.
#[derive(Debug, Clone)]
pub struct Outbox {
    /// Where the tables are.
    pub schema: Schema,
    /// The relay that sends what this process appends. A new one for every start of a process.
    pub origin: Uuid,
    /// Rung after a commit.
    pub wake: Arc<Notify>,
}

impl Outbox {
    /// The outbox of a process that has just started.
    #[must_use]
    pub fn new(schema: Schema, origin: Uuid) -> Self {
        Self {
            schema,
            origin,
            wake: Arc::new(Notify::new()),
        }
    }

    /// Tells the relay that there is something to send. Call it after the commit: before, there is nothing to see.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Puts `messages` into the outbox, in the transaction of `connection`.
    ///
    /// # Errors
    /// When the database refuses or is away.
    pub async fn append(
        &self,
        connection: &mut PgConnection,
        messages: &[OutboxMessage],
    ) -> Result<(), StoreError> {
        if messages.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = messages.iter().map(|message| message.message_id).collect();
        let topics: Vec<&str> = messages
            .iter()
            .map(|message| message.topic.as_str())
            .collect();
        let payloads: Vec<&[u8]> = messages
            .iter()
            .map(|message| message.payload.as_slice())
            .collect();
        let traces: Vec<Option<&str>> = messages
            .iter()
            .map(|message| message.traceparent.as_deref())
            .collect();
        let inserted = sqlx::query(self.schema.statements().append)
            .bind(ids)
            .bind(topics)
            .bind(payloads)
            .bind(traces)
            .bind(self.origin)
            .execute(connection)
            .await?
            .rows_affected();
        if inserted != messages.len() as u64 {
            return Err(StoreError::Defect(format!(
                "{inserted} of {} events were appended",
                messages.len()
            )));
        }
        Ok(())
    }

    /// The oldest rows of this origin, at most `limit`, without those in `except`.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn fetch(
        &self,
        executor: impl PgExecutor<'_>,
        except: &[i64],
        limit: i64,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.advance(executor, &[], except, limit).await
    }

    /// Deletes the rows `sent` and returns what [`Outbox::fetch`] would, in one statement.
    ///
    /// # Errors
    /// When the database is away; then nothing was deleted.
    pub async fn advance(
        &self,
        executor: impl PgExecutor<'_>,
        sent: &[i64],
        except: &[i64],
        limit: i64,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = sqlx::query(self.schema.statements().advance)
            .bind(sent)
            .bind(self.origin)
            .bind(except)
            .bind(limit)
            .fetch_all(executor)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxRow {
                    id: row.try_get(0)?,
                    message: OutboxMessage {
                        message_id: row.try_get(1)?,
                        topic: row.try_get(2)?,
                        payload: row.try_get(3)?,
                        traceparent: row.try_get(4)?,
                    },
                })
            })
            .collect()
    }

    /// Deletes rows that were sent. Rows that are gone already are no error: another relay may have sent them too.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn delete(
        &self,
        executor: impl PgExecutor<'_>,
        ids: &[i64],
    ) -> Result<u64, StoreError> {
        let result = sqlx::query(self.schema.statements().delete)
            .bind(ids)
            .execute(executor)
            .await?;
        Ok(result.rows_affected())
    }

    /// Says that this origin's relay lives.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn heartbeat(&self, executor: impl PgExecutor<'_>) -> Result<(), StoreError> {
        sqlx::query(self.schema.statements().heartbeat)
            .bind(self.origin)
            .execute(executor)
            .await?;
        Ok(())
    }

    /// Takes over at most `limit` rows whose relay has been silent for longer than `silent_after`, or never said a word.
    /// Returns how many.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn adopt_orphans(
        &self,
        executor: impl PgExecutor<'_>,
        silent_after: Duration,
        limit: i64,
    ) -> Result<u64, StoreError> {
        let adopted = sqlx::query(self.schema.statements().adopt)
            .bind(self.origin)
            .bind(silent_after.as_secs_f64())
            .bind(limit)
            .execute(executor)
            .await?
            .rows_affected();
        Ok(adopted)
    }

    /// Says that this origin's relay has ended: what it leaves may be adopted at once.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn retire(&self, executor: impl PgExecutor<'_>) -> Result<(), StoreError> {
        sqlx::query(self.schema.statements().retire)
            .bind(self.origin)
            .execute(executor)
            .await?;
        Ok(())
    }

    /// How much waits to be sent, of all origins.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn backlog(&self, executor: impl PgExecutor<'_>) -> Result<Backlog, StoreError> {
        let row = sqlx::query(self.schema.statements().backlog)
            .fetch_one(executor)
            .await?;
        Ok(Backlog {
            rows: row.try_get(0)?,
            oldest_seconds: row.try_get(1)?,
        })
    }
}

struct Statements {
    append: &'static str,
    advance: &'static str,
    delete: &'static str,
    heartbeat: &'static str,
    adopt: &'static str,
    retire: &'static str,
    backlog: &'static str,
}

/// The same statements for each schema; its name is a literal, so nothing dynamic reaches the SQL.
macro_rules! statements {
    ($schema:literal) => {
        Statements {
            append: concat!(
                "INSERT INTO ", $schema, ".outbox (message_id, topic, payload, traceparent, origin) ",
                "SELECT m.*, $5 FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[]) AS m",
            ),
            // The deleting part does not change what the selecting part sees, hence both lists are left out there.
            advance: concat!(
                "WITH gone AS (DELETE FROM ", $schema, ".outbox WHERE id = ANY($1)) ",
                "SELECT id, message_id, topic, payload, traceparent FROM ", $schema, ".outbox ",
                "WHERE origin = $2 AND id <> ALL($1) AND id <> ALL($3) ORDER BY id LIMIT $4",
            ),
            delete: concat!("DELETE FROM ", $schema, ".outbox WHERE id = ANY($1)"),
            heartbeat: concat!(
                "INSERT INTO ", $schema, ".outbox_relays (origin, seen_at) VALUES ($1, now()) ",
                "ON CONFLICT (origin) DO UPDATE SET seen_at = now()",
            ),
            // Walks from one origin to the next through the index (origin, id) instead of reading every row: there are few
            // origins, but after an outage many rows. Silent relays without rows are forgotten on the way.
            adopt: concat!(
                "WITH RECURSIVE origins AS (",
                "(SELECT origin FROM ", $schema, ".outbox ORDER BY origin LIMIT 1) UNION ALL ",
                "SELECT (SELECT o.origin FROM ", $schema, ".outbox o WHERE o.origin > origins.origin ORDER BY o.origin LIMIT 1) ",
                "FROM origins WHERE origins.origin IS NOT NULL",
                "), silent AS (",
                "SELECT origin FROM origins WHERE origin IS NOT NULL AND origin <> $1 AND NOT EXISTS (",
                "SELECT 1 FROM ", $schema, ".outbox_relays r ",
                "WHERE r.origin = origins.origin AND r.seen_at > now() - make_interval(secs => $2))",
                "), forgotten AS (",
                "DELETE FROM ", $schema, ".outbox_relays r WHERE r.seen_at < now() - interval '1 hour' ",
                "AND r.origin <> $1 AND NOT EXISTS (SELECT 1 FROM origins WHERE origins.origin = r.origin)",
                "), orphans AS (",
                "SELECT id FROM ", $schema, ".outbox WHERE origin IN (SELECT origin FROM silent) ",
                "ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED",
                ") UPDATE ", $schema, ".outbox o SET origin = $1 FROM orphans WHERE o.id = orphans.id",
            ),
            retire: concat!("DELETE FROM ", $schema, ".outbox_relays WHERE origin = $1"),
            backlog: concat!(
                "SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM ", $schema, ".outbox",
            ),
        }
    };
}

static ENTITY: Statements = statements!("entity");
static WEBHOOK: Statements = statements!("webhook");
