//! What all operations have in common.

use serde_json::{Map, Value, json};

const FRAME: &str = "#/components/schemas/Error";
/// Bodies in which unknown fields are ignored, as the predecessor did.
const TOLERANT: [&str; 2] = ["NewSubmission", "NewStatus"];
/// Tags whose POSTs know idempotency keys.
const REPEATABLE: [&str; 6] = [
    "submissions",
    "users",
    "projects",
    "quarantine",
    "records",
    "access",
];

/// Adds to every operation what the handlers need not repeat.
pub(crate) fn complete(document: &mut Value) {
    let mut strict = Vec::new();
    let mut schemas = document["components"]["schemas"].take();
    if let Some(paths) = document["paths"].as_object_mut() {
        for item in paths.values_mut() {
            for method in ["get", "put", "post", "delete", "patch"] {
                if let Some(operation) = item.get_mut(method).filter(|value| value.is_object()) {
                    describe(operation, method, &schemas, &mut strict);
                }
            }
        }
    }
    for name in strict {
        if let Some(schema) = schemas
            .get_mut(&name)
            .filter(|schema| schema["type"] == "object")
        {
            schema["additionalProperties"] = json!(false);
        }
    }
    let known = schemas.clone();
    for schema in schemas
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        for inner in children(schema) {
            name_known(inner, &known);
        }
    }
    document["components"]["schemas"] = schemas;
}

/// Generic schemas come with their parts written out; a part that has a name is named instead.
fn name_known(schema: &mut Value, known: &Value) {
    let named = schema["properties"]
        .is_object()
        .then(|| {
            known
                .as_object()?
                .iter()
                .find(|(_, other)| *other == schema)
        })
        .flatten()
        .map(|(name, _)| name.clone());
    match named {
        Some(name) => *schema = json!({"$ref": format!("#/components/schemas/{name}")}),
        None => {
            for inner in children(schema) {
                name_known(inner, known);
            }
        }
    }
}

fn children(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Object(map) => map.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    }
}

fn describe(operation: &mut Value, method: &str, schemas: &Value, strict: &mut Vec<String>) {
    let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
    let is_service = tag == "service";
    let has_path = has_parameter(operation, "path");
    let has_query = has_parameter(operation, "query");
    let reads_body = method != "get";
    if let Some(name) = body(operation, schemas)
        && !TOLERANT.contains(&name.as_str())
    {
        strict.push(name);
    }
    let mut add = |status: &str, words: &str| add_answer(operation, status, words);
    if has_path || has_query || reads_body {
        add(
            "400",
            "A field, a parameter or an id is wrong; the message says which",
        );
    }
    if has_path {
        add("404", "There is no such record");
    }
    if reads_body {
        add("413", "The body is larger than allowed");
        add(
            "415",
            "A content type, charset or encoding that is not understood",
        );
    }
    if !is_service {
        add(
            "500",
            "A defect; the log has the cause under the request id",
        );
        add(
            "503",
            "A part is away or overloaded, or the request took too long; `Retry-After` says when to come again",
        );
    }
    if method == "post" && REPEATABLE.contains(&tag.as_str()) {
        add("409", "The idempotency key was used for another request");
        parameter(
            operation,
            json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "The same key with the same request has one effect and gets the same answer, for a day",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
            }),
        );
    }
    if operation["responses"].get("412").is_some() {
        add_answer(operation, "409", "The record was changed meanwhile");
    }
    if operation["operationId"] == "create_submission" {
        add_answer(
            operation,
            "429",
            "Too many applications from this address, or altogether; `Retry-After` says when to come again",
        );
    }
    headers(operation);
    frames(operation);
}

fn has_parameter(operation: &Value, place: &str) -> bool {
    operation["parameters"]
        .as_array()
        .is_some_and(|all| all.iter().any(|parameter| parameter["in"] == place))
}

fn parameter(operation: &mut Value, parameter: Value) {
    if operation["parameters"].is_null() {
        operation["parameters"] = json!([]);
    }
    if let Some(all) = operation["parameters"].as_array_mut() {
        all.push(parameter);
    }
}

fn add_answer(operation: &mut Value, status: &str, words: &str) {
    let Some(answers) = operation["responses"].as_object_mut() else {
        return;
    };
    answers
        .entry(status)
        .or_insert_with(|| json!({"description": words}));
}

/// Name of the body's schema. A flat body can be sent as a form, too.
fn body(operation: &mut Value, schemas: &Value) -> Option<String> {
    // looking by index would leave a body of null with those that have none
    let content = operation
        .get_mut("requestBody")?
        .get_mut("content")?
        .as_object_mut()?;
    let described = content.get("application/json")?.clone();
    let schema = &described["schema"];
    let reference = schema["$ref"].as_str().or_else(|| {
        let options = schema["oneOf"].as_array()?;
        options.iter().find_map(|option| option["$ref"].as_str())
    })?;
    let name = reference.rsplit('/').next()?.to_owned();
    let fields = schemas[&name]["properties"].as_object();
    if fields.is_some_and(|fields| fields.values().all(is_flat)) {
        let mut form = described.clone();
        form["schema"] = json!({"$ref": reference});
        content.insert("application/x-www-form-urlencoded".to_owned(), form);
    }
    if let Some(json) = content.get_mut("application/json") {
        // a body that may be left out is not therefore null
        json["schema"] = json!({"$ref": reference});
    }
    Some(name)
}

fn is_flat(field: &Value) -> bool {
    let is_list = |kind: &Value| kind == "array" || kind == "object";
    let kind = &field["type"];
    !(is_list(kind)
        || kind
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(is_list))
        || field["$ref"]
            .as_str()
            .is_some_and(|name| name.ends_with("Filters"))
        || field["oneOf"]
            .as_array()
            .is_some_and(|options| !options.iter().all(is_flat)))
}

/// Headers that go with certain answers.
fn headers(operation: &mut Value) {
    let knows = |operation: &Value, status: &str| operation["responses"].get(status).is_some();
    let text = |words: &str| json!({"description": words, "schema": {"type": "string"}});
    if knows(operation, "304") {
        operation["responses"]["200"]["headers"]["ETag"] =
            text("Version and digest of this answer");
        operation["responses"]["304"]["headers"]["ETag"] =
            text("Version and digest of this answer");
        parameter(
            operation,
            json!({
                "name": "If-None-Match", "in": "header", "required": false,
                "description": "The `ETag` of an earlier answer", "schema": {"type": "string"}
            }),
        );
    }
    if knows(operation, "412") {
        parameter(
            operation,
            json!({
                "name": "If-Match", "in": "header", "required": false,
                "description": "The `ETag` of the record as it was seen; another version is 412", "schema": {"type": "string"}
            }),
        );
    }
    for status in ["429", "503"] {
        if knows(operation, status) {
            operation["responses"][status]["headers"]["Retry-After"] =
                json!({"description": "Seconds", "schema": {"type": "integer"}});
        }
    }
    if knows(operation, "401") {
        operation["responses"]["401"]["headers"]["WWW-Authenticate"] = text("`Bearer`");
    }
}

/// Every failure that says nothing else has the one frame.
fn frames(operation: &mut Value) {
    let frame: Map<String, Value> = json!({"application/json": {"schema": {"$ref": FRAME}}})
        .as_object()
        .cloned()
        .unwrap_or_default();
    if let Some(answers) = operation["responses"].as_object_mut() {
        for (status, answer) in answers {
            if status.starts_with(['4', '5']) && answer["content"].is_null() {
                answer["content"] = Value::Object(frame.clone());
            }
        }
    }
}
