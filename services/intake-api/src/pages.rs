//! HTML answers: pages that load nothing from elsewhere and run nothing but our own script.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use keylight_domain::error::DomainError;
use keylight_web::error::ApiError;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'",
);

/// A page with its status.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, html).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HTML);
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            response
        }
        Err(error) => {
            ApiError::from(DomainError::internal(format!("page: {error}"))).into_response()
        }
    }
}

/// The way to another page, to be fetched with GET.
pub(crate) fn see_other(path: &'static str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, HeaderValue::from_static(path))],
    )
        .into_response()
}
