//! Events: CloudEvents 1.0 in JSON, alone or as a batch.
//!
//! An event tells that something happened; it carries ids and plain facts, never personal data. Consumers take it as a
//! hint and look at the rows.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Content type of a message that holds one event.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// Content type of a message that holds a JSON array of events.
pub const CONTENT_TYPE_BATCH: &str = "application/cloudevents-batch+json";

/// A submission was accepted.
pub const SUBMISSION_CREATED: &str = "keylight.submission.created.v1";
/// A submission has another status.
pub const SUBMISSION_STATUS_CHANGED: &str = "keylight.submission.status_changed.v1";
/// Other fields of a submission changed.
pub const SUBMISSION_UPDATED: &str = "keylight.submission.updated.v1";
/// A submission was taken over from the predecessor, or taken over again after it had changed there.
pub const SUBMISSION_IMPORTED: &str = "keylight.submission.imported.v1";
/// A submission was deleted.
pub const SUBMISSION_DELETED: &str = "keylight.submission.deleted.v1";
/// A deletion was taken back; the status is what it was before.
pub const SUBMISSION_RESTORED: &str = "keylight.submission.restored.v1";
/// Nothing happened: whether messages get through is tried.
pub const CANARY_SENT: &str = "keylight.canary.sent.v1";
/// ClickUp says that something happened to a task.
pub const CLICKUP_TASK_HINT: &str = "keylight.clickup.task_hint.v1";

/// One CloudEvent. Unknown attributes of newer senders are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Version of the CloudEvents specification, `1.0`.
    pub specversion: String,
    /// Unique per event; consumers de-duplicate by it.
    pub id: Uuid,
    /// The service that tells it, for example `/entity-service`.
    pub source: String,
    /// What happened, with the version of the data's form; also the routing key.
    #[serde(rename = "type")]
    pub kind: String,
    /// The record it is about: `submission/42` or `task/86abc`.
    pub subject: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    #[serde(default = "json_content_type")]
    pub datacontenttype: String,
    /// Extension: one id from the form to the task and back.
    pub correlationid: String,
    /// Extension (distributed tracing): the W3C trace context of the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Facts, by type of event.
    pub data: Value,
}

fn json_content_type() -> String {
    "application/json".to_owned()
}

impl CloudEvent {
    /// An event about `subject`.
    #[must_use]
    pub fn new(
        id: Uuid,
        source: &str,
        kind: &str,
        subject: String,
        time: DateTime<Utc>,
        correlation: String,
    ) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id,
            source: source.to_owned(),
            kind: kind.to_owned(),
            subject,
            time,
            datacontenttype: json_content_type(),
            correlationid: correlation,
            traceparent: None,
            data: Value::Null,
        }
    }

    /// The submission that the event is about, if it is about one.
    #[must_use]
    pub fn submission_id(&self) -> Option<i64> {
        self.subject.strip_prefix("submission/")?.parse().ok()
    }
}

/// Data of the events about submissions: enough to keep counts without asking back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionFacts {
    /// The submission.
    pub submission_id: i64,
    /// Its version after the change.
    pub version: i64,
    /// Calendar day (UTC) on which it came in.
    pub created_on: NaiveDate,
    /// Status after the change.
    pub status: String,
    /// Status before the change, when the status changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_status: Option<String>,
    /// `homebuyer` or `developer`.
    pub buyer_category: String,
    /// Who caused it: `public`, `clickup`, `admin-token` …
    pub actor: String,
}

/// Data of [`SUBMISSION_IMPORTED`]: the predecessor may know neither day nor status, and may change both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFacts {
    /// The submission.
    pub submission_id: i64,
    /// Its version afterwards.
    pub version: i64,
    /// Calendar day (UTC) on which it came in; 1970-01-01 when that is not known.
    pub created_on: NaiveDate,
    /// Status afterwards, as it was written; empty when there is none.
    pub status: String,
    /// The day before, when it was taken over before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_created_on: Option<NaiveDate>,
    /// Status before, when it was taken over before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_status: Option<String>,
    /// `homebuyer`, `developer`, or what stands there.
    pub buyer_category: String,
    /// Always `import`.
    pub actor: String,
}

/// Data of [`CLICKUP_TASK_HINT`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskHint {
    /// The delivery in the webhook ledger.
    pub delivery_id: Uuid,
    /// Name of our webhook, the last part of its path.
    pub webhook: String,
    /// ClickUp's event, for example `taskStatusUpdated`.
    pub event: String,
    /// The task.
    pub task_id: String,
    /// ClickUp's history items reduced to what decides whether it is our own echo: `field`, `after`, `date`, `user.id`.
    pub history: Vec<HistoryItem>,
}

/// What changed, as ClickUp's webhook tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryItem {
    /// Id of the history item: shared by the twins of one change.
    pub id: String,
    /// `status`, `priority`, `custom_field`, …
    pub field: String,
    /// The custom field's id when `field` is `custom_field`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_field_id: Option<String>,
    /// The value after the change, untouched, for fields without personal data (status, priority, drop-down options);
    /// `None` when it was withheld: then only asking ClickUp tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// ClickUp's clock, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_ms: Option<i64>,
    /// The ClickUp user that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
}

/// A message body that is not an event or a batch of events.
#[derive(Debug, thiserror::Error)]
#[error("message body is not a cloud event or a batch of them")]
pub struct DecodeError {
    #[source]
    source: serde_json::Error,
}

/// The events of a message body, whether one or a batch.
///
/// # Errors
/// When the body is neither.
pub fn decode(content_type: &str, payload: &[u8]) -> Result<Vec<CloudEvent>, DecodeError> {
    let decoded = if content_type == CONTENT_TYPE_BATCH {
        serde_json::from_slice(payload)
    } else {
        serde_json::from_slice(payload).map(|event| vec![event])
    };
    decoded.map_err(|source| DecodeError { source })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A message that an older process may have left in a queue must still decode.
    const GOLDEN: &str = r#"{"specversion":"1.0","id":"01890a5d-ac96-774b-bcce-b302099a8057","source":"/entity-service",
        "type":"keylight.submission.created.v1","subject":"submission/42","time":"2026-11-22T06:28:55.194Z",
        "datacontenttype":"application/json","correlationid":"c-1","unknownattribute":1,
        "data":{"submission_id":42,"version":1,"created_on":"2026-11-22","status":"new","buyer_category":"homebuyer","actor":"public"}}"#;

    #[test]
    fn golden_event_decodes() {
        let events = decode(CONTENT_TYPE, GOLDEN.as_bytes()).unwrap();
        assert_eq!(events[0].submission_id(), Some(42));
        let facts: SubmissionFacts = serde_json::from_value(events[0].data.clone()).unwrap();
        assert_eq!(
            (facts.status.as_str(), facts.previous_status),
            ("new", None)
        );
    }

    #[test]
    fn a_batch_is_an_array() {
        let body = format!("[{GOLDEN},{GOLDEN}]");
        assert_eq!(
            decode(CONTENT_TYPE_BATCH, body.as_bytes()).unwrap().len(),
            2
        );
        assert!(decode(CONTENT_TYPE, body.as_bytes()).is_err());
    }
}
