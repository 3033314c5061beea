//! The body of a webhook delivery. A hint and nothing more: it may be late, doubled, out of order, or not come at all.

use serde::Deserialize;
use serde_json::Value;

use crate::model::lenient;

/// What ClickUp posts to a webhook. Only `event` is always there.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Delivery {
    /// For example `taskStatusUpdated`.
    pub event: String,
    /// The task, for events about one.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub task_id: Option<String>,
    /// The webhook, as the body claims; not authenticated by itself.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub webhook_id: Option<String>,
    /// What changed; missing and empty both occur.
    #[serde(default, deserialize_with = "lenient::skipping")]
    pub history_items: Vec<HistoryItem>,
}

/// One change of a delivery.
#[derive(Clone, PartialEq, Deserialize)]
pub struct HistoryItem {
    /// Shared by all deliveries that tell the same change.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// `status`, `priority`, `custom_field`, `content` …
    #[serde(default)]
    pub field: String,
    /// ClickUp's clock, epoch milliseconds.
    #[serde(default, deserialize_with = "lenient::millis")]
    pub date: Option<i64>,
    /// The value after the change, untouched.
    #[serde(default)]
    pub after: Value,
    #[serde(default, deserialize_with = "lenient::or_none")]
    user: Option<Ref>,
    #[serde(default, deserialize_with = "lenient::or_none")]
    custom_field: Option<Ref>,
}

#[derive(Clone, PartialEq, Deserialize)]
struct Ref {
    #[serde(deserialize_with = "lenient::id")]
    id: String,
}

impl HistoryItem {
    /// Who did it.
    #[must_use]
    pub fn user_id(&self) -> Option<i64> {
        self.user.as_ref()?.id.parse().ok()
    }

    /// The custom field that changed.
    #[must_use]
    pub fn custom_field_id(&self) -> Option<&str> {
        self.custom_field.as_ref().map(|field| field.id.as_str())
    }
}

impl std::fmt::Debug for HistoryItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryItem")
            .field("id", &self.id)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("event", &self.event)
            .field("task_id", &self.task_id)
            .field("history_items", &self.history_items)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bodies_without_history() {
        for body in [
            r#"{"event":"taskDeleted","task_id":"9hx","webhook_id":"w"}"#,
            r#"{"event":"taskDeleted","task_id":"9hx","history_items":[]}"#,
            r#"{"event":"taskDeleted","task_id":"9hx","history_items":null}"#,
        ] {
            let delivery: Delivery = serde_json::from_str(body).unwrap();
            assert_eq!(
                (delivery.task_id.as_deref(), delivery.history_items.len()),
                (Some("9hx"), 0)
            );
        }
    }

    #[test]
    fn a_custom_field_change() {
        let delivery: Delivery = serde_json::from_str(
            r#"{"event":"taskUpdated","task_id":"9hx","history_items":[{"id":2800771175285296851,"field":"custom_field",
                "date":"1642735110657","user":{"id":183,"email":"a@b.c"},"before":null,"after":"opt",
                "custom_field":{"id":"f-1","name":"Budget"}}]}"#,
        )
        .unwrap();
        let item = &delivery.history_items[0];
        assert_eq!(item.id, "2800771175285296851");
        assert_eq!(
            (item.user_id(), item.custom_field_id(), item.date),
            (Some(183), Some("f-1"), Some(1_642_735_110_657))
        );
        assert!(!format!("{delivery:?}").contains("opt"));
    }
}
