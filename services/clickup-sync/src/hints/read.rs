//! History items of a webhook, in our words.

use keylight_contracts::events::HistoryItem;
use keylight_domain::sync::hint::{Change, Topic, topic};
use keylight_domain::sync::{Field, Mapping, Value};
use serde_json::Value as Json;

/// The changes that history items tell.
#[must_use]
pub fn changes_of(
    history: &[HistoryItem],
    mapping: &Mapping,
    our_user: Option<i64>,
) -> Vec<Change> {
    history
        .iter()
        .map(|item| change_of(item, mapping, our_user))
        .collect()
}

fn change_of(item: &HistoryItem, mapping: &Mapping, our_user: Option<i64>) -> Change {
    let custom = item.custom_field_id.as_deref();
    let topic = topic(
        &item.field,
        custom.is_some(),
        custom.and_then(|id| mapping.field_with_id(id)),
    );
    let after = match topic {
        Topic::Field(field) => item
            .after
            .as_ref()
            .and_then(|after| value_of(field, after, mapping)),
        Topic::Other | Topic::Unknown => None,
    };
    // an unknown or missing user is never us
    let by_us = our_user.is_some() && item.user_id == our_user;
    Change {
        topic,
        after,
        at_ms: item.date_ms,
        by_us,
    }
}

fn value_of(field: Field, after: &Json, mapping: &Mapping) -> Option<Value> {
    match field {
        Field::Status => {
            let name = after.get("status").unwrap_or(after).as_str()?;
            Some(mapping.status_value(name))
        }
        Field::Priority => {
            let name = after.get("priority").unwrap_or(after).as_str()?;
            Some(Value::code(&name.to_lowercase()))
        }
        // an option that is not known may be one that was added since
        custom if custom.is_custom() => {
            let value = mapping.read(custom, &[], Some(after));
            (!matches!(value, Value::Foreign(_))).then_some(value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keylight_domain::sync::mapping::{Document, FieldShape, Kind, ListShape, OptionShape};
    use serde_json::json;

    fn mapping() -> Mapping {
        let option = OptionShape {
            id: "o-1".to_owned(),
            name: "Owns land".to_owned(),
            place: Some(0),
        };
        let land = FieldShape {
            id: "f-land".to_owned(),
            name: "Land".to_owned(),
            kind: Some(Kind::DropDown),
            options: vec![option],
        };
        let shape = ListShape {
            name: String::new(),
            statuses: vec!["New".to_owned(), "reviewed".to_owned()],
            fields: vec![land],
        };
        Mapping::of(&Document::default(), "1", &shape)
    }

    fn item(field: &str, custom: Option<&str>, after: Json) -> HistoryItem {
        HistoryItem {
            id: "1".to_owned(),
            field: field.to_owned(),
            custom_field_id: custom.map(ToOwned::to_owned),
            after: Some(after),
            date_ms: Some(5),
            user_id: Some(1),
        }
    }

    #[test]
    fn values_in_our_words() {
        let items = [
            item("status", None, json!({"status": "new", "type": "open"})),
            item("priority", None, json!({"id": "2", "priority": "High"})),
            item("custom_field", Some("f-land"), json!("o-1")),
            item("custom_field", Some("f-land"), json!("o-9")),
            item("custom_field", Some("f-else"), json!("o-1")),
            item("status", None, json!(7)),
        ];
        let changes = changes_of(&items, &mapping(), Some(1));
        let told: Vec<_> = changes
            .iter()
            .map(|change| (change.topic, change.after.clone()))
            .collect();
        assert_eq!(
            told,
            [
                (Topic::Field(Field::Status), Some(Value::code("new"))),
                (Topic::Field(Field::Priority), Some(Value::code("high"))),
                (Topic::Field(Field::Land), Some(Value::code("own_land"))),
                (Topic::Field(Field::Land), None),
                (Topic::Other, None),
                (Topic::Field(Field::Status), None),
            ]
        );
        assert!(changes.iter().all(|change| change.by_us));
        assert!(!changes_of(&items[..1], &mapping(), None)[0].by_us);
    }
}
