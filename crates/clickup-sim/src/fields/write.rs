//! What a write of a custom field value means.

use serde_json::{Value, json};

use super::{Field, FieldKind};
use crate::errors::ApiError;
use crate::state::World;
use crate::tasks::dates::snap_to_local_morning;

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
    world: &World,
    field: &Field,
    old: Option<&Value>,
    value: &Value,
    with_time: bool,
) -> Result<Write, ApiError> {
    if field.kind.is_read_only() {
        return Err(ApiError::FIELD_READ_ONLY);
    }
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
                snap_to_local_morning(millis, world.options.zone_offset_minutes)
            })
        }
        FieldKind::Checkbox => match value {
            Value::Bool(on) => json!(on),
            Value::String(text) if text == "true" => json!(true),
            Value::String(text) if text == "false" => json!(false),
            _ => return Err(bad),
        },
        FieldKind::Users => {
            let known = |id: &Value| world.workspace.user(id.as_u64()?).map(|_| id.clone());
            return Ok(add_and_remove(old, value, known, same));
        }
        FieldKind::Tasks | FieldKind::ListRelationship => {
            let known = |id: &Value| world.tasks.get(id.as_str()?).map(|_| id.clone());
            return Ok(add_and_remove(old, value, known, same));
        }
        FieldKind::Attachment => return files(world, field, old, value),
        // A click, which leaves nothing behind.
        FieldKind::Button if value == &Value::Bool(true) => return Ok(Write::Nothing),
        FieldKind::Button => return Err(bad),
        FieldKind::Emoji => {
            let most = field.config["count"].as_u64().unwrap_or(5);
            let stars = value.as_u64().filter(|stars| *stars <= most).ok_or(bad)?;
            json!(stars)
        }
        FieldKind::ManualProgress => {
            let current = value.get("current").and_then(Value::as_f64).ok_or(bad)?;
            let (start, end) = field.progress_range();
            json!(current.clamp(start, end.max(start)).round() as i64)
        }
        FieldKind::Location => location(value).ok_or(bad)?,
        FieldKind::AutomaticProgress
        | FieldKind::Formula
        | FieldKind::Votes
        | FieldKind::Rollup
        | FieldKind::Ai => return Err(ApiError::FIELD_READ_ONLY),
    };
    // An empty text is no value.
    if stored.as_str() == Some("") {
        return Ok(Write::Clear);
    }
    Ok(Write::Set(stored))
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

/// Changes a set by `{"add": […], "rem": […]}`. Anything else is accepted and stores nothing.
fn add_and_remove(
    old: Option<&Value>,
    value: &Value,
    known: impl Fn(&Value) -> Option<Value>,
    is: impl Fn(&Value, &Value) -> bool,
) -> Write {
    let Some(change) = value.as_object() else {
        return Write::Nothing;
    };
    let given = |key: &str| {
        change
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let mut now = old.and_then(Value::as_array).cloned().unwrap_or_default();
    now.retain(|kept| !given("rem").any(|removed| is(kept, removed)));
    for added in given("add").filter_map(&known) {
        if !now.iter().any(|kept| is(kept, &added)) {
            now.push(added);
        }
    }
    if now.is_empty() {
        Write::Clear
    } else {
        Write::Set(json!(now))
    }
}

fn same(kept: &Value, given: &Value) -> bool {
    kept == given
}

/// Files that were uploaded to this field before.
fn files(
    world: &World,
    field: &Field,
    old: Option<&Value>,
    value: &Value,
) -> Result<Write, ApiError> {
    let upload = |id: &Value| {
        world
            .uploads
            .get(id.as_str()?)
            .filter(|upload| upload.parent == field.id)
    };
    let added = value.get("add").and_then(Value::as_array);
    if added.into_iter().flatten().any(|id| upload(id).is_none()) {
        return Err(ApiError::FIELD_VALUE);
    }
    let known = |id: &Value| upload(id).map(|upload| json!(upload));
    let is = |kept: &Value, given: &Value| kept["id"] == *given || kept["id"] == given["id"];
    Ok(add_and_remove(old, value, known, is))
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
    use crate::fields::value::{for_people, in_event, render};
    use crate::tasks::model::Task;
    use crate::tasks::view::View;

    fn world() -> World {
        World::open(1, crate::options::Options::default(), None).unwrap()
    }

    fn field(world: &World, name: &str) -> Field {
        let found = world.workspace.fields.iter().find(|f| f.name == name);
        found.unwrap().clone()
    }

    fn write(name: &str, value: Value) -> Result<Write, &'static str> {
        let world = world();
        let field = field(&world, name);
        parse(&world, &field, None, &value, false).map_err(|error| error.ecode)
    }

    fn read(world: &World, field: &Field, stored: Value) -> Value {
        let mut task = Task::default();
        task.fields.insert(field.id.clone(), stored);
        let view = View::of(world, 0, []);
        render(&view, field, &task).unwrap()
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
        assert_eq!(read(&world, &field, stored.clone()), json!(2));
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
                Write::Set(stored) => read(&world, &field, stored),
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
