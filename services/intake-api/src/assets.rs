//! Style sheet and script of the pages, part of the program.

use crate::access::{Routes, Rule};
use axum::{
    extract::Path,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Method, header};
use keylight_web::error::ApiError;

pub(crate) fn routes() -> Routes {
    Routes::new().page(Rule::Public, Method::GET, "/assets/{name}", asset)
}

async fn asset(Path(name): Path<String>) -> Result<Response, ApiError> {
    let (kind, text) = match name.as_str() {
        "keylight.css" => (
            "text/css; charset=utf-8",
            include_str!("../assets/keylight.css"),
        ),
        "form.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../assets/form.js"),
        ),
        "api-docs.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../assets/api-docs.js"),
        ),
        _ => return Err(ApiError::route_not_found()),
    };
    // short, so that a new version is seen soon after a deployment
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    Ok((headers, text).into_response())
}
