//! The published interface description: finding the operation of a request and the schema of its
//! answer.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The descriptions of both versions, when they are on this machine.
pub struct Specification {
    v2: Value,
    v3: Value,
}

/// One operation of the description.
#[derive(Debug, Clone)]
pub struct Operation {
    v3: bool,
    /// As the description writes it, such as `/v2/task/{task_id}`.
    pub template: String,
    method: String,
    pub id: String,
    responses: Value,
    request: Value,
}

impl Specification {
    /// `None`, with a word about it, where the files are not.
    pub fn load() -> Option<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/clickup");
        let file = |begin: &str| {
            let entries = std::fs::read_dir(&folder).ok()?;
            let found = entries.flatten().map(|entry| entry.path()).find(|path| {
                let name = path.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with(begin))
            })?;
            read(&found)
        };
        let loaded = file("clickup-api-v2-reference")
            .zip(file("ClickUp_PUBLIC_API_V3"))
            .map(|(v2, v3)| Self {
                v2,
                v3: with_nulls(v3),
            });
        if loaded.is_none() {
            eprintln!("left out: the published interface description is not on this machine");
        }
        loaded
    }

    /// The operation that a request of the simulator is.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let path = path.split('?').next().unwrap_or_default();
        let v3 = path.starts_with("/api/v3");
        let (doc, path) = if v3 {
            (&self.v3, path)
        } else {
            (&self.v2, path.strip_prefix("/api")?)
        };
        let mut best: Option<(usize, &String, &Value)> = None;
        for (template, item) in doc["paths"].as_object()? {
            let Some(literal) = fits(template, path) else {
                continue;
            };
            let operation = &item[method.to_lowercase()];
            if operation.is_object() && best.is_none_or(|(most, ..)| literal > most) {
                best = Some((literal, template, operation));
            }
        }
        let (_, template, operation) = best?;
        Some(Operation {
            v3,
            template: template.clone(),
            method: method.to_lowercase(),
            id: operation["operationId"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            responses: operation["responses"].clone(),
            request: operation["requestBody"]["content"]["application/json"]["schema"].clone(),
        })
    }

    /// The validator of an answer; `None` when the description says nothing about its body.
    pub fn answer(&self, operation: &Operation, status: u16) -> Option<Validator> {
        let status = status.to_string();
        let key = [status.as_str(), "default"]
            .into_iter()
            .find(|key| operation.responses.get(key).is_some())?;
        let schema = &operation.responses[key]["content"]["application/json"]["schema"];
        schema.is_object().then(|| {
            self.validator(
                operation,
                &["responses", key, "content", "application/json", "schema"],
            )
        })
    }

    /// The validator of a request's body.
    pub fn request(&self, operation: &Operation) -> Option<Validator> {
        let place = ["requestBody", "content", "application/json", "schema"];
        operation
            .request
            .is_object()
            .then(|| self.validator(operation, &place))
    }

    /// The whole document with a reference to one place, because schemas refer to each other by
    /// their place in it.
    fn validator(&self, operation: &Operation, place: &[&str]) -> Validator {
        let doc = if operation.v3 { &self.v3 } else { &self.v2 };
        let mut pointer = String::from("#/paths");
        for part in [operation.template.as_str(), &operation.method]
            .into_iter()
            .chain(place.iter().copied())
        {
            pointer.push('/');
            pointer.push_str(&escaped(part));
        }
        let mut root = doc.clone();
        root["$ref"] = json!(pointer);
        jsonschema::draft202012::new(&root)
            .unwrap_or_else(|error| panic!("{}: {error}", operation.id))
    }
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// How many literal segments fit, or nothing when the path is another one.
fn fits(template: &str, path: &str) -> Option<usize> {
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    if template.len() != path.len() {
        return None;
    }
    let mut literal = 0;
    for (wanted, part) in template.iter().zip(&path) {
        if wanted.starts_with('{') {
            continue;
        }
        if wanted != part {
            return None;
        }
        literal += 1;
    }
    Some(literal)
}

/// A part of a JSON pointer in a URI fragment.
fn escaped(part: &str) -> String {
    part.replace('~', "~0")
        .replace('/', "~1")
        .replace('{', "%7B")
        .replace('}', "%7D")
}

/// The older of the two descriptions marks what may be null with a word that the present form of
/// schemas does not know.
fn with_nulls(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        if object.remove("nullable") == Some(Value::Bool(true))
            && let Some(kind @ Value::String(_)) = object.get("type").cloned()
        {
            object.insert("type".into(), json!([kind, "null"]));
        }
        for value in object.values_mut() {
            *value = with_nulls(value.take());
        }
    } else if let Some(list) = schema.as_array_mut() {
        for value in list {
            *value = with_nulls(value.take());
        }
    }
    schema
}
