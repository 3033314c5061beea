//! Takes messages from the webhook gateway.

use super::read::changes_of;
use crate::{changes::again, remote::Surroundings};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use keylight_contracts::events::{self, CLICKUP_TASK_HINT, TaskHint};
use keylight_domain::sync::{Base, budget::Lane, hint::Verdict, hint::judge};
use keylight_messaging::{BatchHandler, Message, Outcome};
use keylight_runtime::clock::Clock;
use keylight_store::error::StoreError;
use sqlx::{PgPool, types::Json};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::Notify;

/// Takes hints.
pub struct Hints {
    /// The database.
    pub pool: PgPool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Rung when links are due.
    pub wake: Arc<Notify>,
    /// What is known of the list, without a call.
    pub known: Box<dyn Fn() -> Option<Arc<Surroundings>> + Send + Sync>,
}

struct Arrived {
    hint: TaskHint,
    traceparent: Option<String>,
}

struct KnownLink {
    base: Base,
    list_id: Option<String>,
    seen_ms: Option<i64>,
    leased: bool,
    unlinked: bool,
}

impl Hints {
    async fn take(&self, arrived: Vec<Arrived>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let tasks: Vec<String> = arrived
            .iter()
            .map(|arrived| arrived.hint.task_id.clone())
            .collect();
        let links = self.links_of(&tasks, now).await?;
        let surroundings = (self.known)();
        let news: Vec<Arrived> = arrived
            .into_iter()
            .filter(|arrived| is_news(&arrived.hint, &links, surroundings.as_deref()))
            .collect();
        metrics::counter!("keylight_sync_hints_total", "verdict" => "news")
            .increment(news.len() as u64);
        metrics::counter!("keylight_sync_hints_total", "verdict" => "known")
            .increment((tasks.len() - news.len()) as u64);
        if news.is_empty() {
            return Ok(());
        }
        // First the hint, then its link, each committed by itself: a worker that has just learned the task's id looks for
        // hints after it stored the id. So one of the two always sees the other.
        self.keep(&news, now).await?;
        self.make_due(&news, now).await?;
        self.wake.notify_one();
        Ok(())
    }

    async fn links_of(
        &self,
        tasks: &[String],
        now: DateTime<Utc>,
    ) -> Result<HashMap<String, KnownLink>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT task_id AS "task_id!", base AS "base: Json<Base>", list_id, seen_ms,
                      coalesce(lease_until > $2, false) AS "leased!", progress = 'unlinked' AS "unlinked!"
                 FROM sync.links WHERE task_id = ANY($1)"#,
            tasks,
            now,
        )
        .fetch_all(&self.pool)
        .await?;
        let links = rows.into_iter().map(|row| {
            let link = KnownLink {
                base: row.base.0,
                list_id: row.list_id,
                seen_ms: row.seen_ms,
                leased: row.leased,
                unlinked: row.unlinked,
            };
            (row.task_id, link)
        });
        Ok(links.collect())
    }

    async fn keep(&self, news: &[Arrived], now: DateTime<Utc>) -> Result<(), StoreError> {
        let ids: Vec<_> = news
            .iter()
            .map(|arrived| arrived.hint.delivery_id)
            .collect();
        let tasks: Vec<_> = news
            .iter()
            .map(|arrived| arrived.hint.task_id.clone())
            .collect();
        let histories: Vec<_> = news
            .iter()
            .map(|arrived| serde_json::json!(arrived.hint.history))
            .collect();
        sqlx::query!(
            r#"INSERT INTO sync.hints (delivery_id, task_id, history, received_at)
               SELECT n.id, n.task, n.history, $4 FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS n (id, task, history)
               ON CONFLICT DO NOTHING"#,
            &ids,
            &tasks,
            &histories,
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn make_due(&self, news: &[Arrived], now: DateTime<Utc>) -> Result<(), StoreError> {
        // one trace per task is enough: the last one
        let traces: std::collections::BTreeMap<&str, Option<&str>> = news
            .iter()
            .map(|arrived| {
                (
                    arrived.hint.task_id.as_str(),
                    arrived.traceparent.as_deref(),
                )
            })
            .collect();
        let (tasks, traces): (Vec<_>, Vec<_>) = traces
            .into_iter()
            .map(|(task, trace)| (task.to_owned(), trace.map(ToOwned::to_owned)))
            .unzip();
        sqlx::query!(
            r#"UPDATE sync.links l SET
                   wanted_gen = wanted_gen + 1,
                   wanted_at = CASE WHEN wanted_gen > done_gen THEN wanted_at ELSE $3 END,
                   lane = CASE WHEN wanted_gen > done_gen THEN LEAST(lane, $4) ELSE $4 END,
                   due_at = CASE WHEN lease_until > $3 THEN due_at ELSE LEAST(due_at, $3) END,
                   traceparent = COALESCE(n.trace, l.traceparent)
              FROM unnest($1::text[], $2::text[]) AS n (task, trace)
             WHERE l.task_id = n.task AND l.progress <> 'unlinked'"#,
            &tasks,
            &traces as &[Option<String>],
            now,
            Lane::Normal.number(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Whether a hint may tell something that is not known. A link in the hands of a worker is about to change, so its hints
/// are judged when the worker is done.
fn is_news(
    hint: &TaskHint,
    links: &HashMap<String, KnownLink>,
    known: Option<&Surroundings>,
) -> bool {
    let (Some(link), Some(known)) = (links.get(&hint.task_id), known) else {
        return true;
    };
    if link.unlinked {
        return false;
    }
    let changes = changes_of(
        &hint.history,
        known.mapping.mapping(link.list_id.as_deref()),
        known.user_id,
    );
    link.leased || judge(&changes, &link.base, link.seen_ms) == Verdict::Look
}

fn hints_of(message: &Message) -> Result<Vec<Arrived>, &'static str> {
    let events =
        events::decode(&message.content_type, &message.payload).map_err(|_| "not a cloud event")?;
    let mut arrived = Vec::with_capacity(events.len());
    for event in events {
        if event.kind != CLICKUP_TASK_HINT {
            continue;
        }
        let hint = serde_json::from_value(event.data).map_err(|_| "not a task hint")?;
        arrived.push(Arrived {
            hint,
            traceparent: event.traceparent.or_else(|| message.traceparent.clone()),
        });
    }
    Ok(arrived)
}

#[async_trait]
impl BatchHandler for Hints {
    async fn handle(&self, messages: &[Message]) -> Vec<Outcome> {
        let mut arrived = Vec::new();
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            match hints_of(message) {
                Ok(hints) => {
                    arrived.extend(hints);
                    outcomes.push(Outcome::Done);
                }
                Err(cause) => outcomes.push(Outcome::Reject {
                    cause: cause.to_owned(),
                }),
            }
        }
        if arrived.is_empty() {
            return outcomes;
        }
        if let Err(error) = self.take(arrived).await {
            tracing::warn!(error = %error, messages = messages.len(), "hints are not noted, trying again");
            return again(outcomes);
        }
        outcomes
    }
}
