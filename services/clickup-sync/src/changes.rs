//! Messages about submissions: each is a reason to look, and nothing more.

use crate::{
    canary,
    links::{self, Wish},
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use keylight_contracts::events::{self, CONTENT_TYPE_BATCH};
use keylight_domain::sync::budget::Lane;
use keylight_messaging::{BatchHandler, Message, Outcome};
use keylight_runtime::clock::Clock;
use serde::Deserialize;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What is read of an event. The facts in its data are left where they are: rows decide.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: DateTime<Utc>,
    #[serde(default)]
    correlationid: String,
    #[serde(default)]
    traceparent: Option<String>,
}

impl Event {
    fn into_wish(self) -> Option<Wish> {
        let submission_id = self.subject.strip_prefix("submission/")?.parse().ok()?;
        // a client waits to appear in ClickUp; other changes have a lane of their own, so that a flood of applications
        // does not hold them up
        let lane = match self.kind.as_str() {
            events::SUBMISSION_CREATED => Lane::Interactive,
            // years of them may come at once, and nobody waits for them
            events::SUBMISSION_IMPORTED => Lane::Bulk,
            _ => Lane::Normal,
        };
        Some(Wish {
            submission_id,
            lane,
            at: self.time,
            correlation_id: self.correlationid,
            traceparent: self.traceparent,
        })
    }
}

/// When the newest canary of a message was sent.
fn canary_of(message: &Message) -> Option<DateTime<Utc>> {
    if message.topic != events::CANARY_SENT {
        return None;
    }
    let event: Event = serde_json::from_slice(&message.payload).ok()?;
    Some(event.time)
}

fn wishes_of(message: &Message) -> Result<Vec<Wish>, serde_json::Error> {
    let events: Vec<Event> = if message.content_type == CONTENT_TYPE_BATCH {
        serde_json::from_slice(&message.payload)?
    } else {
        vec![serde_json::from_slice(&message.payload)?]
    };
    // the bus knows the trace of a message that holds one event
    let trace = message.traceparent.clone();
    let wishes = events.into_iter().filter_map(Event::into_wish);
    Ok(wishes
        .map(|wish| Wish {
            traceparent: wish.traceparent.clone().or_else(|| trace.clone()),
            ..wish
        })
        .collect())
}

/// Takes messages about submissions.
pub struct Changes {
    /// The database.
    pub pool: PgPool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Rung when links are due.
    pub wake: Arc<Notify>,
}

#[async_trait]
impl BatchHandler for Changes {
    async fn handle(&self, messages: &[Message]) -> Vec<Outcome> {
        let mut wishes = Vec::new();
        let mut outcomes = Vec::with_capacity(messages.len());
        let canary = messages.iter().filter_map(canary_of).max();
        for message in messages {
            match wishes_of(message) {
                Ok(wanted) => {
                    wishes.extend(wanted);
                    outcomes.push(Outcome::Done);
                }
                Err(_) => outcomes.push(Outcome::Reject {
                    cause: "not a cloud event".to_owned(),
                }),
            }
        }
        if let Err(error) = links::wish(&self.pool, self.clock.now(), wishes).await {
            tracing::warn!(error = %error, messages = messages.len(), "changes are not noted, trying again");
            return again(outcomes);
        }
        if let Some(sent) = canary
            && let Err(error) = canary::row::received(&self.pool, sent).await
        {
            // the next one comes soon
            tracing::debug!(error = %error, "canary is not noted");
        }
        self.wake.notify_one();
        outcomes
    }
}

/// Everything that was not refused comes again.
pub(crate) fn again(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Done => Outcome::Retry {
                after: Duration::from_secs(1),
                cause: "database unavailable".to_owned(),
            },
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use keylight_contracts::events::CONTENT_TYPE;

    fn event(id: i64, kind: &str) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"01890a5d-ac96-774b-bcce-b302099a8057","source":"/entity-service","type":"{kind}",
                "subject":"submission/{id}","time":"2026-11-22T06:28:55.194Z","correlationid":"c-{id}","data":{{"x":[1]}}}}"#
        )
    }

    fn message(content_type: &str, payload: String) -> Message {
        Message {
            id: uuid::Uuid::nil(),
            topic: events::SUBMISSION_CREATED.to_owned(),
            content_type: content_type.to_owned(),
            payload: payload.into(),
            traceparent: Some("00-1-1-01".to_owned()),
        }
    }

    #[test]
    fn one_event_or_many() {
        let one = message(CONTENT_TYPE, event(7, events::SUBMISSION_CREATED));
        let wish = wishes_of(&one).unwrap().remove(0);
        assert_eq!(
            (wish.submission_id, wish.lane, wish.correlation_id.as_str()),
            (7, Lane::Interactive, "c-7")
        );
        assert_eq!(wish.traceparent.as_deref(), Some("00-1-1-01"));

        let imported = message(CONTENT_TYPE, event(9, events::SUBMISSION_IMPORTED));
        assert_eq!(wishes_of(&imported).unwrap()[0].lane, Lane::Bulk);

        let many = format!(
            "[{},{}]",
            event(7, events::SUBMISSION_STATUS_CHANGED),
            event(8, "keylight.other.v1")
        );
        let wishes = wishes_of(&message(CONTENT_TYPE_BATCH, many)).unwrap();
        assert_eq!(
            wishes
                .iter()
                .map(|wish| (wish.submission_id, wish.lane))
                .collect::<Vec<_>>(),
            [(7, Lane::Normal), (8, Lane::Normal)]
        );
    }

    #[test]
    fn what_is_no_event_is_refused() {
        assert!(wishes_of(&message(CONTENT_TYPE, "[]".to_owned())).is_err());
        assert!(wishes_of(&message(CONTENT_TYPE_BATCH, "{}".to_owned())).is_err());
    }
}
