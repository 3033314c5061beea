//! Every request that the client sends, held to ClickUp's published OpenAPI files (minus their known errors), and every answer of
//! theirs read by it. The files lie beside the project, not in it: without them the test says so and passes.
#![allow(clippy::unwrap_used)]

mod calls;
mod reference;
mod schema;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use keylight_clickup::{Answer, ClickUp, ClickUpError};
use reference::Reference;
use support::Server;
use url::Url;

/// Errors of the files: what we send is right although they say otherwise. Each must still be one.
const KNOWN_ERRORS: [(&str, &str, &str); 9] = [
    (
        "UpdateTask",
        "/priority",
        "null takes it away, as it does at creation",
    ),
    ("UpdateTask", "/due_date", "null takes it away"),
    ("UpdateTask", "/start_date", "null takes it away"),
    ("UpdateTask", "/time_estimate", "null takes it away"),
    (
        "UpdateComment",
        "/assignee",
        "optional: other fields stay as they are",
    ),
    (
        "UpdateComment",
        "/resolved",
        "optional: other fields stay as they are",
    ),
    (
        "UpdateWebhook",
        "/events",
        "takes the list that creation takes; the file has only the text *",
    ),
    (
        "DeleteDependency",
        "?dependency_of",
        "one of the two is meant",
    ),
    (
        "UpdateComment",
        "/comment_text",
        "optional: other fields stay as they are",
    ),
];

/// Judges what went over the wire.
pub struct Judge {
    /// Its calls are judged.
    pub client: ClickUp,
    reference: Arc<Reference>,
    server: Server,
    judged: Mutex<usize>,
    routes: Mutex<BTreeSet<&'static str>>,
    excused: Mutex<BTreeSet<usize>>,
}

impl Judge {
    async fn new(reference: Reference) -> Self {
        let reference = Arc::new(reference);
        let answers = reference.clone();
        let server = support::serve_by(move |seen| {
            let path = seen.path_and_query.split('?').next().unwrap_or_default();
            let response = Response::builder();
            match answers.operation(&seen.method, path) {
                Some(operation) => response
                    .status(200)
                    .body(Body::from(answers.answer(operation).to_string())),
                None => response.status(404).body(Body::from("404 page not found")),
            }
            .unwrap()
        })
        .await;
        Self {
            client: server.client.clone(),
            reference,
            server,
            judged: Mutex::new(0),
            routes: Mutex::new(BTreeSet::new()),
            excused: Mutex::new(BTreeSet::new()),
        }
    }

    /// The call that was just made is this operation, as the file has it, and its answer was read.
    pub fn done<T>(&self, operation: &str, result: Result<Answer<T>, ClickUpError>) -> T {
        let seen = self.server.seen();
        let mut judged = self.judged.lock().unwrap();
        assert_eq!(
            seen.len(),
            *judged + 1,
            "{operation}: one call is one request"
        );
        *judged += 1;
        let request = seen.last().unwrap();
        let url = Url::parse(&format!("http://x{}", request.path_and_query)).unwrap();
        let found = self
            .reference
            .operation(&request.method, url.path())
            .unwrap_or_else(|| panic!("no operation is {} {}", request.method, url.path()));
        assert_eq!(found.id, operation);
        assert_eq!(request.authorization.as_deref(), Some("pk_1_TEST"));
        for complaint in self.reference.complaints(found, request) {
            let known = KNOWN_ERRORS
                .iter()
                .position(|(id, at, _)| *id == operation && *at == complaint.at);
            let known =
                known.unwrap_or_else(|| panic!("{operation}: {complaint:?} in {}", request.body));
            self.excused.lock().unwrap().insert(known);
        }
        let answer = result.unwrap_or_else(|error| panic!("{operation}: {error:?}"));
        self.routes.lock().unwrap().insert(answer.route);
        answer.value
    }

    /// The same for an answer with a list: everything in it was read.
    pub fn items<T>(
        &self,
        operation: &str,
        pointer: &str,
        result: Result<Answer<T>, ClickUpError>,
        count: impl FnOnce(&T) -> usize,
    ) {
        let value = self.done(operation, result);
        let known = self
            .reference
            .operations
            .iter()
            .find(|known| known.id == operation)
            .unwrap();
        let example = self.reference.answer(known);
        let length = match example.pointer(pointer).unwrap() {
            serde_json::Value::Array(items) => items.len(),
            serde_json::Value::Object(items) => items.len(),
            other => panic!("{operation}: {other} has no length"),
        };
        assert_eq!(
            count(&value),
            length,
            "{operation}: not all of {pointer} was read"
        );
    }
}

/// The routes that the sources name.
fn routes_of_the_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/calls");
    let mut routes = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for text in source.split('"') {
            let is_route = ["GET", "POST", "PUT", "DELETE", "PATCH"]
                .iter()
                .any(|method| {
                    text.strip_prefix(method)
                        .is_some_and(|rest| rest.starts_with(" /v"))
                });
            if is_route {
                routes.insert(text.to_owned());
            }
        }
    }
    routes
}

#[tokio::test]
async fn requests_and_answers_are_those_of_the_published_files() {
    let Some(reference) = Reference::load() else {
        eprintln!("left out: no published OpenAPI files beside the project");
        return;
    };
    assert!(reference.operations.len() > 100);
    let judge = Judge::new(reference).await;
    calls::make_all(&judge).await;

    let made: BTreeSet<String> = judge
        .routes
        .lock()
        .unwrap()
        .iter()
        .map(|route| (*route).to_owned())
        .collect();
    assert_eq!(made, routes_of_the_sources(), "calls that nobody judged");
    let excused = judge.excused.lock().unwrap();
    for (place, (operation, at, _)) in KNOWN_ERRORS.iter().enumerate() {
        assert!(
            excused.contains(&place),
            "{operation} {at} is no error of the file (any more)"
        );
    }
}
