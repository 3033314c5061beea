//! Values of custom fields as they are read.
//!
//! Stored: text as a string, numbers as numbers, dates as integer milliseconds, a drop-down as its
//! option id, labels, users and tasks as arrays of ids, a checkbox as a boolean, files as objects.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{Field, FieldKind};
use crate::attachments::Attachment;
use crate::options::NumericFields;
use crate::state::Workspace;
use crate::tasks::model::Task;
use crate::tasks::render::person;
use crate::tasks::view::View;

/// The value as the API reads it; `None` when the field is unset, which leaves out its key.
pub(crate) fn render(view: &View, field: &Field, task: &Task) -> Option<Value> {
    match field.kind {
        FieldKind::AutomaticProgress => return Some(automatic_progress(task)),
        FieldKind::Formula => return formula(view, field, task),
        _ => {}
    }
    let stored = task.fields.get(&field.id)?;
    let workspace = &*view.workspace;
    Some(match field.kind {
        FieldKind::Number => numeric(view, stored, true),
        FieldKind::Currency | FieldKind::Emoji => numeric(view, stored, false),
        FieldKind::Date => json!(plain_text(stored)),
        FieldKind::Checkbox => json!(if stored.as_bool() == Some(true) {
            "true"
        } else {
            "false"
        }),
        FieldKind::DropDown => stored
            .as_str()
            .and_then(|id| field.option_place(id))
            .map_or(Value::Null, |place| json!(place)),
        FieldKind::Users => each(stored)
            .filter_map(Value::as_u64)
            .filter_map(|id| workspace.user(id))
            .map(person)
            .collect(),
        FieldKind::Tasks | FieldKind::ListRelationship => each(stored)
            .filter_map(Value::as_str)
            .map(|id| view.related(id))
            .collect(),
        FieldKind::Attachment => each(stored)
            .filter_map(|file| Attachment::deserialize(file).ok())
            .map(|file| file.object(workspace))
            .collect(),
        FieldKind::ManualProgress => {
            let (start, end) = field.progress_range();
            let share = (stored.as_f64().unwrap_or(start) - start) / (end - start).max(1.0);
            json!({
                "current": plain_text(stored),
                "percent_completed": (share * 100.0).round() as i64,
            })
        }
        _ => stored.clone(),
    })
}

fn each(stored: &Value) -> impl Iterator<Item = &Value> {
    stored.as_array().into_iter().flatten()
}

fn numeric(view: &View, stored: &Value, text_when_mixed: bool) -> Value {
    let as_text = match view.numeric_fields {
        NumericFields::Mixed => text_when_mixed,
        NumericFields::Text => true,
        NumericFields::Number => false,
    };
    if as_text {
        json!(plain_text(stored))
    } else {
        stored.clone()
    }
}

/// The share of checklist items that are done; another key than that of manual progress.
fn automatic_progress(task: &Task) -> Value {
    let items = || task.checklists.iter().flat_map(|list| &list.items);
    let done = items().filter(|item| item.resolved).count();
    json!({"percent_complete": (done * 100).checked_div(items().count()).unwrap_or(0)})
}

/// The sum of the task's number and currency fields.
fn formula(view: &View, field: &Field, task: &Task) -> Option<Value> {
    let parts: Vec<f64> = view
        .workspace
        .fields
        .iter()
        .filter(|other| matches!(other.kind, FieldKind::Number | FieldKind::Currency))
        .filter(|other| other.id != field.id)
        .filter_map(|other| task.fields.get(&other.id)?.as_f64())
        .collect();
    let sum = (!parts.is_empty()).then(|| parts.iter().sum::<f64>())?;
    Some(numeric(view, &json!(sum), true))
}

/// The value as it stands in a webhook: raw, with option ids.
pub(crate) fn in_event(field: &Field, stored: Option<&Value>) -> Value {
    match (field.kind, stored) {
        (_, None) => Value::Null,
        (
            FieldKind::Number | FieldKind::Currency | FieldKind::Date | FieldKind::Checkbox,
            Some(value),
        ) => json!(plain_text(value)),
        (FieldKind::Attachment, Some(value)) => {
            each(value).map(|file| file["id"].clone()).collect()
        }
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
        (FieldKind::Tasks | FieldKind::ListRelationship, Value::Array(ids)) => {
            let ids: Vec<_> = ids.iter().filter_map(Value::as_str).collect();
            ids.join(", ")
        }
        (FieldKind::Attachment, Value::Array(files)) => {
            let titles = files.iter().filter_map(|file| file["title"].as_str());
            titles.collect::<Vec<_>>().join(", ")
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
