//! Error frames, CORS and the small public answers.

use crate::support::{Door, SITE, TOKEN};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::Value;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn wrong_methods() {
    let door = Door::open().await;
    for (method, path, allowed) in [
        ("PATCH", "/api/submissions/1/status", "PUT"),
        ("POST", "/api/submissions/1/status", "PUT"),
        ("POST", "/health", "GET,HEAD"),
    ] {
        let answer = door
            .knock(Request::builder().method(method).uri(path), Body::empty())
            .await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(answer.json()["code"], "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[tokio::test]
async fn unknown_paths() {
    let door = Door::open().await;
    let cases = [
        ("GET", "/nowhere?x=1"),
        ("GET", "//api//submissions"),
        ("GET", "/%E0%A4%A"),
        ("GET", "/assets/../Cargo.toml"),
    ];
    for (method, path) in cases {
        let answer = door
            .knock(Request::builder().method(method).uri(path), Body::empty())
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        let frame = answer.json();
        assert_eq!(frame["error"], "Route not found");
        assert_eq!(
            (frame["path"].as_str(), frame["method"].as_str()),
            (Some(path), Some(method))
        );
        assert!(frame.get("message").is_none() && frame.get("details").is_none());
    }
}

#[tokio::test]
async fn refused_bodies_can_be_read_by_allowed_pages() {
    let door = Door::open().await;
    let large = format!(
        "{{\"full_name\":\"{}\"}}",
        "x".repeat(door.config.body_limit)
    );
    let cases = [
        ("application/json", "{bad".to_owned(), 400, "Invalid JSON"),
        ("application/json", large, 413, "Payload too large"),
        (
            "application/json; charset=x-odd",
            "{}".to_owned(),
            415,
            "Unsupported media type",
        ),
    ];
    for (kind, body, status, class) in cases {
        let request = Request::builder()
            .method("POST")
            .uri("/api/submissions")
            .header("content-type", kind)
            .header("origin", SITE);
        let answer = door.knock(request, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (status, Some(class))
        );
        assert_eq!(answer.header("access-control-allow-origin"), SITE);
        assert_eq!(answer.header("vary"), "Origin");
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
}

#[tokio::test]
async fn origins() {
    let door = Door::open().await;
    let from = async |origin: &str| {
        let answer = door
            .knock(
                Request::builder().uri("/health").header("origin", origin),
                Body::empty(),
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        answer.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(from(SITE).await, SITE);
    assert_eq!(from("https://other.example").await, "https://other.example");
    for foreign in ["https://evil.example", "null", "http://localhost:3000"] {
        assert_eq!(from(foreign).await, "", "{foreign}");
    }
    let development = Door::open_with(&[("KEYLIGHT_ENVIRONMENT", "development")]).await;
    let request = Request::builder()
        .uri("/health")
        .header("origin", "http://localhost:3000");
    let answer = development.knock(request, Body::empty()).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    assert_eq!(answer.header("strict-transport-security"), "");
}

#[tokio::test]
async fn health_and_info() {
    let door = Door::open_alone().await;
    let health = door.get("/health").await;
    assert_eq!(health.status, StatusCode::OK);
    let json = health.json();
    assert_eq!(
        (&json["status"], &json["environment"]),
        (&"OK".into(), &"production".into())
    );
    assert!(json["uptime"].is_f64() && json["version"].is_string());
    assert!(json["timestamp"].as_str().unwrap().ends_with('Z'));

    let info = door.get("/").await;
    let json = info.json();
    assert!(
        json["message"].is_string() && json["version"].is_string() && json["endpoints"].is_object()
    );
    assert_eq!(info.headers.get_all("vary").iter().count(), 2);
    let head = door
        .knock(
            Request::builder().method("HEAD").uri("/health"),
            Body::empty(),
        )
        .await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn with_the_database_away_callers_are_told_when_to_come_again() {
    let door = Door::open().await;
    door.store.database_away.store(true, Ordering::SeqCst);
    for (method, path) in [
        ("GET", "/api/submissions"),
        ("GET", "/api/submissions/1"),
        ("GET", "/api/submissions/stats"),
    ] {
        let answer = door.admin(method, path, None).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.header("retry-after").is_empty());
        assert!(!answer.text.contains("10.0.0.7"), "{}", answer.text);
        assert_eq!(answer.json()["code"], "unavailable");
    }
    let test = door.admin("GET", "/api/test-db", None).await;
    assert_eq!(test.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(test.json()["status"], "Database connection failed");
    assert!(!test.text.contains("10.0.0.7"));
    assert_eq!(door.get("/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn with_nobody_behind_the_door_it_is_the_same() {
    let door = Door::open_alone().await;
    let answer = door.post(&crate::support::good()).await;
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        answer.text
    );
    assert_eq!(answer.header("retry-after"), "2");
    assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
}

#[tokio::test]
async fn test_db_for_an_admin() {
    let json = Door::open()
        .await
        .admin("GET", "/api/test-db", None)
        .await
        .json();
    assert_eq!(json["status"], "Database connected successfully");
    assert_eq!(json["timestamp"], "2026-11-22T06:28:55.000Z");
    assert_eq!(
        json["pool_stats"],
        serde_json::json!({"total": 3, "idle": 2, "waiting": 0})
    );
}

#[tokio::test]
async fn a_wrong_service_token_is_our_defect_not_the_callers() {
    let mut door = Door::open().await;
    let mut config = door.config.clone();
    config.rpc.token = "another-token-between-services".into();
    door.router =
        intake_api::app::build(&config, intake_api::app::Deps::connect(&config).unwrap()).unwrap();
    let request = Request::builder()
        .uri("/api/submissions/1")
        .header("authorization", format!("Bearer {TOKEN}"));
    let answer = door.knock(request, Body::empty()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        answer.json()["message"],
        Value::from("Something went wrong")
    );
}
