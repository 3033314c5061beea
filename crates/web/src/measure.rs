//! How many requests, and how long they take. Labels are route templates and classes of status, so their number is
//! bounded whatever clients send.

use http::{Method, StatusCode};
use std::time::Duration;

/// Counts one answered request.
pub(crate) fn answered(route: &str, method: &Method, status: StatusCode, took: Duration) {
    let method = match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let class = match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let route = route.to_owned();
    metrics::counter!("keylight_http_requests_total", "route" => route.clone(), "method" => method, "status" => class)
        .increment(1);
    metrics::histogram!("keylight_http_request_duration_seconds", "route" => route, "method" => method)
        .record(took.as_secs_f64());
}
