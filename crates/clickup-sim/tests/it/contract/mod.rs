//! The simulator's answers against the published interface description, less what is known to be
//! wrong in it. Every path of the simulator is called.

mod calls;
mod spec;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Running, start};
use spec::Specification;

/// Where the description is wrong, or does not say: the operation (`*` for all), how the place in
/// the answer ends, how the place in the schema ends, and why the simulator is right.
const KNOWN_ERRORS: &[(&str, &str, &str, &str)] = &[
    ("GetFolder", "/lists/*", "/items/type", "lists are objects"),
    (
        "GetBulkTasks'TimeinStatus",
        "",
        "/$ref/required",
        "the ids of its example are required as keys",
    ),
    ("*", "/assignees/*", "/items/type", "people are objects"),
    ("*", "/watchers/*", "/items/type", "people are objects"),
    ("*", "/tags/*", "/items/type", "tags are objects"),
    (
        "*",
        "/priority",
        "/priority/type",
        "an object with id, name and colour",
    ),
    (
        "*",
        "/time_estimate",
        "/time_estimate/type",
        "integer milliseconds",
    ),
    (
        "*",
        "/time_spent",
        "/time_spent/type",
        "integer milliseconds",
    ),
    (
        "CreateTaskComment",
        "/id",
        "/id/type",
        "a number here, text when read",
    ),
    (
        "EditChecklistItem",
        "/assignee",
        "/assignee/type",
        "a person, as in other answers",
    ),
    (
        "*",
        "/list_id",
        "/list_id/type",
        "webhook objects hold integer ids",
    ),
    (
        "*",
        "/space_id",
        "/space_id/type",
        "webhook objects hold integer ids",
    ),
    (
        "*",
        "/task_count",
        "/task_count/type",
        "its own example holds a number",
    ),
    (
        "GetTaskTemplates",
        "/templates/*",
        "/items/type",
        "templates have an id and a name",
    ),
    (
        "GetFolders",
        "/folders",
        "/folders/type",
        "a list of folders",
    ),
    (
        "GetTask",
        "/attachments/*/date",
        "/date/type",
        "text was seen",
    ),
    (
        "*",
        "/default",
        "/default/oneOf",
        "null fits two of the alternatives",
    ),
    (
        "*",
        "/priority",
        "/priority/oneOf",
        "null fits two of the alternatives",
    ),
    (
        "*",
        "/status",
        "/status/oneOf",
        "null fits two of the alternatives",
    ),
];

/// Keys that the real service was seen to leave null, although the description, which was drawn
/// from examples, gives them a type.
const NULLABLE: &[&str] = &[
    "assigned_by",
    "assignee",
    "avatar",
    "color",
    "date_closed",
    "description",
    "due_date",
    "due_date_time",
    "email_data",
    "is_folder",
    "orientation",
    "parent",
    "points",
    "priority",
    "profilePicture",
    "start_date",
    "status",
    "thumbnail_large",
    "thumbnail_medium",
    "thumbnail_small",
    "time_estimate",
];

/// Paths that the description does not have, and why the simulator has them.
const UNDESCRIBED: &[(&str, &str)] = &[(
    "GET /v2/team/{id}",
    "old clients still ask for one workspace",
)];

struct Contract {
    spec: Specification,
    sim: Running,
    called: BTreeSet<String>,
    problems: BTreeMap<String, String>,
    used: BTreeSet<usize>,
    nulls: BTreeSet<String>,
    undescribed: BTreeSet<String>,
}

impl Contract {
    /// Makes a call and holds request and answer to the description.
    async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let name = method.as_str().to_owned();
        let operation = self.spec.operation(&name, path);
        if let (Some(operation), Some(body)) = (&operation, &body)
            && let Some(validator) = self.spec.request(operation)
        {
            let problems: Vec<String> = validator
                .iter_errors(body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            if !problems.is_empty() {
                let key = format!("request of {}", operation.id);
                self.problems.insert(key, problems.join("; "));
            }
        }
        let answer = match body {
            Some(body) if method == Method::POST => self.sim.post(path, body).await,
            Some(body) => self.sim.put(path, body).await,
            None => {
                let sent = self
                    .sim
                    .send(method, path, Some(crate::support::SERVICE), None)
                    .await;
                crate::support::read(sent.unwrap()).await
            }
        };
        self.check(&name, path, &answer);
        answer
    }

