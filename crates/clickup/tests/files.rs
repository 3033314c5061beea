//! Files up and down: streamed, bounded, and never with the token anywhere but at the API.
#![allow(clippy::unwrap_used)]

mod support;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::{Router, routing};
use futures::StreamExt as _;
use keylight_clickup::{Class, ClickUp, Download, Sent, Upload};
use secrecy::SecretString;
use support::{Server, answering, options, serve};
use tokio::net::TcpListener;
use url::Url;

const MADE: &str = r#"{"id":"a.pdf","version":"0","date":1569988578766,"title":"plan.pdf","extension":"pdf",
    "url":"https://t1.p.clickup-attachments.com/t1/a/plan.pdf"}"#;

async fn all_of(mut download: Download) -> Vec<u8> {
    let mut content = Vec::new();
    while let Some(piece) = download.chunk().await.unwrap() {
        content.extend_from_slice(&piece);
    }
    content
}

/// The client of an API that may also fetch files from `files`.
fn reaching(api: &Server, files: &Server) -> ClickUp {
    let mut options = options();
    options.file_origins = vec![Url::parse(&files.origin).unwrap()];
    ClickUp::new(
        &Url::parse(&format!("{}/api", api.origin)).unwrap(),
        &SecretString::from("pk_1_TEST"),
        options,
    )
    .unwrap()
}

#[tokio::test]
async fn an_upload_is_one_form() {
    let server = answering(200, &[], MADE).await;
    let file = Upload::of_bytes("Zoë \"plan\".pdf", "line one\r\nline two");
    let made = server.client.upload("9hx", file).await.unwrap().value;
    assert_eq!(made.id, "a.pdf");
    let seen = server.only();
    assert_eq!(
        (seen.method.as_str(), seen.path_and_query.as_str()),
        ("POST", "/api/v2/task/9hx/attachment")
    );
    assert_eq!(seen.authorization.as_deref(), Some("pk_1_TEST"));
    let kind = seen.content_type.unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert_eq!(
        seen.body,
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"Zoë %22plan%22.pdf\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nline one\r\nline two\r\n--{boundary}--\r\n"
        )
    );
}

/// Counts what it gives, in pieces of 64 KiB.
fn pieces(count: usize, given: Arc<AtomicUsize>) -> impl futures::Stream<Item = io::Result<Bytes>> {
    futures::stream::iter((0..count).map(move |_| {
        given.fetch_add(1, Ordering::SeqCst);
        Ok(Bytes::from(vec![b'x'; 64 * 1024]))
    }))
}

