//! What a custom field holds, read from the many forms that one value has.

use serde_json::Value;

use super::field::{Chosen, TaskField};
use super::field_kind::FieldKind;
use super::lenient;

/// What a custom field holds.
#[derive(Clone, PartialEq)]
pub enum FieldValue {
    /// Text of one or many lines, an e-mail address, a phone number, an address on the web. Never empty.
    Text(String),
    /// A number or an amount of money. ClickUp reckons in floats itself.
    Number(f64),
    /// Id of the chosen option.
    Choice(String),
    /// Ids of the chosen labels, in ClickUp's order. Never empty.
    Labels(Vec<String>),
    /// Epoch milliseconds. Whether the time of day counts is not said; a date without time comes back as 04:00 of that day
    /// in the time zone of the token's user.
    Date(i64),
    /// Yes or no.
    Checkbox(bool),
    /// Ids of users. Never empty.
    Users(Vec<i64>),
    /// Ids of tasks. Never empty.
    Tasks(Vec<String>),
    /// Stars.
    Rating(u32),
    /// Progress: of a manual field where it stands on its scale, of an automatic one in per cent.
    Progress(f64),
    /// A place.
    Location(Location),
    /// Ids of attachments. Never empty.
    Files(Vec<String>),
}
hide_content!(FieldValue);

/// A place.
#[derive(Clone, PartialEq)]
pub struct Location {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lng: f64,
    /// As people write it.
    pub formatted_address: String,
}
hide_content!(Location);

/// What reading a field gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// The field is empty.
    Unset,
    /// It holds this.
    Value(FieldValue),
    /// It holds something that this client does not understand, or an option that is not among those of the answer. Not to
    /// be taken for empty.
    Unreadable,
}

impl Reading {
    /// The value, if there is one that was understood.
    #[must_use]
    pub fn value(&self) -> Option<&FieldValue> {
        match self {
            Reading::Value(value) => Some(value),
            Reading::Unset | Reading::Unreadable => None,
        }
    }
}

impl TaskField {
    /// What the field holds. Options of drop-downs are told by the definition that came with the value, since their places
    /// are not stable.
    #[must_use]
    pub fn read(&self) -> Reading {
        let raw = match &self.value {
            None | Some(Value::Null) => return Reading::Unset,
            Some(Value::String(text)) if text.is_empty() => return Reading::Unset,
            Some(Value::Array(items)) if items.is_empty() => return Reading::Unset,
            Some(raw) => raw,
        };
        if self.definition.kind() == FieldKind::DropDown {
            return match self.chosen() {
                Chosen::Nothing => Reading::Unset,
                Chosen::Option(option) => Reading::Value(FieldValue::Choice(option.id.clone())),
                Chosen::Unknown => Reading::Unreadable,
            };
        }
        understand(self.definition.kind(), raw).map_or(Reading::Unreadable, Reading::Value)
    }
}

fn understand(kind: FieldKind, raw: &Value) -> Option<FieldValue> {
    Some(match kind {
        FieldKind::ShortText
        | FieldKind::Text
        | FieldKind::Email
        | FieldKind::Phone
        | FieldKind::Url => FieldValue::Text(text_of(raw)?),
        FieldKind::Number | FieldKind::Currency => FieldValue::Number(lenient::number_of(raw)?),
        FieldKind::Formula => match lenient::number_of(raw) {
            Some(number) => FieldValue::Number(number),
            None => FieldValue::Text(raw.as_str()?.to_owned()),
        },
        FieldKind::Labels => FieldValue::Labels(ids_of(raw)?),
        FieldKind::Date => FieldValue::Date(lenient::whole_of(raw)?),
        FieldKind::Checkbox => FieldValue::Checkbox(switch_of(raw)?),
        FieldKind::Users => FieldValue::Users(
            ids_of(raw)?
                .iter()
                .map(|id| id.parse().ok())
                .collect::<Option<_>>()?,
        ),
        FieldKind::Tasks => FieldValue::Tasks(ids_of(raw)?),
        FieldKind::Files => FieldValue::Files(ids_of(raw)?),
        FieldKind::Rating => FieldValue::Rating(u32::try_from(lenient::whole_of(raw)?).ok()?),
        FieldKind::ManualProgress => FieldValue::Progress(lenient::number_of(raw.get("current")?)?),
        FieldKind::AutomaticProgress => FieldValue::Progress(
            ["percent_complete", "percent_completed"]
                .into_iter()
                .find_map(|key| lenient::number_of(raw.get(key)?))?,
        ),
        FieldKind::Location => {
            let at = raw.get("location")?;
            FieldValue::Location(Location {
                lat: lenient::number_of(at.get("lat")?)?,
                lng: lenient::number_of(at.get("lng")?)?,
                formatted_address: raw
                    .get("formatted_address")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            })
        }
        FieldKind::DropDown | FieldKind::Button | FieldKind::Other => return None,
    })
}

