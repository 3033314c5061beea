//! Values of custom fields in their three forms: as written, as stored, as read.
//!
//! Stored: text as a string, numbers as numbers, dates as integer milliseconds, a drop-down as its
//! option id, labels and users as arrays of ids, a checkbox as a boolean.

use serde_json::{Value, json};

use super::{Field, FieldKind};
use crate::errors::ApiError;
use crate::state::Workspace;
use crate::tasks::dates::snap_to_local_morning;
use crate::tasks::render::person;

/// What a write means.
#[derive(Debug, PartialEq)]
pub(crate) enum Write {
    /// This is the value now.
    Set(Value),
    /// There is no value now.
    Clear,
    /// Accepted with 200, but nothing is stored.
    Nothing,
}

/// Reads the `value` of a write.
///
/// # Errors
/// 400 with the code of the field type.
pub(crate) fn parse(
    workspace: &Workspace,
    field: &Field,
    old: Option<&Value>,
    value: &Value,
    with_time: bool,
    zone_offset_minutes: i64,
) -> Result<Write, ApiError> {
    if value.is_null() {
        return Ok(Write::Clear);
    }
    let bad = ApiError::FIELD_VALUE;
    let stored = match field.kind {
        FieldKind::ShortText | FieldKind::Text => json!(value.as_str().ok_or(bad)?),
        FieldKind::Email => json!(value.as_str().filter(|text| is_email(text)).ok_or(bad)?),
        FieldKind::Url => json!(value.as_str().filter(|text| is_url(text)).ok_or(bad)?),
        FieldKind::Phone => json!(value.as_str().filter(|text| is_phone(text)).ok_or(bad)?),
        FieldKind::Number | FieldKind::Currency => match value {
            Value::Number(number) => json!(number),
            Value::String(text) => number_from(text).ok_or(bad)?,
            _ => return Err(bad),
        },
        FieldKind::DropDown => drop_down(field, value)?,
        FieldKind::Labels => labels(field, value)?,
        FieldKind::Date => {
            let millis = integer_from(value).ok_or(bad)?;
            json!(if with_time {
                millis
            } else {
                snap_to_local_morning(millis, zone_offset_minutes)
            })
        }
        FieldKind::Checkbox => match value {
            Value::Bool(on) => json!(on),
            Value::String(text) if text == "true" => json!(true),
            Value::String(text) if text == "false" => json!(false),
            _ => return Err(bad),
        },
        FieldKind::Users => return Ok(users(workspace, old, value)),
        FieldKind::Emoji => {
            let stars = value.as_u64().filter(|stars| *stars <= 5).ok_or(bad)?;
            json!(stars)
        }
        FieldKind::ManualProgress => {
            let current = value.get("current").and_then(Value::as_f64).ok_or(bad)?;
            json!(current.clamp(0.0, 100.0).round() as i64)
        }
        FieldKind::Location => location(value).ok_or(bad)?,
    };
    // An empty text is no value.
    if stored.as_str() == Some("") {
        return Ok(Write::Clear);
    }
    Ok(Write::Set(stored))
}

/// The value as the API reads it.
pub(crate) fn render(workspace: &Workspace, field: &Field, stored: &Value) -> Value {
    match field.kind {
        FieldKind::Number | FieldKind::Date => json!(plain_text(stored)),
        FieldKind::Checkbox => json!(if stored.as_bool() == Some(true) {
            "true"
        } else {
            "false"
        }),
        FieldKind::DropDown => stored
            .as_str()
            .and_then(|id| field.option_place(id))
            .map_or(Value::Null, |place| json!(place)),
        FieldKind::Users => stored
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .filter_map(|id| workspace.user(id))
            .map(person)
            .collect(),
        FieldKind::ManualProgress => json!({
            "current": plain_text(stored),
            "percent_completed": stored,
        }),
        _ => stored.clone(),
    }
}

/// The value as it stands in a webhook: raw, with option ids.
pub(crate) fn in_event(field: &Field, stored: Option<&Value>) -> Value {
    match (field.kind, stored) {
        (_, None) => Value::Null,
        (
            FieldKind::Number | FieldKind::Currency | FieldKind::Date | FieldKind::Checkbox,
            Some(value),
        ) => json!(plain_text(value)),
        (_, Some(value)) => value.clone(),
    }
}