#[tokio::test]
async fn a_large_file_is_never_in_memory_as_a_whole() {
    const COUNT: usize = 1024;
    let given = Arc::new(AtomicUsize::new(0));
    let ahead = Arc::new(AtomicUsize::new(0));
    let (source, most) = (given.clone(), ahead.clone());
    // reads slowly and compares what has arrived with what was taken from the source
    let handler = move |request: Request| async move {
        assert!(
            request.headers().contains_key("content-length"),
            "the length is told"
        );
        let mut arrived = 0;
        let mut body = request.into_body().into_data_stream();
        while let Some(piece) = body.next().await {
            arrived += piece.unwrap().len();
            let taken = source.load(Ordering::SeqCst) * 64 * 1024;
            most.fetch_max(taken.saturating_sub(arrived), Ordering::SeqCst);
        }
        Response::new(Body::from(MADE))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(routing::any(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let mut options = options();
    options.transfer_timeout = std::time::Duration::from_secs(60);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = ClickUp::new(
        &Url::parse(&format!("http://{address}/api")).unwrap(),
        &SecretString::from("pk_1_TEST"),
        options,
    )
    .unwrap();
    let length = (COUNT * 64 * 1024) as u64;
    let file = Upload::new("big.bin", length, pieces(COUNT, given.clone()));
    client.upload("9hx", file).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), COUNT);
    // socket buffers and what the two ends hold, of 64 MiB
    let ahead = ahead.load(Ordering::SeqCst);
    assert!(
        ahead < 24 * 1024 * 1024,
        "{ahead} bytes were under way at once"
    );
}

#[tokio::test]
async fn content_of_another_length_than_said_is_no_upload() {
    for length in [3, 9] {
        let server = answering(200, &[], MADE).await;
        let content = futures::stream::iter([Ok(Bytes::from_static(b"six ch"))]);
        let file = Upload::new("a.pdf", length, content);
        let error = server.client.upload("9hx", file).await.unwrap_err();
        assert_eq!((error.class, error.sent), (Class::Retry, Sent::Maybe));
    }
}

#[tokio::test]
async fn what_clickup_would_not_take_is_not_sent() {
    let server = answering(200, &[], MADE).await;
    let file = Upload::new("a.pdf", (1 << 30) + 1, futures::stream::empty());
    let error = server.client.upload("9hx", file).await.unwrap_err();
    assert_eq!((error.class, error.sent), (Class::OurFault, Sent::No));
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_file_on_another_host_is_fetched_without_the_token() {
    let api = answering(200, &[], "{}").await;
    let files = answering(200, &[], "content").await;
    let client = reaching(&api, &files);
    let url = format!("{}/t1/a/plan.pdf?view=open", files.origin);
    let download = client.download(&url, 100).await.unwrap();
    assert_eq!(download.length(), Some(7));
    assert_eq!(all_of(download).await, b"content");
    let seen = files.only();
    assert_eq!(seen.authorization, None);
    assert_eq!(seen.path_and_query, "/t1/a/plan.pdf?view=open");
    assert!(api.seen().is_empty());
}

#[tokio::test]
async fn a_file_at_the_api_is_fetched_without_the_token_too() {
    let api = answering(200, &[], "content").await;
    let url = format!("{}/files/a", api.origin);
    all_of(api.client.download(&url, 100).await.unwrap()).await;
    assert_eq!(api.only().authorization, None);
}

#[tokio::test]
async fn no_call_follows_a_redirect_with_the_token() {
    let elsewhere = answering(200, &[], "{}").await;
    let to = elsewhere.origin.clone();
    let api = serve(move || {
        Response::builder()
            .status(307)
            .header("location", &to)
            .body(Body::empty())
            .unwrap()
    })
    .await;
    let file = Upload::of_bytes("a", "b");
    assert_eq!(
        api.client.upload("9hx", file).await.unwrap_err().class,
        Class::Unexpected
    );
    assert_eq!(
        api.client.task("9hx").await.unwrap_err().class,
        Class::Unexpected
    );
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_file_is_not_fetched_from_where_a_redirect_should_not_lead() {
    let inside = answering(200, &[], "secret of ours").await;
    let to = inside.origin.clone();
    let api = serve(move || {
        Response::builder()
            .status(302)
            .header("location", &to)
            .body(Body::empty())
            .unwrap()
    })
    .await;
    let url = format!("{}/files/a", api.origin);
    let error = api.client.download(&url, 100).await.unwrap_err();
    assert_eq!(error.class, Class::Unexpected);
    assert!(inside.seen().is_empty());
    // an address that is allowed may redirect to another one that is
    let client = reaching(&api, &inside);
    assert_eq!(
        all_of(client.download(&url, 100).await.unwrap()).await,
        b"secret of ours"
    );
    assert_eq!(inside.only().authorization, None);
}

#[tokio::test]
async fn addresses_inside_our_network_are_not_asked() {
    let inside = answering(200, &[], "secret of ours").await;
    let api = answering(200, &[], "{}").await;
    for url in [
        inside.origin.as_str(),
        "https://127.0.0.1/a",
        "https://localhost/a",
        "file:///etc/passwd",
        "no address",
    ] {
        let error = api.client.download(url, 100).await.unwrap_err();
        assert_eq!(
            (error.class, error.sent),
            (Class::OurFault, Sent::No),
            "{url}"
        );
    }
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn a_file_longer_than_the_limit_is_broken_off() {
    let api = answering(200, &[], &"x".repeat(101)).await;
    let url = format!("{}/files/a", api.origin);
    let told = api.client.download(&url, 100).await.unwrap_err();
    assert_eq!(told.class, Class::OurFault);
    // without its length told
    let api = serve(|| {
        let piece = || Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 60]));
        Response::new(Body::from_stream(futures::stream::iter([piece(), piece()])))
    })
    .await;
    let url = format!("{}/files/a", api.origin);
    let mut download = api.client.download(&url, 100).await.unwrap();
    let error = loop {
        match download.chunk().await {
            Ok(piece) => assert!(piece.is_some(), "the end of a file that is too long"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.class, Class::OurFault);
}

#[tokio::test]
async fn a_refusal_by_the_file_host_says_nothing_of_the_token() {
    for (status, class) in [
        (401, Class::Forbidden),
        (403, Class::Forbidden),
        (404, Class::Gone),
        (503, Class::Retry),
    ] {
        let api = answering(status, &[], r#"{"ECODE":"OAUTH_025"}"#).await;
        let url = format!("{}/files/a", api.origin);
        let error = api.client.download(&url, 100).await.unwrap_err();
        assert_eq!((error.class, error.status), (class, Some(status)));
        assert!(!format!("{error:?} {error}").contains(&api.origin));
    }
}
