//! Reading request bodies as leniently as the real service: unknown keys are ignored, and so are
//! values of the wrong type.

use axum::body::Bytes;
use serde_json::{Map, Value};

use crate::errors::ApiError;

/// The JSON object of a body.
///
/// # Errors
/// 400 when it is none.
pub(crate) fn object(bytes: &Bytes) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        _ => Err(ApiError::BAD_JSON),
    }
}

/// A key that may be absent, null or a value: `None`, `Some(None)`, `Some(Some(value))`. A value
/// of the wrong type counts as absent.
pub(crate) fn optional<'a, T>(
    body: &'a Map<String, Value>,
    key: &str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Option<Option<T>> {
    match body.get(key)? {
        Value::Null => Some(None),
        value => read(value).map(Some),
    }
}

pub(crate) fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    body.get(key)?.as_str()
}

pub(crate) fn flag(body: &Map<String, Value>, key: &str) -> Option<bool> {
    body.get(key)?.as_bool()
}

/// Integers of an array; others are skipped. `None` when it is no array.
pub(crate) fn integers(value: Option<&Value>) -> Option<Vec<u64>> {
    let list = value?.as_array()?;
    Some(list.iter().filter_map(Value::as_u64).collect())
}
