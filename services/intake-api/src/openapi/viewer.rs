//! The document and a viewer for it, part of the program: nothing is loaded from elsewhere.

use crate::app::App;
use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use keylight_domain::error::DomainError;
use keylight_web::{error::ApiError, reply};
use std::sync::{Arc, OnceLock};
use utoipa_swagger_ui::Config;

/// The viewer sets styles on its elements; scripts are only those from here.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
);
const BRIEFLY: HeaderValue = HeaderValue::from_static("public, max-age=300");
const FILES: [&str; 3] = [
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
];
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Keylight API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>The document itself is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/assets/api-docs.js"></script>
</body>
</html>
"#;

/// `GET /api/openapi.json`.
pub(super) async fn document(State(app): State<App>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, reply::JSON),
        (header::CACHE_CONTROL, BRIEFLY),
    ];
    (headers, app.openapi.clone()).into_response()
}

/// `GET /api/docs`.
pub(super) async fn page() -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, html),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, BRIEFLY),
    ];
    (headers, PAGE).into_response()
}

/// `GET /api/docs/{file}`: style sheet and script of the viewer.
pub(super) async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    if !FILES.contains(&name.as_str()) {
        return Err(ApiError::route_not_found());
    }
    let config = CONFIG.get_or_init(|| Arc::new(Config::from("/api/openapi.json")));
    let file = utoipa_swagger_ui::serve(&name, config.clone())
        .map_err(|error| DomainError::internal(format!("viewer: {error}")))?
        .ok_or_else(ApiError::route_not_found)?;
    let kind = HeaderValue::from_str(&file.content_type)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, BRIEFLY),
    ];
    Ok((headers, file.bytes.into_owned()).into_response())
}
