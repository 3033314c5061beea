//! Reading a body that ClickUp signed. Whatever it holds, reading never fails: what cannot be understood is `Unknown`.
//!
//! The forms are described in ClickUp's webhook documentation; types differ between its samples and what was seen live,
//! so ids may be text or numbers, and anything may be missing.

use serde_json::{Map, Value};

/// What a delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A task.
    Task,
    /// A list.
    List,
    /// A folder.
    Folder,
    /// A space.
    Space,
    /// A goal.
    Goal,
    /// A key result of a goal.
    KeyResult,
    /// Nothing that we can read.
    Unknown,
}

impl Kind {
    /// The name in ledger and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Task => "task",
            Kind::List => "list",
            Kind::Folder => "folder",
            Kind::Space => "space",
            Kind::Goal => "goal",
            Kind::KeyResult => "key_result",
            Kind::Unknown => "unknown",
        }
    }
}

/// The beginning of an event's name, what it is about, and the key of its id. `keyResult` stands by itself; no name
/// begins like another one.
const KINDS: [(&str, Kind, &str); 6] = [
    ("task", Kind::Task, "task_id"),
    ("list", Kind::List, "list_id"),
    ("folder", Kind::Folder, "folder_id"),
    ("space", Kind::Space, "space_id"),
    ("goal", Kind::Goal, "goal_id"),
    ("keyResult", Kind::KeyResult, "key_result_id"),
];

/// A body as far as we need it.
#[derive(Clone, PartialEq)]
pub struct Reading {
    /// What it is about. `Unknown` has neither event nor object.
    pub kind: Kind,
    /// ClickUp's name for what happened, letters only.
    pub event: String,
    /// The id of what it happened to: letters, digits, `-` and `_`.
    pub object_id: String,
    /// The webhook, as the body says.
    pub webhook_id: Option<String>,
    /// The changes, one per element, in order; `None` where one cannot be read.
    pub items: Vec<Option<Item>>,
}

/// One change.
#[derive(Clone, PartialEq)]
pub struct Item {
    /// ClickUp's id of the change.
    pub id: String,
    /// What changed.
    pub field: String,
    /// The custom field's id and type, when that is what changed.
    pub custom_field: Option<(String, String)>,
    /// The value after the change.
    pub after: Value,
    /// When, in epoch milliseconds of ClickUp's clock.
    pub date_ms: Option<i64>,
    /// Who did it.
    pub user_id: Option<i64>,
    /// The text of the comment, when that is what changed.
    pub comment_text: Option<String>,
}

/// Reads a body.
#[must_use]
pub fn read(body: &[u8]) -> Reading {
    understood(body).unwrap_or_else(|| Reading {
        kind: Kind::Unknown,
        event: String::new(),
        object_id: String::new(),
        webhook_id: None,
        items: Vec::new(),
    })
}

fn understood(body: &[u8]) -> Option<Reading> {
    let Value::Object(mut object) = serde_json::from_slice(body).ok()? else {
        return None;
    };
    let event = object.get("event")?.as_str()?.to_owned();
    if event.len() > 64 || !event.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    // by its beginning: kinds of events that ClickUp adds later are about the same things
    let (_, kind, id_key) = KINDS
        .into_iter()
        .find(|(beginning, ..)| event.starts_with(beginning))?;
    let object_id = id_text(object.get(id_key)?).filter(|id| is_plain_id(id))?;
    let webhook_id = object.get("webhook_id").and_then(id_text);
    let items = match object.remove("history_items") {
        Some(Value::Array(items)) => items.into_iter().map(item).collect(),
        _ => Vec::new(),
    };
    Some(Reading {
        kind,
        event,
        object_id,
        webhook_id,
        items,
    })
}

fn is_plain_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&id.len()) && id.bytes().all(plain)
}

fn item(value: Value) -> Option<Item> {
    let Value::Object(mut object) = value else {
        return None;
    };
    let custom_field = object
        .get("custom_field")
        .and_then(Value::as_object)
        .and_then(|field| {
            let of_type = field.get("type").and_then(id_text).unwrap_or_default();
            Some((id_text(field.get("id")?)?, of_type))
        });
    Some(Item {
        id: id_text(object.get("id")?)?,
        field: object.get("field")?.as_str()?.to_owned(),
        custom_field,
        date_ms: object.get("date").and_then(whole),
        user_id: within(&object, "user", "id").and_then(whole),
        comment_text: within(&object, "comment", "text_content")
            .and_then(Value::as_str)
            .map(str::to_owned),
        after: object.remove("after").unwrap_or_default(),
    })
}