    fn check(&mut self, method: &str, path: &str, answer: &Answer) {
        let Some(operation) = self.spec.operation(method, path) else {
            self.called.insert(format!("{method} {path}"));
            self.undescribed.insert(format!("{method} {path}"));
            return;
        };
        self.called
            .insert(format!("{method} {}", operation.template));
        let Some(validator) = self.spec.answer(&operation, answer.status) else {
            if answer.status >= 400 {
                let framed = answer.body["err"].is_string() && answer.body["ECODE"].is_string();
                assert!(framed, "{method} {path}: {answer:?}");
            }
            return;
        };
        if answer.status == 204 {
            assert_eq!(answer.body, json!(""), "{method} {path}");
            return;
        }
        for error in validator.iter_errors(&answer.body) {
            let place = error.instance_path().to_string();
            let rule = error.schema_path().to_string();
            let last = place.rsplit('/').next().unwrap_or_default();
            if error.instance().is_null() && rule.ends_with("/type") && NULLABLE.contains(&last) {
                self.nulls.insert(last.to_owned());
                continue;
            }
            let known = KNOWN_ERRORS.iter().position(|(id, end, rule_end, _)| {
                (*id == "*" || *id == operation.id)
                    && general(&place).ends_with(end)
                    && rule.ends_with(rule_end)
            });
            match known {
                Some(known) => {
                    self.used.insert(known);
                }
                None => {
                    let key = format!("{} {} at {}", operation.id, answer.status, general(&place));
                    self.problems
                        .entry(key)
                        .or_insert_with(|| format!("{error} (rule {rule})"));
                }
            }
        }
    }

    async fn get(&mut self, path: &str) -> Value {
        self.call(Method::GET, path, None).await.ok()
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await.ok()
    }

    async fn put(&mut self, path: &str, body: Value) -> Value {
        self.call(Method::PUT, path, Some(body)).await.ok()
    }

    async fn delete(&mut self, path: &str) {
        self.call(Method::DELETE, path, None).await.ok();
    }

    async fn refused(&mut self, method: Method, path: &str) {
        let answer = self.call(method, path, None).await;
        assert!(answer.status >= 400, "{path}: {answer:?}");
    }
}

/// A place in an answer with `*` for every number in it.
fn general(place: &str) -> String {
    let parts: Vec<&str> = place
        .split('/')
        .map(|part| {
            if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
                "*"
            } else {
                part
            }
        })
        .collect();
    parts.join("/")
}

/// Every path and method of the simulator's API, read from where they are registered.
fn registered() -> BTreeSet<String> {
    let source: String = include_str!("../../../src/routes.rs")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join("");
    let mut found = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let Some((path, handlers)) = route
            .strip_prefix('"')
            .and_then(|rest| rest.split_once('"'))
        else {
            continue;
        };
        let path = match path.strip_prefix("/api") {
            Some(rest) => rest.to_owned(),
            None if path.starts_with("/attachments/") => continue,
            None => format!("/v2{path}"),
        };
        let handlers = handlers.split(".nest(").next().unwrap_or_default();
        for method in ["get", "post", "put", "delete"] {
            let begins = handlers.starts_with(&format!(",{method}("));
            if begins || handlers.contains(&format!(".{method}(")) {
                found.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    assert!(
        found.len() > 60,
        "the reading of routes.rs broke: {found:?}"
    );
    found
}

fn same_path(called: &str, registered: &str) -> bool {
    let (called, registered): (Vec<_>, Vec<_>) = (
        called.trim_start_matches("/api").split('/').collect(),
        registered.split('/').collect(),
    );
    called.len() == registered.len()
        && called
            .iter()
            .zip(&registered)
            .all(|(a, b)| a == b || b.starts_with('{') || a.starts_with('{'))
}

#[tokio::test]
async fn every_answer_follows_the_published_description() {
    let Some(spec) = Specification::load() else {
        return;
    };
    let mut contract = Contract {
        spec,
        sim: start().await,
        called: BTreeSet::new(),
        problems: BTreeMap::new(),
        used: BTreeSet::new(),
        nulls: BTreeSet::new(),
        undescribed: BTreeSet::new(),
    };
    calls::everything(&mut contract).await;
    let problems: Vec<String> = contract
        .problems
        .iter()
        .map(|(place, problem)| format!("{place}: {problem:.300}"))
        .collect();
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
    let idle: Vec<_> = (0..KNOWN_ERRORS.len())
        .filter(|known| !contract.used.contains(known))
        .map(|known| KNOWN_ERRORS[known])
        .collect();
    assert!(idle.is_empty(), "no longer met: {idle:#?}");

    let never: Vec<_> = NULLABLE
        .iter()
        .filter(|key| !contract.nulls.contains(**key))
        .collect();
    assert!(never.is_empty(), "no longer null: {never:?}");

    let missing: Vec<String> = registered()
        .into_iter()
        .filter(|route| {
            let (method, path) = route.split_once(' ').unwrap();
            !contract.called.iter().any(|called| {
                let (called_method, called_path) = called.split_once(' ').unwrap();
                called_method == method && same_path(called_path.split('?').next().unwrap(), path)
            })
        })
        .collect();
    assert!(missing.is_empty(), "never called: {missing:#?}");
    let undescribed: Vec<&String> = contract
        .undescribed
        .iter()
        .filter(|called| {
            let (method, path) = called.split_once(' ').unwrap();
            !UNDESCRIBED.iter().any(|(known, _)| {
                let (known_method, known_path) = known.split_once(' ').unwrap();
                known_method == method && same_path(path, known_path)
            })
        })
        .collect();
    assert!(
        undescribed.is_empty(),
        "not in the description: {undescribed:#?}"
    );
}
