//! `GET /`: the intake form for a browser, information about the API for everybody else.

use crate::{
    access::{Routes, Rule},
    app::App,
    form,
};
use axum::{extract::State, response::IntoResponse as _, response::Response};
use http::{HeaderMap, HeaderValue, Method, header};
use keylight_web::reply::Json;
use serde::Serialize;
use std::collections::BTreeMap;

pub(crate) fn routes() -> Routes {
    Routes::new().page(Rule::Public, Method::GET, "/", root)
}

#[derive(Serialize)]
struct Info {
    message: &'static str,
    version: &'static str,
    environment: &'static str,
    endpoints: BTreeMap<&'static str, &'static str>,
}

async fn root(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut response = if wants_page(&headers) {
        form::empty_page()
    } else {
        Json::ok(Info {
            message: "Keylight Backend API",
            version: env!("CARGO_PKG_VERSION"),
            environment: app.environment(),
            endpoints: BTreeMap::from([
                ("health", "GET /health"),
                ("createSubmission", "POST /api/submissions"),
                ("listSubmissions", "GET /api/submissions"),
                ("submissionStats", "GET /api/submissions/stats"),
                ("searchSubmissions", "GET /api/submissions/search?q="),
                ("recentSubmissions", "GET /api/submissions/recent"),
                ("submissionsByStatus", "GET /api/submissions/status/:status"),
                ("getSubmission", "GET /api/submissions/:id"),
                ("updateSubmissionStatus", "PUT /api/submissions/:id/status"),
                ("deleteSubmission", "DELETE /api/submissions/:id"),
                ("testDatabase", "GET /api/test-db"),
                ("users", "/api/users"),
                ("projects", "/api/projects"),
                ("documentation", "GET /api/docs"),
                ("openapi", "GET /api/openapi.json"),
                ("console", "GET /console"),
            ]),
        })
        .into_response()
    };
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// Browsers name HTML; programs that take anything get JSON.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            range
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
        })
}
