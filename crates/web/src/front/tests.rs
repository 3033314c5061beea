#![allow(clippy::unwrap_used)]

use super::*;
use crate::routes::TolerantRoutes as _;
use axum::{Router, routing::get};
use http_body_util::BodyExt as _;
use keylight_runtime::clock::SystemClock;
use serde_json::Value;
use tower::ServiceExt as _;

const SITE: &str = "https://www.example.com";

fn door(production: bool, max_in_flight: usize) -> Router {
    Router::new()
        .route("/", get(|| async { "root" }))
        .tolerant_route(
            "/things/{id}",
            get(|| async { reply::Json::ok(serde_json::json!({"a": 1})) }),
        )
        .route("/panic", get(|| async { panic!("a defect") as () }))
        .route("/slow", get(std::future::pending::<()>))
        .route(
            "/page",
            get(|| async { (StatusCode::BAD_REQUEST, axum::response::Html("<p>no</p>")) }),
        )
        .route(
            "/down",
            get(|| async { ApiError::from(DomainError::unavailable("pool is empty")) }),
        )
        .route(
            "/missing",
            get(|| async { ApiError::from(DomainError::not_found("Submission not found")) }),
        )
        .fallback(|| async { ApiError::route_not_found() })
        .layer(Front::new(Settings {
            production,
            cors: Cors::new([SITE]),
            request_timeout: Duration::from_secs(5),
            max_in_flight,
            clock: Arc::new(SystemClock),
        }))
}

async fn ask(
    door: &Router,
    request: http::request::Builder,
) -> (StatusCode, http::HeaderMap, Vec<u8>) {
    let response = door
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    (
        parts.status,
        parts.headers,
        body.collect().await.unwrap().to_bytes().to_vec(),
    )
}

fn to(method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("origin", SITE)
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let door = door(true, 10);
    for path in [
        "/",
        "/things/1",
        "/things/1/",
        "/nowhere",
        "/panic",
        "/page",
        "/down",
    ] {
        let (_, headers, _) = ask(&door, to("GET", path)).await;
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(
            headers["strict-transport-security"],
            "max-age=31536000; includeSubDomains"
        );
        assert_eq!(headers["access-control-allow-origin"], SITE);
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "Origin");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(headers.contains_key("x-request-id"));
        assert!(!headers.contains_key("x-powered-by"));
    }
}

#[tokio::test]
async fn foreign_origins_get_an_answer_without_permission() {
    for origin in ["https://evil.example", "null"] {
        let request = Request::builder().uri("/things/1").header("origin", origin);
        let (status, headers, _) = ask(&door(true, 10), request).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!headers.contains_key("access-control-allow-origin"));
        assert_eq!(headers["vary"], "Origin");
    }
}

#[tokio::test]
async fn preflight_on_anything() {
    let door = door(false, 10);
    for path in ["/", "/things/1", "/nowhere"] {
        let request = to("OPTIONS", path)
            .header("access-control-request-method", "PUT")
            .header(
                "access-control-request-headers",
                "authorization, content-type",
            );
        let (status, headers, body) = ask(&door, request).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(headers["access-control-allow-origin"], SITE);
        assert_eq!(
            headers["access-control-allow-headers"],
            "authorization, content-type"
        );
        assert_eq!(
            headers["access-control-allow-methods"],
            "GET,HEAD,PUT,PATCH,POST,DELETE"
        );
        assert_eq!(headers["vary"], "Origin, Access-Control-Request-Headers");
        assert!(!headers.contains_key("strict-transport-security"));
        assert!(body.is_empty());
    }
}

#[tokio::test]
async fn refusals_come_in_the_frame() {
    let door = door(true, 10);
    let cases = [
        (
            "GET",
            "/nowhere?a=b",
            404,
            "Route not found",
            "route_not_found",
        ),
        (
            "PATCH",
            "/things/1",
            405,
            "Method not allowed",
            "method_not_allowed",
        ),
        ("GET", "/missing", 404, "Not found", "not_found"),
        ("GET", "/panic", 500, "Internal server error", "internal"),
        ("GET", "/down", 503, "Service unavailable", "unavailable"),
    ];
    for (method, path, status, class, code) in cases {
        let (got, headers, body) = ask(&door, to(method, path).header("x-request-id", "r-1")).await;
        let frame: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (got.as_u16(), frame["error"].as_str()),
            (status, Some(class)),
            "{path}"
        );
        assert_eq!(
            (frame["path"].as_str(), frame["method"].as_str()),
            (Some(path), Some(method))
        );
        assert_eq!(
            (frame["code"].as_str(), frame["request_id"].as_str()),
            (Some(code), Some("r-1"))
        );
        assert_eq!(headers["x-request-id"], "r-1");
        assert_eq!(headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(headers.contains_key("retry-after"), status == 503);
        assert!(!String::from_utf8_lossy(&body).contains("pool is empty"));
        assert_eq!(frame["timestamp"].as_str().unwrap().len(), 24);
    }
}

#[tokio::test]
async fn a_page_of_a_handler_stays() {
    let (status, _, body) = ask(&door(true, 10), to("GET", "/page")).await;
    assert_eq!(
        (status, body.as_slice()),
        (StatusCode::BAD_REQUEST, b"<p>no</p>".as_slice())
    );
}

#[tokio::test]
async fn head_has_no_body() {
    let (status, headers, body) = ask(&door(true, 10), to("HEAD", "/things/1")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    assert!(body.is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_long_and_too_many_are_told_to_come_again() {
    let door = door(true, 1);
    let slow = tokio::spawn({
        let door = door.clone();
        async move { ask(&door, to("GET", "/slow")).await }
    });
    tokio::task::yield_now().await;
    let (status, headers, _) = ask(&door, to("GET", "/things/1")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(headers.contains_key("retry-after"));
    let (status, _, _) = slow.await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    // the slow one has given its place back
    assert_eq!(ask(&door, to("GET", "/things/1")).await.0, StatusCode::OK);
}
