//! Answers as one must expect them from the real service and what stands in front of it.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use keylight_clickup::{Class, CreateTask, ListQuery, Sent};
use support::{answering, client_at, raw, write_and_close};
use tokio::net::TcpListener;

fn new_task() -> CreateTask {
    CreateTask {
        name: "Ann Lee".into(),
        ..CreateTask::default()
    }
}

#[tokio::test]
async fn a_refusal_tells_class_code_and_budget() {
    let server = answering(
        429,
        &[
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1722945600"),
            ("retry-after", "17"),
        ],
        r#"{"err":"Rate limit reached","ECODE":"APP_002"}"#,
    )
    .await;
    let error = server
        .client
        .create_task("901", &new_task())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.status),
        (Class::RateLimited, Sent::No, Some(429))
    );
    assert_eq!(error.ecode.as_deref(), Some("APP_002"));
    assert_eq!(error.retry_after, Some(Duration::from_secs(17)));
    assert_eq!(
        (error.rate.limit, error.rate.remaining, error.rate.reset),
        (Some(100), Some(0), Some(1_722_945_600))
    );
    assert_eq!(server.seen().len(), 1, "one call is one request");
}

#[tokio::test]
async fn a_page_of_somebody_else_is_no_success() {
    let server = answering(200, &[], "<html>please sign in").await;
    for error in [
        server.client.clear_field("1", "f").await.unwrap_err(),
        server.client.add_tag("1", "keylight").await.unwrap_err(),
        server.client.delete_task("1").await.unwrap_err(),
    ] {
        assert_eq!((error.class, error.sent), (Class::Unexpected, Sent::Maybe));
    }
    // what says nothing but success says it so
    for body in ["{}", ""] {
        let server = answering(200, &[], body).await;
        server.client.clear_field("1", "f").await.unwrap();
    }
}

#[tokio::test]
async fn a_page_of_a_gateway_does_not_hide_the_status() {
    for (status, class, sent) in [
        (502, Class::Retry, Sent::Maybe),
        (504, Class::Retry, Sent::Maybe),
        (500, Class::Retry, Sent::Maybe),
        (403, Class::Forbidden, Sent::No),
        (401, Class::Forbidden, Sent::No),
        (429, Class::RateLimited, Sent::No),
        (404, Class::Unexpected, Sent::No),
        (405, Class::Unexpected, Sent::No),
        (408, Class::Retry, Sent::Maybe),
    ] {
        let server = answering(
            status,
            &[("content-type", "text/html")],
            "<html><h1>Sorry</h1>",
        )
        .await;
        let error = server
            .client
            .create_task("901", &new_task())
            .await
            .unwrap_err();
        assert_eq!(
            (error.status, error.class, error.sent),
            (Some(status), class, sent),
            "{status}"
        );
        assert_eq!(error.ecode, None);
    }
}

#[tokio::test]
async fn plain_text_404_is_a_route_not_a_task() {
    let server = answering(404, &[], "404 page not found").await;
    assert_eq!(
        server.client.task("9hx").await.unwrap_err().class,
        Class::Unexpected
    );
    let server = answering(404, &[], r#"{"err":"Task not found","ECODE":"ITEM_013"}"#).await;
    assert_eq!(
        server.client.task("9hx").await.unwrap_err().class,
        Class::Gone
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = answering(302, &[("location", "/elsewhere")], "").await;
    let error = server.client.task("9hx").await.unwrap_err();
    assert_eq!((error.class, error.status), (Class::Unexpected, Some(302)));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_success_that_is_no_task_may_have_run() {
    let server = answering(200, &[], "<html>maintenance").await;
    let error = server
        .client
        .create_task("901", &new_task())
        .await
        .unwrap_err();
    assert_eq!((error.class, error.sent), (Class::Unexpected, Sent::Maybe));

    let server = answering(
        200,
        &[("x-ratelimit-remaining", "5")],
        r#"{"name":"Ann Lee, no id"}"#,
    )
    .await;
    let error = server
        .client
        .create_task("901", &new_task())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.rate.remaining),
        (Class::Unexpected, Sent::Yes, Some(5))
    );
    assert!(!format!("{error:?} {error}").contains("Ann"), "{error:?}");
}

#[tokio::test]
async fn a_cut_body_of_a_success_may_have_run() {
    let client = raw(|stream| async move {
        write_and_close(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"id\":\"9hx\",",
        )
        .await;
    })
    .await;
    let error = client.create_task("901", &new_task()).await.unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.status),
        (Class::Retry, Sent::Maybe, Some(200))
    );
}

#[tokio::test]
async fn a_cut_body_of_a_refusal_is_still_a_refusal() {
    let client = raw(|stream| async move {
        write_and_close(
            stream,
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 5000\r\n\r\n{\"err\":",
        )
        .await;
    })
    .await;
    let error = client.create_task("901", &new_task()).await.unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.status),
        (Class::OurFault, Sent::No, Some(400))
    );
}

#[tokio::test]
async fn nobody_listening_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client_at(&format!("http://{address}/api"), "pk_1_TEST")
        .create_task("901", &new_task())
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.status),
        (Class::Unreachable, Sent::No, None)
    );
}

#[tokio::test]
async fn an_unknown_host_means_not_sent() {
    let error = client_at("http://no-such-host.invalid/api", "pk_1_TEST")
        .create_task("901", &new_task())
        .await
        .unwrap_err();
    assert_eq!((error.class, error.sent), (Class::Unreachable, Sent::No));
}

#[tokio::test]
async fn a_connection_that_dies_after_the_request_may_have_run() {
    let client = raw(|stream| async move { drop(stream) }).await;
    let error = client.create_task("901", &new_task()).await.unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.status),
        (Class::Retry, Sent::Maybe, None)
    );
}

#[tokio::test]
async fn silence_ends_and_may_have_run() {
    let client = raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let error = client.create_task("901", &new_task()).await.unwrap_err();
    assert_eq!(
        (error.class, error.sent, error.status),
        (Class::Retry, Sent::Maybe, None)
    );
    assert!(
        !format!("{error:?}").contains("/api/"),
        "no address in errors: {error:?}"
    );
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let client = raw(|mut stream| async move {
        use tokio::io::AsyncWriteExt;
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    let error = client
        .list_tasks("901", &ListQuery::default())
        .await
        .unwrap_err();
    assert_eq!((error.class, error.status), (Class::Unexpected, Some(200)));
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_not_read() {
    let server = answering(200, &[], &"x".repeat(100_001)).await;
    assert_eq!(
        server.client.task("9hx").await.unwrap_err().class,
        Class::Unexpected
    );
}

#[tokio::test]
async fn deletes_answer_with_or_without_a_body() {
    for (status, body) in [(204, ""), (200, "{}"), (200, "")] {
        let server = answering(status, &[], body).await;
        server.client.delete_task("9hx").await.unwrap();
    }
}