fn within<'a>(object: &'a Map<String, Value>, outer: &str, inner: &str) -> Option<&'a Value> {
    object.get(outer)?.get(inner)
}

fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        // integers are kept exactly, however long ClickUp's ids are
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_status_change() {
        let reading = read(
            br##"{"event":"taskStatusUpdated","task_id":"86abc","webhook_id":"w-1","team_id":"9",
                "history_items":[{"id":"28","field":"status","date":"1642735110657","user":{"id":183,"email":"a@b.c"},
                    "before":{"status":"new"},"after":{"status":"reviewed","color":"#f00"}}]}"##,
        );
        assert_eq!(
            (
                reading.kind,
                reading.event.as_str(),
                reading.object_id.as_str()
            ),
            (Kind::Task, "taskStatusUpdated", "86abc")
        );
        assert_eq!(reading.webhook_id.as_deref(), Some("w-1"));
        let item = reading.items[0].as_ref().unwrap();
        assert_eq!((item.id.as_str(), item.field.as_str()), ("28", "status"));
        assert_eq!(
            (item.date_ms, item.user_id),
            (Some(1_642_735_110_657), Some(183))
        );
        assert_eq!(item.after["status"], "reviewed");
    }

    #[test]
    fn history_may_be_missing_empty_or_odd() {
        for body in [
            r#"{"event":"taskDeleted","task_id":"9hx","webhook_id":"w"}"#,
            r#"{"event":"taskDeleted","task_id":"9hx","history_items":[]}"#,
            r#"{"event":"taskDeleted","task_id":"9hx","history_items":null}"#,
            r#"{"event":"taskDeleted","task_id":9,"history_items":{"a":1}}"#,
        ] {
            let reading = read(body.as_bytes());
            assert_eq!(
                (reading.kind, reading.items.len()),
                (Kind::Task, 0),
                "{body}"
            );
        }
        let odd = read(br#"{"event":"taskUpdated","task_id":"9","history_items":[7,{"id":5130984089419902638,"field":"name"},{}]}"#);
        assert_eq!(odd.items.len(), 3);
        assert!(odd.items[0].is_none() && odd.items[2].is_none());
        assert_eq!(odd.items[1].as_ref().unwrap().id, "5130984089419902638");
    }

    #[test]
    fn each_kind_has_its_own_id() {
        for (event, key, kind) in [
            ("taskMoved", "task_id", Kind::Task),
            ("listUpdated", "list_id", Kind::List),
            ("folderDeleted", "folder_id", Kind::Folder),
            ("spaceCreated", "space_id", Kind::Space),
            ("goalUpdated", "goal_id", Kind::Goal),
            ("keyResultUpdated", "key_result_id", Kind::KeyResult),
            ("taskBrandNewThing", "task_id", Kind::Task),
        ] {
            let reading = read(format!(r#"{{"event":"{event}","{key}":"x1"}}"#).as_bytes());
            assert_eq!(
                (reading.kind, reading.object_id.as_str()),
                (kind, "x1"),
                "{event}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_unknown() {
        let deep = "[".repeat(5000);
        for body in [
            "",
            "null",
            "[]",
            "{",
            r#"{"event":"taskUpdated"}"#,
            r#"{"event":"taskUpdated","task_id":null}"#,
            r#"{"event":"taskUpdated","task_id":"a b"}"#,
            r#"{"event":"taskUpdated","task_id":"../../x"}"#,
            "{\"event\":\"taskUpdated\",\"task_id\":\"a\\u0000b\"}",
            r#"{"event":"weatherChanged","task_id":"9"}"#,
            r#"{"event":{"a":1},"task_id":"9"}"#,
            r#"{"auto_id":"1","trigger_id":"2","payload":{}}"#,
            deep.as_str(),
        ] {
            assert_eq!(read(body.as_bytes()).kind, Kind::Unknown, "{body:.60}");
        }
        assert_eq!(read(b"\xff\xfe{}").kind, Kind::Unknown);
    }

    proptest! {
        #[test]
        fn no_body_breaks_it(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }
    }
}
