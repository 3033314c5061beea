//! As much of JSON Schema as the published files use.

use serde_json::{Map, Value};

/// Something that the schema does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Where, as a JSON pointer.
    pub at: String,
    pub what: String,
}

/// Follows `$ref`, a pointer into the same document.
pub fn resolve<'a>(document: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let pointer = reference
            .trim_start_matches('#')
            .replace("%7B", "{")
            .replace("%7D", "}");
        schema = document
            .pointer(&pointer)
            .unwrap_or_else(|| panic!("{reference} points nowhere"));
    }
    schema
}

/// What is wrong with `value`; keys that the schema does not know count, for the service ignores them without a word.
pub fn complaints(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<Complaint> {
    let schema = resolve(document, schema);
    if let Some(branches) = branches(schema) {
        let results: Vec<_> = branches
            .iter()
            .map(|branch| complaints(document, branch, value, at))
            .collect();
        if results.iter().any(Vec::is_empty) {
            return Vec::new();
        }
        return vec![complaint(at, "fits none of the alternatives")];
    }
    if !fits_type(schema, value) {
        return vec![complaint(
            at,
            &format!("{} is not {}", kind_of(value), schema["type"]),
        )];
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        return vec![complaint(at, "is none of the allowed values")];
    }
    match value {
        Value::Object(object) => in_object(document, schema, object, at),
        Value::Array(items) => match schema.get("items") {
            Some(of_items) => items
                .iter()
                .enumerate()
                .flat_map(|(place, item)| {
                    complaints(document, of_items, item, &format!("{at}/{place}"))
                })
                .collect(),
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn in_object(
    document: &Value,
    schema: &Value,
    object: &Map<String, Value>,
    at: &str,
) -> Vec<Complaint> {
    let known = schema.get("properties").and_then(Value::as_object);
    let missing = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| !object.contains_key(*name))
        .map(|name| complaint(&format!("{at}/{name}"), "is missing"));
    let present = object.iter().flat_map(|(name, value)| {
        let place = format!("{at}/{name}");
        match known.map(|known| known.get(name)) {
            // nothing is said of its keys
            None => Vec::new(),
            Some(None) => vec![complaint(&place, "is not in the schema")],
            Some(Some(of_value)) => complaints(document, of_value, value, &place),
        }
    });
    missing.chain(present).collect()
}

fn branches(schema: &Value) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"]
        .into_iter()
        .find_map(|key| schema.get(key)?.as_array())
}

fn complaint(at: &str, what: &str) -> Complaint {
    Complaint {
        at: at.to_owned(),
        what: what.to_owned(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fits_type(schema: &Value, value: &Value) -> bool {
    let kind = kind_of(value);
    let is = |wanted: &str| wanted == kind || (wanted == "number" && kind == "integer");
    match schema.get("type") {
        None => true,
        Some(Value::String(wanted)) => {
            is(wanted) || (kind == "null" && schema.get("nullable") == Some(&Value::Bool(true)))
        }
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(is),
        Some(other) => panic!("strange type {other}"),
    }
}

/// A value that the schema allows, from its examples where it has some.
pub fn sample(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if let Some(example) = schema
        .get("example")
        .or_else(|| schema.get("examples")?.get(0))
        .or_else(|| schema.get("enum")?.get(0))
    {
        return example.clone();
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(object) = sample(document, part) {
                whole.extend(object);
            }
        }
        return Value::Object(whole);
    }
    if let Some(branches) = branches(schema) {
        return sample(document, &branches[0]);
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, of_value)| (name.clone(), sample(document, of_value)))
            .collect(),
        Some("array") => Value::Array(vec![sample(document, &schema["items"])]),
        Some("string") => "text".into(),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_finds_what_is_wrong() {
        let document = json!({"name": {"type": "string"}});
        let schema = json!({
            "type": "object", "required": ["name", "n"],
            "properties": {
                "name": {"$ref": "#/name"}, "n": {"type": ["integer", "null"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "either": {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
                "maybe": {"type": "string", "nullable": true}
            }
        });
        let good = json!({"name": "x", "n": null, "tags": ["a"], "either": true, "maybe": null});
        assert_eq!(complaints(&document, &schema, &good, ""), []);
        let bad = json!({"name": 7, "tags": ["a", 1], "either": 1, "maybe": 1, "more": 1});
        let mut places: Vec<_> = complaints(&document, &schema, &bad, "")
            .into_iter()
            .map(|complaint| complaint.at)
            .collect();
        places.sort();
        assert_eq!(
            places,
            ["/either", "/maybe", "/more", "/n", "/name", "/tags/1"]
        );
        let sample = sample(&document, &schema);
        assert_eq!(sample["tags"], json!(["text"]));
    }
}
