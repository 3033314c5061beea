//! A delivery as it came, before anything is read of it.

use super::{
    body::{self, Kind},
    hint,
    ledger::Entry,
    sameness::sameness,
};
use chrono::{DateTime, Utc};
use std::fmt;
use uuid::Uuid;

/// A delivery as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Ours; also the id of the event.
    pub id: Uuid,
    /// The name under which it came.
    pub webhook: String,
    /// When.
    pub received_at: DateTime<Utc>,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    /// The bytes that were, or should be, signed.
    pub body: Vec<u8>,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the body holds names and comments
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("webhook", &self.webhook)
            .field("received_at", &self.received_at)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// Reads the body. The same delivery always gives the same entry, so it may be read again after a restart.
    #[must_use]
    pub fn into_entry(self) -> Entry {
        let reading = body::read(&self.body);
        let event = hint::event(
            &reading,
            &self.webhook,
            self.id,
            self.received_at,
            self.traceparent.clone(),
        );
        let unread = reading.kind == Kind::Unknown;
        Entry {
            sameness: sameness(&reading, &self.body, self.received_at),
            kind: reading.kind.as_str(),
            event: (!unread).then_some(reading.event),
            object_id: (!unread).then_some(reading.object_id),
            hint: event.map(|event| serde_json::to_vec(&event).expect("an event is JSON")),
            delivery: self,
        }
    }
}
