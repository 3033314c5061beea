//! Serving contents. On the real service another host does this, which must never see a token.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::sim::Sim;

/// `GET /attachments/{id}/{title}`: refuses requests that carry a token, and remembers them.
pub(crate) async fn file(
    State(sim): State<Sim>,
    Path((id, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        sim.note_token_leak();
        let warning = "a token was sent to the host of the files";
        return (StatusCode::BAD_REQUEST, warning).into_response();
    }
    match sim.read(|world| world.files.get(&id)) {
        Some(content) => (
            [
                (header::CONTENT_TYPE, "application/octet-stream"),
                // Whatever was uploaded is not to run on this page.
                (header::CONTENT_DISPOSITION, "attachment"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            content,
        )
            .into_response(),
        None => (StatusCode::NOT_FOUND, "no such file").into_response(),
    }
}
