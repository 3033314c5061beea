//! A task as our rules see it, and our values as ClickUp takes them.

use super::options;
use keylight_clickup::{CreateTask, FieldInput, FieldWrite, Location, Priority, Task, UpdateTask};
use keylight_domain::sync::mapping::{Written, codec::Datum};
use keylight_domain::sync::{Field, Mapping, Value, View};

/// The fields of a task, in our words. Fields that do not apply to it are missing.
#[must_use]
pub fn view_of(task: &Task, mapping: &Mapping) -> View {
    let mut view = View::default();
    if let Some(status) = &task.status {
        view.set(Field::Status, mapping.status_value(&status.name));
    }
    if let Some(name) = &task.name {
        view.set(Field::Name, Value::text(name));
    }
    view.set(Field::Description, Value::text(task.plain_description()));
    view.set(
        Field::Priority,
        task.priority
            .map_or(Value::Unset, |priority| Value::code(priority.as_str())),
    );
    for (field, target) in mapping.targets() {
        if let Some(found) = task.field(&target.id) {
            let value = target.read(&options(&found.definition), found.value.as_ref());
            view.set(field, value);
        }
    }
    view
}

fn priority_of(value: &Value) -> Option<Priority> {
    let code = value.as_code()?;
    [
        Priority::Urgent,
        Priority::High,
        Priority::Normal,
        Priority::Low,
    ]
    .into_iter()
    .find(|one| one.as_str() == code)
}

/// A value of a custom field, in the form that the client sends.
#[must_use]
pub fn field_write(written: Written) -> FieldWrite {
    match written.datum {
        Datum::Choice(id) => FieldWrite::Choice(id),
        Datum::Choices(ids) => FieldWrite::Labels(ids.into_iter().collect()),
        Datum::Text(text) => FieldWrite::Text(text),
        Datum::Number(number) => FieldWrite::Number(number),
        Datum::Moment(at) => FieldWrite::Date {
            at,
            with_time: written.time,
        },
        Datum::Flag(on) => FieldWrite::Checkbox(on),
        Datum::Place { lat, lng, address } => FieldWrite::Location(Location {
            lat,
            lng,
            formatted_address: address,
        }),
    }
}

/// A new task with everything that the list has a place for.
#[must_use]
pub fn new_task(ours: &View, mapping: &Mapping) -> CreateTask {
    let words = |field| {
        ours.get(field)
            .and_then(Value::as_words)
            .map(ToOwned::to_owned)
    };
    let custom_fields = mapping.targets().filter_map(|(field, target)| {
        let written = target.write(ours.get(field)?)?;
        // an empty field is how ClickUp shows it anyway
        (!written.datum.is_empty()).then(|| FieldInput {
            id: target.id.clone(),
            value: field_write(written),
        })
    });
    CreateTask {
        name: words(Field::Name).unwrap_or_else(|| "Application".to_owned()),
        markdown_content: words(Field::Description),
        status: ours
            .get(Field::Status)
            .and_then(Value::as_code)
            .and_then(|code| mapping.status_name(code))
            .map(ToOwned::to_owned),
        priority: ours.get(Field::Priority).and_then(priority_of),
        custom_fields: custom_fields.collect(),
        ..CreateTask::default()
    }
}

/// The part of a push that goes into one update of the task.
#[must_use]
pub fn update(push: &View, mapping: &Mapping) -> UpdateTask {
    let words = |field| {
        push.get(field)
            .map(|value| value.as_words().unwrap_or("").to_owned())
    };
    UpdateTask {
        name: words(Field::Name).filter(|name| !name.is_empty()),
        markdown_content: words(Field::Description),
        status: push
            .get(Field::Status)
            .and_then(Value::as_code)
            .and_then(|code| mapping.status_name(code))
            .map(ToOwned::to_owned),
        priority: push.get(Field::Priority).map(priority_of),
        ..UpdateTask::default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    /// The mapping proves that its own form of a value survives the way out and back; what the client sends must be that form.
    #[test]
    fn the_client_sends_what_the_mapping_means() {
        for datum in [
            Datum::Choice("o-1".into()),
            Datum::Choices(["b".into(), "a".into()].into()),
            Datum::Text("Zoë".into()),
            Datum::Number(-28.5),
            Datum::Number(8000.0),
            Datum::Moment(1_667_367_645_000),
            Datum::Flag(false),
            Datum::Place {
                lat: -28.016_667,
                lng: 153.4,
                address: "Gold Coast".into(),
            },
        ] {
            for time in [false, true] {
                let dated = matches!(datum, Datum::Moment(_));
                let written = Written {
                    datum: datum.clone(),
                    time,
                };
                let meant = written.value();
                let sent = serde_json::to_value(field_write(written)).unwrap();
                assert_eq!(sent["value"], meant);
                let options = sent.get("value_options").cloned();
                assert_eq!(options, dated.then(|| json!({ "time": time })));
            }
        }
    }
}