/// The value for people: option names instead of ids.
pub(crate) fn for_people(workspace: &Workspace, field: &Field, stored: &Value) -> String {
    let option_name = |id: &str| {
        field
            .option_place(id)
            .map_or_else(|| id.to_owned(), |place| field.options[place].name.clone())
    };
    match (field.kind, stored) {
        (FieldKind::DropDown, Value::String(id)) => option_name(id),
        (FieldKind::Labels, Value::Array(ids)) => {
            let names: Vec<_> = ids
                .iter()
                .filter_map(Value::as_str)
                .map(option_name)
                .collect();
            names.join(", ")
        }
        (FieldKind::Users, Value::Array(ids)) => {
            let names: Vec<_> = ids
                .iter()
                .filter_map(Value::as_u64)
                .filter_map(|id| workspace.user(id))
                .map(|user| user.username.as_str())
                .collect();
            names.join(", ")
        }
        (FieldKind::Location, place) => place["formatted_address"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        (_, value) => plain_text(value),
    }
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn drop_down(field: &Field, value: &Value) -> Result<Value, ApiError> {
    let found = match value {
        Value::String(id) => field.option_place(id),
        Value::Number(place) => place
            .as_u64()
            .and_then(|place| usize::try_from(place).ok())
            .filter(|place| *place < field.options.len()),
        _ => None,
    };
    let place = found.ok_or(ApiError::FIELD_OPTION)?;
    Ok(json!(field.options[place].id))
}

fn labels(field: &Field, value: &Value) -> Result<Value, ApiError> {
    let ids = value.as_array().ok_or(ApiError::FIELD_LABELS)?;
    let known = ids.iter().all(|id| {
        id.as_str()
            .is_some_and(|id| field.option_place(id).is_some())
    });
    if known {
        Ok(value.clone())
    } else {
        Err(ApiError::FIELD_LABELS)
    }
}

fn users(workspace: &Workspace, old: Option<&Value>, value: &Value) -> Write {
    let Some(change) = value.as_object() else {
        return Write::Nothing;
    };
    let ids = |key: &str| -> Vec<u64> {
        change
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect()
    };
    let mut now: Vec<u64> = old
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    let removed = ids("rem");
    now.retain(|id| !removed.contains(id));
    for id in ids("add") {
        if !now.contains(&id) && workspace.user(id).is_some() {
            now.push(id);
        }
    }
    if now.is_empty() {
        Write::Clear
    } else {
        Write::Set(json!(now))
    }
}

fn location(value: &Value) -> Option<Value> {
    let lat = value.pointer("/location/lat")?.as_f64()?;
    let lng = value.pointer("/location/lng")?.as_f64()?;
    Some(json!({
        "location": {"lat": lat, "lng": lng},
        "place_id": null,
        "formatted_address": value["formatted_address"].as_str().unwrap_or_default(),
    }))
}

/// A number, also one that came as text.
fn number_from(text: &str) -> Option<Value> {
    if let Ok(whole) = text.trim().parse::<i64>() {
        return Some(json!(whole));
    }
    let parsed: f64 = text.trim().parse().ok()?;
    parsed.is_finite().then(|| json!(parsed))
}

pub(crate) fn integer_from(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return text.is_empty();
    };
    !local.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(char::is_whitespace)
        && !host.contains('@')
}

fn is_url(text: &str) -> bool {
    text.is_empty()
        || ["http://", "https://"].iter().any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty())
        })
}

/// With country code: `+1 201 555 0123`.
fn is_phone(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let Some(rest) = text.strip_prefix('+') else {
        return false;
    };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::state::World;

    fn world() -> World {
        World::open(1, crate::config::Options::default(), None).unwrap()
    }

    fn field(world: &World, name: &str) -> Field {
        let found = world.workspace.fields.iter().find(|f| f.name == name);
        found.unwrap().clone()
    }

    fn write(name: &str, value: Value) -> Result<Write, &'static str> {
        let world = world();
        let field = field(&world, name);
        parse(&world.workspace, &field, None, &value, false, -300).map_err(|error| error.ecode)
    }

    #[test]
    fn drop_down_takes_index_or_id_and_reads_as_index() {
        let world = world();
        let field = field(&world, "Budget");
        let by_index = write("Budget", json!(2)).unwrap();
        let by_id = write("Budget", json!(field.options[2].id)).unwrap();
        assert_eq!(by_index, by_id);
        let Write::Set(stored) = by_id else {
            panic!("not set")
        };
        assert_eq!(render(&world.workspace, &field, &stored), json!(2));
        assert_eq!(in_event(&field, Some(&stored)), json!(field.options[2].id));
        assert_eq!(for_people(&world.workspace, &field, &stored), "$350k–400k");
        assert_eq!(write("Budget", json!("$350k–400k")), Err("FIELD_011"));
        assert_eq!(write("Budget", json!(9)), Err("FIELD_011"));
    }

    #[test]
    fn types_differ_between_write_and_read() {
        let world = world();
        let shown = |name: &str, value: Value| {
            let field = field(&world, name);
            match write(name, value).unwrap() {
                Write::Set(stored) => render(&world.workspace, &field, &stored),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(shown("Modules", json!(8)), json!("8"));
        assert_eq!(shown("Permit granted", json!(true)), json!("true"));
        assert_eq!(shown("Contract sum", json!(8000)), json!(8000));
        // 2026-12-31T00:00Z lies on the 30th at UTC-5, whose 04:00 is 09:00Z.
        assert_eq!(
            shown("Delivery date", json!(1_798_675_200_000_i64)),
            json!("1798621200000")
        );
        let people = shown("Site manager", json!({"add": [2, 99], "rem": []}));
        assert_eq!(people[0]["username"], "Sam Staff");
        assert_eq!(people.as_array().unwrap().len(), 1);
    }

    #[test]
    fn wrong_types_are_refused_or_dropped() {
        assert_eq!(write("Site reference", json!(5)), Err("FIELD_375"));
        assert_eq!(write("E-mail", json!("nobody")), Err("FIELD_375"));
        assert_eq!(write("Phone", json!("201 555")), Err("FIELD_375"));
        assert_eq!(write("Options", json!(["Solar"])), Err("FIELD_146"));
        assert_eq!(write("Site manager", json!([1])), Ok(Write::Nothing));
        assert_eq!(write("Phone", Value::Null), Ok(Write::Clear));
    }
}
