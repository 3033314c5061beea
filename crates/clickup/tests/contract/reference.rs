//! The published files, by operation.

use std::path::{Path, PathBuf};

use serde_json::Value;
use url::Url;

use crate::schema::{self, Complaint, complaints, resolve};
use crate::support::Seen;

/// One operation of a published file.
pub struct Operation {
    pub id: String,
    method: String,
    /// As the API host has it, `/api` included.
    path: String,
    body: Value,
    document: usize,
}

/// Both files.
pub struct Reference {
    documents: Vec<Value>,
    pub operations: Vec<Operation>,
    examples: PathBuf,
}

fn with_ending(folder: &Path, start: &str) -> Option<Value> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(start))
        })
        .collect();
    names.sort();
    // both are JSON, whatever their names end in
    serde_json::from_slice(&std::fs::read(names.pop()?).ok()?).ok()
}

impl Reference {
    /// The files that lie beside the project, or nothing.
    pub fn load() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/clickup");
        let documents = vec![
            with_ending(&folder, "clickup-api-v2-reference-")?,
            with_ending(&folder, "ClickUp_PUBLIC_API_V3-")?,
        ];
        let mut operations = Vec::new();
        for (document, prefix) in [(0, "/api"), (1, "")] {
            for (path, item) in documents[document]["paths"].as_object()? {
                for method in ["get", "post", "put", "patch", "delete"] {
                    let Some(body) = item.get(method) else {
                        continue;
                    };
                    operations.push(Operation {
                        id: body["operationId"].as_str()?.to_owned(),
                        method: method.to_uppercase(),
                        path: format!("{prefix}{path}"),
                        body: body.clone(),
                        document,
                    });
                }
            }
        }
        Some(Self {
            documents,
            operations,
            examples: folder.join("examples/api"),
        })
    }

    /// The operation that a request is; literal parts of a path win over placeholders.
    pub fn operation(&self, method: &str, path: &str) -> Option<&Operation> {
        let fits = |operation: &&Operation| {
            let (ours, theirs) = (path.split('/'), operation.path.split('/'));
            operation.method == method
                && ours.clone().count() == theirs.clone().count()
                && ours
                    .zip(theirs)
                    .all(|(ours, theirs)| theirs.starts_with('{') || ours == theirs)
        };
        self.operations
            .iter()
            .filter(fits)
            .min_by_key(|operation| operation.path.matches('{').count())
    }

    /// What the service answers: the collected example, else the one of the file, else one made from its schema.
    pub fn answer(&self, operation: &Operation) -> Value {
        let name = operation.id.replace('\'', "");
        let file = self.examples.join(format!("{name}.response.200.json"));
        if let Ok(bytes) = std::fs::read(file) {
            return serde_json::from_slice(&bytes).expect("example is json");
        }
        let content = &operation.body["responses"]["200"]["content"]["application/json"];
        match content.get("example") {
            Some(example) => example.clone(),
            None => match content.get("schema") {
                Some(schema) => schema::sample(&self.documents[operation.document], schema),
                None => Value::Null,
            },
        }
    }

    /// Everything about a request that the file does not allow.
    pub fn complaints(&self, operation: &Operation, seen: &Seen) -> Vec<Complaint> {
        let document = &self.documents[operation.document];
        let url = Url::parse(&format!("http://x{}", seen.path_and_query)).expect("path and query");
        let mut found = self.path_complaints(operation, url.path());
        found.extend(self.query_complaints(operation, &url));
        let content = operation
            .body
            .get("requestBody")
            .and_then(|body| resolve(document, body).get("content"));
        let kind = seen.content_type.as_deref().unwrap_or_default();
        match content {
            None if !seen.body.is_empty() => found.push(Complaint {
                at: "body".into(),
                what: "there should be none".into(),
            }),
            Some(content) if content.get("multipart/form-data").is_some() => {
                found.extend(
                    (!kind.starts_with("multipart/form-data; boundary=")).then(|| Complaint {
                        at: "content-type".into(),
                        what: format!("is {kind}"),
                    }),
                );
            }
            Some(content) => {
                let body = serde_json::from_str(&seen.body).expect("body is json");
                found.extend(complaints(
                    document,
                    &content["application/json"]["schema"],
                    &body,
                    "",
                ));
            }
            None => {}
        }
        found
    }

    fn parameters<'a>(
        &'a self,
        operation: &'a Operation,
        place: &str,
    ) -> impl Iterator<Item = &'a Value> {
        operation.body["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| resolve(&self.documents[operation.document], parameter))
            .filter(move |parameter| parameter["in"] == place)
    }

    fn path_complaints(&self, operation: &Operation, path: &str) -> Vec<Complaint> {
        let mut found = Vec::new();
        for (ours, theirs) in path.split('/').zip(operation.path.split('/')) {
            let Some(name) = theirs
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            else {
                continue;
            };
            let parameter = self
                .parameters(operation, "path")
                .find(|parameter| parameter["name"] == name)
                .unwrap_or_else(|| panic!("{} does not describe {name}", operation.id));
            found.extend(self.text_complaint(operation, parameter, ours, name));
        }
        found
    }

    fn query_complaints(&self, operation: &Operation, url: &Url) -> Vec<Complaint> {
        let mut found = Vec::new();
        let bare = |name: &str| name.trim_end_matches("[]").to_owned();
        for (name, value) in url.query_pairs() {
            match self
                .parameters(operation, "query")
                .find(|parameter| bare(parameter["name"].as_str().unwrap_or("")) == bare(&name))
            {
                Some(parameter) => {
                    found.extend(self.text_complaint(operation, parameter, &value, &name));
                }
                None => found.push(Complaint {
                    at: format!("?{name}"),
                    what: "is not in the file".into(),
                }),
            }
        }
        for parameter in self.parameters(operation, "query") {
            let name = parameter["name"].as_str().unwrap_or("");
            if parameter["required"] == true
                && !url.query_pairs().any(|(ours, _)| bare(&ours) == bare(name))
            {
                found.push(Complaint {
                    at: format!("?{name}"),
                    what: "is missing".into(),
                });
            }
        }
        found
    }

    /// Whether a text can be a value of the type that a parameter has.
    fn text_complaint(
        &self,
        operation: &Operation,
        parameter: &Value,
        text: &str,
        name: &str,
    ) -> Option<Complaint> {
        let schema = resolve(&self.documents[operation.document], &parameter["schema"]);
        let fits = match schema["type"].as_str() {
            Some("boolean") => matches!(text, "true" | "false"),
            Some("integer" | "number") => text.parse::<i64>().is_ok(),
            _ => schema
                .get("enum")
                .and_then(Value::as_array)
                .is_none_or(|allowed| allowed.iter().any(|value| value == text)),
        };
        (!fits).then(|| Complaint {
            at: format!("?{name}"),
            what: format!("{text} is not {schema}"),
        })
    }
}