fn text_of(raw: &Value) -> Option<String> {
    match raw {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn switch_of(raw: &Value) -> Option<bool> {
    match raw {
        Value::Bool(on) => Some(*on),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Ids from a list of ids or of objects that have one; one strange element makes the whole unreadable, because a set that
/// lacks a member would look like a removal.
fn ids_of(raw: &Value) -> Option<Vec<String>> {
    raw.as_array()?
        .iter()
        .map(|item| text_of(item.get("id").unwrap_or(item)).filter(|id| !id.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn read(kind: &str, value: Value) -> Reading {
        let field: TaskField = serde_json::from_value(
            json!({"id": "f-1", "name": "F", "type": kind, "type_config": {}, "value": value}),
        )
        .unwrap();
        field.read()
    }

    fn value(kind: &str, value: Value) -> FieldValue {
        match read(kind, value.clone()) {
            Reading::Value(value) => value,
            other => panic!("{kind} {value} is {other:?}"),
        }
    }

    #[test]
    fn one_value_in_all_its_forms() {
        for kind in ["short_text", "text", "email", "phone", "url"] {
            assert!(value(kind, json!("a")) == FieldValue::Text("a".into()));
        }
        for kind in ["number", "currency", "formula"] {
            for form in [json!(8), json!("8"), json!(8.0), json!("8.0")] {
                assert!(value(kind, form) == FieldValue::Number(8.0));
            }
        }
        assert!(value("formula", json!("late")) == FieldValue::Text("late".into()));
        for form in [json!(1_667_367_645_000_i64), json!("1667367645000")] {
            assert!(value("date", form) == FieldValue::Date(1_667_367_645_000));
        }
        for form in [json!(true), json!("true")] {
            assert!(value("checkbox", form) == FieldValue::Checkbox(true));
        }
        assert!(value("checkbox", json!("false")) == FieldValue::Checkbox(false));
        for form in [
            json!([{"id": 183, "email": "a@b.c"}]),
            json!([183]),
            json!(["183"]),
        ] {
            assert!(value("users", form) == FieldValue::Users(vec![183]));
        }
        for kind in ["tasks", "list_relationship"] {
            assert!(
                value(kind, json!([{"id": "9hx", "name": "T"}]))
                    == FieldValue::Tasks(vec!["9hx".into()])
            );
        }
        for form in [json!(4), json!("4")] {
            assert!(value("emoji", form) == FieldValue::Rating(4));
        }
        for form in [
            json!({"current": "20", "percent_completed": 20}),
            json!({"current": 20}),
        ] {
            assert!(value("manual_progress", form) == FieldValue::Progress(20.0));
        }
        assert!(
            value("automatic_progress", json!({"percent_complete": 33.5}))
                == FieldValue::Progress(33.5)
        );
        assert!(
            value(
                "location",
                json!({"location": {"lat": -28.016_667, "lng": "153.4"}, "place_id": "x",
                       "formatted_address": "Gold Coast"})
            ) == FieldValue::Location(Location {
                lat: -28.016_667,
                lng: 153.4,
                formatted_address: "Gold Coast".into()
            })
        );
        assert!(
            value("labels", json!(["l-1", "l-2"]))
                == FieldValue::Labels(vec!["l-1".into(), "l-2".into()])
        );
        assert!(
            value("attachment", json!([{"id": "a.png", "title": "A"}]))
                == FieldValue::Files(vec!["a.png".into()])
        );
    }

    #[test]
    fn nothing_and_empty_are_unset() {
        for kind in [
            "short_text",
            "number",
            "labels",
            "users",
            "drop_down",
            "hologram",
        ] {
            for empty in [Value::Null, json!(""), json!([])] {
                assert_eq!(read(kind, empty), Reading::Unset, "{kind}");
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_not_empty() {
        for (kind, form) in [
            ("number", json!("many")),
            ("number", json!("NaN")),
            ("date", json!("tomorrow")),
            ("checkbox", json!("perhaps")),
            ("users", json!([{"name": "no id"}])),
            ("labels", json!(["l-1", {"broken": 1}])),
            ("location", json!({"formatted_address": "no place"})),
            ("manual_progress", json!(20)),
            ("emoji", json!(-1)),
            ("drop_down", json!(7)),
            ("votes", json!(3)),
            ("hologram", json!({"x": 1})),
        ] {
            assert_eq!(
                read(kind, form.clone()),
                Reading::Unreadable,
                "{kind} {form}"
            );
        }
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let shown = format!("{:?}", read("short_text", json!("555-123-4567")));
        assert!(!shown.contains("555"), "{shown}");
    }
}
