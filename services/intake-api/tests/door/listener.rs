//! The door on a real listener.

use crate::support::{Door, listener};
use axum::{Router, routing::get};
use intake_api::app::{self, Resources};
use keylight_runtime::lifecycle::Lifecycle;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn ask(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn until_ready(lifecycle: &Lifecycle) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !lifecycle.readiness().is_ready() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited
        .await
        .unwrap_or_else(|_| panic!("not ready: {:?}", lifecycle.readiness()));
}

#[tokio::test]
async fn serves_becomes_ready_and_stops_clean() {
    let behind = Door::open().await;
    let lifecycle = Lifecycle::new();
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    let beside = Router::new().route("/webhooks/clickup/{name}", get(|| async { "another door" }));
    app::run(
        behind.config.clone(),
        Resources { listener, beside },
        &lifecycle,
    )
    .unwrap();

    until_ready(&lifecycle).await;
    assert!(ask(address, "/health").await.starts_with("HTTP/1.1 200"));
    assert!(
        ask(address, "/webhooks/clickup/main")
            .await
            .ends_with("another door")
    );
    assert!(ask(address, "/nowhere").await.contains("Route not found"));

    // the entity service goes away: still alive, but not ready
    behind.lifecycle.stop();
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while lifecycle.readiness().is_ready() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap();
    assert!(ask(address, "/health").await.starts_with("HTTP/1.1 200"));

    lifecycle.stop();
    lifecycle.finished(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn a_client_that_applies_too_often_is_told_when_to_come_again() {
    let behind = Door::open_with(&[
        ("KEYLIGHT_HTTP_APPLY_LIMIT", "2"),
        ("KEYLIGHT_HTTP_TRUSTED_PROXIES", "1"),
    ])
    .await;
    let lifecycle = Lifecycle::new();
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    app::run(behind.config.clone(), Resources::new(listener), &lifecycle).unwrap();
    let post = async |path: &str, client: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: {client}\r\ncontent-length: 2\r\n\
             content-type: application/json\r\n\r\n{{}}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    for _ in 0..2 {
        assert!(
            post("/api/submissions", "192.0.2.1")
                .await
                .starts_with("HTTP/1.1 400")
        );
    }
    let refused = post("/api/submissions", "192.0.2.1").await;
    assert!(
        refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after: "),
        "{refused}"
    );
    assert!(refused.contains("Too many requests"));
    assert!(
        post("/api/submissions", "192.0.2.2")
            .await
            .starts_with("HTTP/1.1 400")
    );
}

#[tokio::test]
async fn a_body_far_above_the_limit_is_answered_and_not_cut_off() {
    let behind = Door::open().await;
    let lifecycle = Lifecycle::new();
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    app::run(behind.config.clone(), Resources::new(listener), &lifecycle).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = 11 << 20;
    let head = format!(
        "POST /api/submissions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; length]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("Payload too large"),
        "{answer}"
    );
}

#[tokio::test]
async fn all_clients_together_keep_a_pace_too() {
    let door = Door::open_with(&[("KEYLIGHT_HTTP_APPLY_LIMIT_TOTAL", "2")]).await;
    for _ in 0..2 {
        assert_eq!(door.post(&serde_json::json!({})).await.status, 400);
    }
    let refused = door.post(&serde_json::json!({})).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json()["code"], "rate_limited");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    // nobody else is slowed down
    assert_eq!(
        door.admin("GET", "/api/submissions", None).await.status,
        200
    );
}
