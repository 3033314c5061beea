//! The `custom_fields` filter of task pages.

use serde::Deserialize;
use serde_json::Value;

use super::write::integer_from;
use super::{Field, FieldKind};
use crate::errors::ApiError;
use crate::state::Workspace;
use crate::tasks::model::Task;

/// One condition.
#[derive(Debug, Deserialize)]
pub(crate) struct FieldFilter {
    field_id: String,
    operator: String,
    #[serde(default)]
    value: Value,
}

/// Reads the JSON text of the parameter; `custom_field` holds one condition without the array.
///
/// # Errors
/// Not JSON, an unknown field or an unknown operator.
pub(crate) fn parse(
    workspace: &Workspace,
    many: Option<&str>,
    one: Option<&str>,
) -> Result<Vec<FieldFilter>, ApiError> {
    let mut filters: Vec<FieldFilter> = match many {
        Some(text) => serde_json::from_str(text).map_err(|_| ApiError::BAD_FILTER)?,
        None => Vec::new(),
    };
    if let Some(text) = one {
        filters.push(serde_json::from_str(text).map_err(|_| ApiError::BAD_FILTER)?);
    }
    for filter in &filters {
        let Some(field) = workspace.field(&filter.field_id) else {
            return Err(ApiError::BAD_FILTER);
        };
        let known = match filter.operator.as_str() {
            // Labels know no equality.
            "=" | "!=" => field.kind != FieldKind::Labels,
            "<" | "<=" | ">" | ">=" | "IS NULL" | "IS NOT NULL" | "RANGE" | "ANY" | "ALL"
            | "NOT ANY" | "NOT ALL" => true,
            _ => false,
        };
        if !known {
            return Err(ApiError::BAD_FILTER);
        }
    }
    Ok(filters)
}

/// Whether a task meets one condition.
pub(crate) fn matches(workspace: &Workspace, task: &Task, filter: &FieldFilter) -> bool {
    let Some(field) = workspace.field(&filter.field_id) else {
        return false;
    };
    let stored = task.fields.get(&filter.field_id);
    let wanted = &filter.value;
    match filter.operator.as_str() {
        "IS NULL" => stored.is_none(),
        "IS NOT NULL" => stored.is_some(),
        "=" => stored.is_some_and(|stored| equal(field, stored, wanted)),
        "!=" => !stored.is_some_and(|stored| equal(field, stored, wanted)),
        "ANY" => any(field, stored, wanted),
        "NOT ANY" => !any(field, stored, wanted),
        "ALL" => all(field, stored, wanted),
        "NOT ALL" => !all(field, stored, wanted),
        "<" | "<=" | ">" | ">=" => stored
            .and_then(Value::as_f64)
            .zip(number(wanted))
            .is_some_and(|(have, limit)| match filter.operator.as_str() {
                "<" => have < limit,
                "<=" => have <= limit,
                ">" => have > limit,
                _ => have >= limit,
            }),
        "RANGE" => {
            let low = wanted.get("low_value").or_else(|| wanted.get(0));
            let high = wanted.get("high_value").or_else(|| wanted.get(1));
            stored.and_then(Value::as_f64).is_some_and(|have| {
                low.and_then(number).is_none_or(|low| have >= low)
                    && high.and_then(number).is_none_or(|high| have <= high)
            })
        }
        _ => false,
    }
}

fn equal(field: &Field, stored: &Value, wanted: &Value) -> bool {
    match field.kind {
        FieldKind::DropDown => {
            let place = stored.as_str().and_then(|id| field.option_place(id));
            stored == wanted
                || place.is_some_and(|place| integer_from(wanted) == i64::try_from(place).ok())
        }
        FieldKind::Checkbox => {
            let text = if stored.as_bool() == Some(true) {
                "true"
            } else {
                "false"
            };
            stored == wanted || wanted.as_str() == Some(text)
        }
        _ => {
            stored == wanted
                || stored
                    .as_f64()
                    .zip(number(wanted))
                    .is_some_and(|(have, want)| have == want)
        }
    }
}

fn any(field: &Field, stored: Option<&Value>, wanted: &Value) -> bool {
    let Some(stored) = stored else {
        return false;
    };
    let wanted: &[Value] = match wanted {
        Value::Array(list) => list,
        single => std::slice::from_ref(single),
    };
    match stored {
        Value::Array(have) => have.iter().any(|have| wanted.iter().any(|w| same(have, w))),
        single => wanted.iter().any(|want| equal(field, single, want)),
    }
}

fn all(field: &Field, stored: Option<&Value>, wanted: &Value) -> bool {
    let Some(stored) = stored else {
        return false;
    };
    let Value::Array(wanted) = wanted else {
        return equal(field, stored, wanted);
    };
    match stored {
        Value::Array(have) => wanted.iter().all(|want| have.iter().any(|h| same(h, want))),
        single => wanted.iter().all(|want| equal(field, single, want)),
    }
}

/// Ids come as numbers and as text.
fn same(have: &Value, want: &Value) -> bool {
    have == want || (have.is_number() && integer_from(have) == integer_from(want))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
