//! What others learn of a delivery: which task to look at, and of each change what helps to recognise our own echo.
//!
//! Values travel only for fields that cannot hold personal data. Names, descriptions, comments, assignees, texts,
//! e-mail addresses and places stay in the ledger.

use super::body::{Item, Kind, Reading};
use chrono::{DateTime, Utc};
use keylight_contracts::events::{CLICKUP_TASK_HINT, CloudEvent, HistoryItem, TaskHint};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Types of custom fields whose values are chosen or counted, never written; with the numbers that old webhooks use.
const OPEN_TYPES: [&str; 14] = [
    "drop_down",
    "1",
    "date",
    "4",
    "checkbox",
    "6",
    "number",
    "7",
    "currency",
    "8",
    "emoji",
    "11",
    "labels",
    "13",
];
/// What of a status or priority object is handed on.
const OPEN_KEYS: [&str; 6] = ["id", "status", "priority", "type", "orderindex", "color"];
/// Longest text and longest list that are handed on.
const LONGEST_TEXT: usize = 256;
const LONGEST_LIST: usize = 100;
/// Changes that one hint tells at the most.
const MOST_CHANGES: usize = 100;

/// The event to publish for a delivery; `None` when it is not about a task.
#[must_use]
pub fn event(
    reading: &Reading,
    webhook: &str,
    delivery_id: Uuid,
    received_at: DateTime<Utc>,
    traceparent: Option<String>,
) -> Option<CloudEvent> {
    if reading.kind != Kind::Task {
        return None;
    }
    // The rest of a list must not look like the whole: no history at all means that only ClickUp knows.
    let history = if reading.items.len() <= MOST_CHANGES {
        reading
            .items
            .iter()
            .map(|item| item.as_ref().map_or_else(unreadable, told))
            .collect()
    } else {
        Vec::new()
    };
    let hint = TaskHint {
        delivery_id,
        webhook: webhook.to_owned(),
        event: reading.event.clone(),
        task_id: reading.object_id.clone(),
        history,
    };
    let mut event = CloudEvent::new(
        delivery_id,
        "/webhook-gateway",
        CLICKUP_TASK_HINT,
        format!("task/{}", reading.object_id),
        received_at,
        // what staff do in ClickUp begins here
        delivery_id.to_string(),
    );
    event.traceparent = traceparent;
    event.data =
        serde_json::to_value(hint).expect("a struct of texts, numbers and JSON values is JSON");
    Some(event)
}

/// Stands for a change that could not be read, so that nobody concludes anything from the others.
fn unreadable() -> HistoryItem {
    HistoryItem {
        id: String::new(),
        field: String::new(),
        custom_field_id: None,
        after: None,
        date_ms: None,
        user_id: None,
    }
}

fn told(item: &Item) -> HistoryItem {
    HistoryItem {
        id: short(&item.id),
        field: short(&item.field),
        custom_field_id: item.custom_field.as_ref().map(|(id, _)| short(id)),
        after: open_value(item),
        date_ms: item.date_ms,
        user_id: item.user_id,
    }
}

/// PostgreSQL's JSON, where consumers may keep it, takes no NUL.
fn short(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(64).collect()
}

fn open_value(item: &Item) -> Option<Value> {
    match item.field.as_str() {
        "status" | "priority" => match &item.after {
            Value::Object(object) => {
                let open: Map<_, _> = object
                    .iter()
                    .filter(|(key, value)| {
                        OPEN_KEYS.contains(&key.as_str()) && is_open_scalar(value)
                    })
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                Some(Value::Object(open))
            }
            value if is_open_scalar(value) => Some(value.clone()),
            _ => None,
        },
        "custom_field" => {
            let (_, of_type) = item.custom_field.as_ref()?;
            let is_open = OPEN_TYPES.contains(&of_type.as_str())
                && match &item.after {
                    Value::Array(values) => {
                        values.len() <= LONGEST_LIST && values.iter().all(is_open_scalar)
                    }
                    value => is_open_scalar(value),
                };
            is_open.then(|| item.after.clone())
        }
        _ => None,
    }
}

