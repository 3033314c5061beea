//! The OpenAPI document, made from the handlers themselves, and a viewer for it.
//!
//! A handler states what is its own: parameters, body, answers. What all operations have in common is added by
//! [`complete`]: the error frame, the answers that every request of a kind can get, headers.

pub(crate) mod choices;
mod complete;
mod frame;
mod viewer;

use crate::access::{Routes, Rule};
use http::Method;
use serde_json::Value;
use utoipa::openapi::OpenApi;

pub(crate) use complete::complete;

/// What the document says beside the operations.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Keylight",
        description = "Applications, people and projects of a home builder.\n\n\
            Lists are answered with `success`, `data` and `pagination`, single records with `success` and `data`, \
            failures with one frame (`Error`). Records carry a `version`, and an `ETag` for `If-None-Match` and \
            `If-Match`. Every POST may carry an `Idempotency-Key`. `HEAD` works wherever `GET` does; a slash at the end \
            of a path is ignored.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(frame::Error)),
    tags(
        (name = "submissions", description = "Applications of home buyers and developers"),
        (name = "users", description = "The people who apply"),
        (name = "projects", description = "What is built for whom"),
        (name = "quarantine", description = "Applications that the honeypot caught"),
        (name = "records", description = "Whether the records fit together, and what was done to them"),
        (name = "sync", description = "How records stand with ClickUp, and what stands in their way"),
        (name = "clickup", description = "How ClickUp is reached, and what goes where in it"),
        (name = "access", description = "Staff accounts and API tokens"),
        (name = "service", description = "The service itself")
    )
)]
struct Document;

/// The document before any operation is added.
pub(crate) fn empty() -> OpenApi {
    <Document as utoipa::OpenApi>::openapi()
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .page(
            Rule::Public,
            Method::GET,
            "/api/openapi.json",
            viewer::document,
        )
        .page(Rule::Public, Method::GET, "/api/docs", viewer::page)
        .page(Rule::Public, Method::GET, "/api/docs/{file}", viewer::file)
}

/// The finished document as JSON.
pub(crate) fn finished(document: &OpenApi) -> anyhow::Result<Value> {
    let mut document = serde_json::to_value(document)?;
    complete(&mut document);
    Ok(document)
}
