//! What other services are told about an imported application.

use super::{ACTOR, moment};
use chrono::{DateTime, NaiveDate, Utc};
use keylight_contracts::events::{CloudEvent, ImportedFacts, SUBMISSION_IMPORTED};
use keylight_store::{StoreError, outbox::OutboxMessage};
use uuid::Uuid;

/// What read models count an application by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) on: NaiveDate,
    pub(super) status: String,
}

impl Counted {
    /// From the text forms of the columns. No status counts as one of its own, as in all later events about the row.
    pub(super) fn of(created_at: Option<&str>, status: Option<&str>) -> Self {
        Self {
            on: moment::counted_on(created_at),
            status: status.unwrap_or_default().to_owned(),
        }
    }
}

/// One event.
pub(super) struct Imported {
    pub(super) submission_id: i64,
    pub(super) version: i64,
    pub(super) now: Counted,
    /// As it was counted before, if it was.
    pub(super) before: Option<Counted>,
    pub(super) buyer_category: String,
}

impl Imported {
    pub(super) fn facts(&self) -> ImportedFacts {
        ImportedFacts {
            submission_id: self.submission_id,
            version: self.version,
            created_on: self.now.on,
            status: self.now.status.clone(),
            previous_created_on: self.before.as_ref().map(|before| before.on),
            previous_status: self.before.as_ref().map(|before| before.status.clone()),
            buyer_category: self.buyer_category.clone(),
            actor: ACTOR.to_owned(),
        }
    }

    /// The same for the message bus.
    pub(super) fn message(
        &self,
        id: Uuid,
        at: DateTime<Utc>,
        correlation: Uuid,
    ) -> Result<OutboxMessage, StoreError> {
        let defect = |error: serde_json::Error| {
            StoreError::Defect(format!("event does not serialise: {error}"))
        };
        let mut event = CloudEvent::new(
            id,
            "/entity-service",
            SUBMISSION_IMPORTED,
            format!("submission/{}", self.submission_id),
            at,
            correlation.to_string(),
        );
        event.data = serde_json::to_value(self.facts()).map_err(defect)?;
        Ok(OutboxMessage {
            message_id: id,
            topic: SUBMISSION_IMPORTED.to_owned(),
            payload: serde_json::to_vec(&event).map_err(defect)?,
            traceparent: None,
        })
    }
}