fn is_open_scalar(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= LONGEST_TEXT && !text.contains('\0'),
        Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{super::body, *};
    use serde_json::json;

    fn hint_of(body: &Value) -> Option<TaskHint> {
        let event = event(
            &body::read(body.to_string().as_bytes()),
            "intake",
            Uuid::from_u128(7),
            DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            None,
        )?;
        assert_eq!(
            (event.kind.as_str(), event.id),
            (CLICKUP_TASK_HINT, Uuid::from_u128(7))
        );
        assert_eq!(
            event.subject,
            format!("task/{}", body["task_id"].as_str().unwrap())
        );
        // as it looks after the journey
        let event: CloudEvent =
            serde_json::from_slice(&serde_json::to_vec(&event).unwrap()).unwrap();
        Some(serde_json::from_value(event.data).unwrap())
    }

    fn after_of(item: Value) -> Option<Value> {
        let hint =
            hint_of(&json!({"event": "taskUpdated", "task_id": "9", "history_items": [item]}))
                .unwrap();
        hint.history[0].after.clone()
    }

    #[test]
    fn values_that_are_chosen_or_counted_travel() {
        let status =
            json!({"status": "reviewed", "color": "#fff", "orderindex": 1, "type": "custom"});
        assert_eq!(
            after_of(json!({"id": 1, "field": "status", "after": status})),
            Some(status)
        );
        let priority = json!({"id": "2", "priority": "high", "color": "#f00", "orderindex": "2"});
        assert_eq!(
            after_of(json!({"id": 1, "field": "priority", "after": priority})),
            Some(priority)
        );
        for (of_type, value) in [
            (
                json!("drop_down"),
                json!("5048f827-f16a-47b0-afec-5fd0e51b5f50"),
            ),
            (json!("labels"), json!(["a", "b"])),
            (json!("number"), json!("8")),
            (json!("checkbox"), json!("true")),
            (json!("date"), json!("1642735110657")),
            (json!(1), json!(3)),
        ] {
            let item = json!({"id": 1, "field": "custom_field", "after": value, "custom_field": {"id": "f", "type": of_type}});
            assert_eq!(after_of(item), Some(value));
        }
    }

    #[test]
    fn what_people_wrote_does_not() {
        let words = "Jane Doe, +1 555 0100";
        for item in [
            json!({"id": 1, "field": "name", "after": words}),
            json!({"id": 1, "field": "content", "after": words}),
            json!({"id": 1, "field": "comment", "after": "12", "comment": {"text_content": words}}),
            json!({"id": 1, "field": "assignee_add", "after": {"id": 1, "email": words, "username": words}}),
            json!({"id": 1, "field": "status", "after": {"status": {"note": words}, "note": words}}),
            json!({"id": 1, "field": "custom_field", "after": words, "custom_field": {"id": "f", "type": "short_text", "name": words}}),
            json!({"id": 1, "field": "custom_field", "after": words, "custom_field": {"id": "f", "type": "phone"}}),
            json!({"id": 1, "field": "custom_field", "after": words}),
            json!({"id": 1, "field": "custom_field", "after": {"location": words}, "custom_field": {"id": "f", "type": "number"}}),
            json!({"id": 1, "field": "custom_field", "after": words.repeat(50), "custom_field": {"id": "f", "type": "drop_down"}}),
        ] {
            let item = json!({"event": "taskUpdated", "task_id": "9", "history_items": [item], "note": words});
            let text = serde_json::to_string(&hint_of(&item).unwrap()).unwrap();
            assert!(!text.contains("Jane") && !text.contains("555"), "{text}");
        }
    }

    #[test]
    fn who_when_and_which_field_travel() {
        let hint = hint_of(&json!({"event": "taskUpdated", "task_id": "86a", "history_items": [
            {"id": "1", "field": "custom_field", "date": "17", "user": {"id": 5}, "after": "x", "custom_field": {"id": "f-1", "type": "text"}},
            "not an item",
        ]}))
        .unwrap();
        assert_eq!(
            (
                hint.webhook.as_str(),
                hint.event.as_str(),
                hint.task_id.as_str()
            ),
            ("intake", "taskUpdated", "86a")
        );
        let item = &hint.history[0];
        assert_eq!(
            (
                item.custom_field_id.as_deref(),
                item.date_ms,
                item.user_id,
                &item.after
            ),
            (Some("f-1"), Some(17), Some(5), &None)
        );
        assert_eq!(
            hint.history[1],
            unreadable(),
            "a change that cannot be read is told as such"
        );
    }

    #[test]
    fn consumers_can_keep_it_in_any_database() {
        let hint = hint_of(
            &json!({"event": "taskUpdated", "task_id": "9", "history_items": [
                {"id": "1\u{0}", "field": "sta\u{0}tus", "after": "a"},
                {"id": "2", "field": "status", "after": "a\u{0}b"},
                {"id": "3", "field": "status", "after": {"status": "a\u{0}b", "type": "open"}},
            ]}),
        )
        .unwrap();
        let text = serde_json::to_string(&hint).unwrap();
        assert!(!text.contains("u0000"), "{text}");
        assert_eq!(hint.history.len(), 3);
    }

    #[test]
    fn a_flood_of_changes_is_told_as_none() {
        let items: Vec<_> = (0..=MOST_CHANGES)
            .map(|n| json!({"id": n, "field": "status"}))
            .collect();
        let hint =
            hint_of(&json!({"event": "taskUpdated", "task_id": "9", "history_items": items}))
                .unwrap();
        assert!(hint.history.is_empty());
    }

    #[test]
    fn other_things_than_tasks_make_no_hint() {
        let reading = body::read(br#"{"event":"listUpdated","list_id":"7"}"#);
        assert!(event(&reading, "intake", Uuid::nil(), DateTime::UNIX_EPOCH, None).is_none());
    }
}
