//! Whether a value is what a schema of the OpenAPI document says: as much of JSON Schema as the document uses. A keyword
//! that is not known here fails, so that nothing goes unchecked.

use serde_json::Value;

/// Says nothing about values.
const WORDS: [&str; 7] = [
    "description",
    "example",
    "examples",
    "format",
    "title",
    "deprecated",
    "propertyNames",
];

/// What is wrong with `value`, each with its place.
pub fn problems(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "$", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        return;
    };
    for (keyword, says) in keywords {
        let holds = match keyword.as_str() {
            "$ref" => {
                let pointer = says.as_str().unwrap().trim_start_matches('#');
                let target = document
                    .pointer(pointer)
                    .unwrap_or_else(|| panic!("no {pointer}"));
                check(document, target, value, at, found);
                true
            }
            "type" => match says {
                Value::Array(kinds) => kinds.iter().any(|kind| is(kind.as_str().unwrap(), value)),
                kind => is(kind.as_str().unwrap(), value),
            },
            "properties" => {
                for (name, inner) in says.as_object().unwrap() {
                    if let Some(field) = value.get(name) {
                        check(document, inner, field, &format!("{at}.{name}"), found);
                    }
                }
                true
            }
            "required" => says.as_array().unwrap().iter().all(|name| {
                value
                    .as_object()
                    .is_none_or(|map| map.contains_key(name.as_str().unwrap()))
            }),
            "additionalProperties" => match (says, value.as_object()) {
                (Value::Bool(false), Some(map)) => map
                    .keys()
                    .all(|name| schema["properties"].get(name).is_some()),
                (Value::Object(_), Some(map)) => {
                    for (name, field) in map {
                        if schema["properties"].get(name).is_none() {
                            check(document, says, field, &format!("{at}.{name}"), found);
                        }
                    }
                    true
                }
                _ => true,
            },
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, says, item, &format!("{at}[{place}]"), found);
                }
                true
            }
            "allOf" => {
                for part in says.as_array().unwrap() {
                    check(document, part, value, at, found);
                }
                true
            }
            "oneOf" => {
                let fits = |part: &&Value| problems(document, part, value).is_empty();
                says.as_array().unwrap().iter().filter(fits).count() == 1
            }
            "enum" => says.as_array().unwrap().contains(value),
            "minimum" => value
                .as_f64()
                .is_none_or(|number| number >= says.as_f64().unwrap()),
            "maximum" => value
                .as_f64()
                .is_none_or(|number| number <= says.as_f64().unwrap()),
            "minLength" => length(value).is_none_or(|length| length >= says.as_u64().unwrap()),
            "maxLength" => length(value).is_none_or(|length| length <= says.as_u64().unwrap()),
            "minItems" => count(value).is_none_or(|count| count >= says.as_u64().unwrap()),
            "maxItems" => count(value).is_none_or(|count| count <= says.as_u64().unwrap()),
            // the server checks them; this reader knows no regular expressions
            "pattern" => true,
            word if WORDS.contains(&word) => true,
            unknown => panic!("{at}: the keyword {unknown} is not known here"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} {says}, but it is {value}"));
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        _ => panic!("the type {kind} is not known here"),
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn count(value: &Value) -> Option<u64> {
    value.as_array().map(|items| items.len() as u64)
}

#[test]
fn a_wrong_value_is_seen() {
    use serde_json::json;
    let document = json!({"components": {"schemas": {"Id": {"type": "integer", "minimum": 1}}}});
    let schema = json!({
        "type": "object", "required": ["id", "name"], "additionalProperties": false,
        "properties": {"id": {"$ref": "#/components/schemas/Id"}, "name": {"type": ["string", "null"], "maxLength": 3},
            "kind": {"enum": ["a"]}, "list": {"type": "array", "items": {"type": "boolean"}}}
    });
    assert!(
        problems(
            &document,
            &schema,
            &json!({"id": 1, "name": null, "kind": "a", "list": [true]})
        )
        .is_empty()
    );
    for wrong in [
        json!([]),
        json!({"id": 1}),
        json!({"id": 0, "name": "x"}),
        json!({"id": "1", "name": "x"}),
        json!({"id": 1, "name": "long"}),
        json!({"id": 1, "name": "x", "kind": "b"}),
        json!({"id": 1, "name": "x", "list": [1]}),
        json!({"id": 1, "name": "x", "odd": 1}),
    ] {
        assert!(!problems(&document, &schema, &wrong).is_empty(), "{wrong}");
    }
}
