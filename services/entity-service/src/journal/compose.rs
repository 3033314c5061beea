//! Events as they are stored and sent.

use super::Cause;
use chrono::{DateTime, Utc};
use keylight_contracts::events::{CloudEvent, SubmissionFacts};
use keylight_store::StoreError;
use uuid::Uuid;

/// Who tells these events.
const SOURCE: &str = "/entity-service";

/// Stands where the id of a submission will be once its row has one: applications are stored many at a time, and the
/// ids come from the same statement that stores them. Nothing else in an event looks like it: what callers send along
/// is checked by [`submission_event`].
pub const ID_TO_COME: i64 = -7_777_777_777_777_777_777;

/// An event in the two forms that are stored.
pub struct Composed {
    /// The facts alone, for the event log.
    pub data: String,
    /// The whole CloudEvent, for the outbox.
    pub payload: String,
}

/// An event about one submission.
///
/// # Errors
/// Never in practice: the types always serialise.
pub fn submission_event(
    id: Uuid,
    kind: &str,
    at: DateTime<Utc>,
    cause: &Cause,
    facts: &SubmissionFacts,
) -> Result<Composed, StoreError> {
    let defect =
        |error: serde_json::Error| StoreError::Defect(format!("event does not serialise: {error}"));
    let subject = format!("submission/{}", facts.submission_id);
    let mut event = CloudEvent::new(
        id,
        SOURCE,
        kind,
        subject,
        at,
        cause.correlation_id.to_string(),
    );
    event.traceparent = cause
        .traceparent
        .clone()
        .filter(|text| !text.contains("-7777777777777777777"));
    event.data = serde_json::to_value(facts).map_err(defect)?;
    Ok(Composed {
        data: event.data.to_string(),
        payload: serde_json::to_string(&event).map_err(defect)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_contracts::events::{CONTENT_TYPE, SUBMISSION_CREATED, decode};

    #[test]
    fn the_id_to_come_can_be_put_in_afterwards_whatever_the_caller_sent() {
        let facts = SubmissionFacts {
            submission_id: ID_TO_COME,
            version: 1,
            created_on: DateTime::<Utc>::default().date_naive(),
            status: "new".to_owned(),
            previous_status: None,
            buyer_category: "homebuyer".to_owned(),
            actor: "public".to_owned(),
        };
        let cause = Cause {
            correlation_id: Uuid::from_u128(0x7777_7777_7777_7777_7777_7777_7777_7777),
            traceparent: Some(format!("00-{}-7777777777777777-01", "7".repeat(32))),
        };
        let composed = submission_event(
            Uuid::nil(),
            SUBMISSION_CREATED,
            DateTime::default(),
            &cause,
            &facts,
        )
        .unwrap();
        let marker = ID_TO_COME.to_string();
        assert_eq!(
            composed.payload.matches(&marker).count(),
            2,
            "subject and data"
        );
        let payload = composed.payload.replace(&marker, "42");
        let event = &decode(CONTENT_TYPE, payload.as_bytes()).unwrap()[0];
        assert_eq!(event.submission_id(), Some(42));
        assert_eq!(event.data["submission_id"], 42);
        assert_eq!(event.correlationid, cause.correlation_id.to_string());
        assert_eq!(composed.data.replace(&marker, "42"), event.data.to_string());
    }
}
