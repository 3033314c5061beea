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
