//! Bodies that are no application.

use crate::support::{Door, good};
use flate2::{Compression, write::GzEncoder};
use http::{Request, StatusCode};
use std::io::Write as _;

#[tokio::test]
async fn texts_that_are_not_json() {
    let door = Door::open().await;
    for body in ["{bad", "{\"a\":", "{}{}", "null", "\"x\"", "1", "true"] {
        let answer = door.post_raw("application/json", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let frame = answer.json();
        assert_eq!(frame["error"], "Invalid JSON", "{body}");
        assert_eq!(frame["message"], "Request body contains invalid JSON");
    }
}

async fn post_encoded(door: &Door, encoding: &str, body: Vec<u8>) -> crate::support::Answer {
    let request = Request::builder()
        .method("POST")
        .uri("/api/submissions")
        .header("content-type", "application/json");
    door.knock(request.header("content-encoding", encoding), body)
        .await
}

#[tokio::test]
async fn compressed_bodies() {
    let door = Door::open().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(good().to_string().as_bytes()).unwrap();
    let zipped = gzip.finish().unwrap();
    assert_eq!(
        post_encoded(&door, "gzip", zipped.clone()).await.status,
        StatusCode::CREATED
    );

    let corrupt = post_encoded(&door, "gzip", zipped[..zipped.len() / 2].to_vec()).await;
    assert_eq!(
        (corrupt.status, corrupt.json()["error"].as_str()),
        (StatusCode::BAD_REQUEST, Some("Bad request"))
    );

    let unknown = post_encoded(&door, "zstd", vec![1]).await;
    assert_eq!(unknown.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(unknown.json()["error"], "Unsupported media type");

    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 20 << 20]).unwrap();
    let answer = post_encoded(&door, "gzip", bomb.finish().unwrap()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
