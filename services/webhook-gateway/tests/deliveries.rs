//! What becomes of a delivery, on a real database and a real bus.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
};
use futures::{StreamExt as _, future::join_all, stream};
use keylight_clickup::signature;
use keylight_contracts::events::{CLICKUP_TASK_HINT, TaskHint};
use support::{Gateway, SECRET, fresh_database, small_pool, status_change};

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_stored_and_told() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let body = status_change("taskStatusUpdated", "86abc", "1");
    let signature = signature::sign(SECRET.as_bytes(), body.as_bytes());
    assert_eq!(
        gateway.post("intake", &body, Some(&signature)).await,
        (StatusCode::OK, "{}".to_owned())
    );

    let (stored, name): (Vec<u8>, String) =
        sqlx::query_as("SELECT body, webhook FROM webhook.deliveries")
            .fetch_one(&gateway.pool)
            .await
            .unwrap();
    assert_eq!(
        (stored.as_slice(), name.as_str()),
        (body.as_bytes(), "intake"),
        "as it came"
    );
    let hints = gateway.hints(1).await;
    assert_eq!(
        (hints[0].kind.as_str(), hints[0].subject.as_str()),
        (CLICKUP_TASK_HINT, "task/86abc")
    );
    let hint: TaskHint = serde_json::from_value(hints[0].data.clone()).unwrap();
    assert_eq!(
        (
            hint.webhook.as_str(),
            hint.event.as_str(),
            hint.task_id.as_str()
        ),
        ("intake", "taskStatusUpdated", "86abc")
    );
    assert_eq!(
        (hint.delivery_id, hint.history[0].user_id),
        (hints[0].id, Some(183))
    );
    assert_eq!(
        hint.history[0].after.as_ref().unwrap()["status"],
        "reviewed"
    );
    assert!(!serde_json::to_string(&hints[0]).unwrap().contains("Jane"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_refused_and_leaves_nothing() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let body = status_change("taskUpdated", "9", "1");
    let right = signature::sign(SECRET.as_bytes(), body.as_bytes());
    let forged = signature::sign(b"guessed", body.as_bytes());
    let empty_key = signature::sign(b"", body.as_bytes());
    let too_long = format!("{right}00");
    for (signature, sent) in [
        (Some(forged.as_str()), body.as_str()),
        (Some(empty_key.as_str()), &body),
        (Some(&right), &body.replace("reviewed", "qualified")),
        (Some(&right), &format!("{body} ")),
        (Some(&right[..63]), &body),
        (Some(&too_long), &body),
        (Some(""), &body),
        (None, &body),
        (Some(&right), ""),
    ] {
        let (status, answer) = gateway.post("intake", sent, signature).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{signature:?}");
        assert!(answer.contains("signature"));
    }
    assert!(gateway.ledger().await.is_empty());
    gateway.hints(0).await;
    assert_eq!(
        gateway.signed("intake", &body, SECRET).await,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_is_stored_and_told_once() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let body = status_change("taskUpdated", "9", "1");
    let at_once = join_all((0..30).map(|_| gateway.signed("intake", &body, SECRET))).await;
    assert!(
        at_once.iter().all(|status| *status == StatusCode::OK),
        "{at_once:?}"
    );
    gateway.hints(1).await;
    assert_eq!(
        gateway.signed("intake", &body, SECRET).await,
        StatusCode::OK,
        "also after it was published"
    );
    assert_eq!(gateway.ledger().await.len(), 1);
    gateway.hints(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_store_a_repetition_once() {
    let database = fresh_database().await;
    let (one, other) = (
        Gateway::start(&database).await,
        Gateway::start(&database).await,
    );
    let bodies: Vec<String> = (0..40)
        .map(|n| status_change("taskUpdated", "9", &n.to_string()))
        .collect();
    // in opposite orders, which would lock two careless transactions out
    let first = join_all(bodies.iter().map(|body| one.signed("intake", body, SECRET)));
    let second = join_all(
        bodies
            .iter()
            .rev()
            .map(|body| other.signed("intake", body, SECRET)),
    );
    let (first, second) = tokio::join!(first, second);
    assert!(
        first
            .into_iter()
            .chain(second)
            .all(|status| status == StatusCode::OK)
    );
    assert_eq!(one.ledger().await.len(), 40);
    one.hints(40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_are_kept_apart() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    for event in ["taskUpdated", "taskStatusUpdated"] {
        assert_eq!(
            gateway
                .signed("intake", &status_change(event, "9", "1"), SECRET)
                .await,
            StatusCode::OK
        );
    }
    let hints = gateway.hints(2).await;
    assert_eq!(gateway.ledger().await.len(), 2);
    assert_ne!(hints[0].id, hints[1].id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_and_not_told() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    for body in [
        "not json",
        "",
        "[]",
        r#"{"event":"weatherChanged","task_id":"1"}"#,
        r#"{"event":"taskUpdated"}"#,
    ] {
        assert_eq!(
            gateway.signed("intake", body, SECRET).await,
            StatusCode::OK,
            "{body}"
        );
    }
    assert_eq!(
        gateway.ledger().await,
        vec![("unknown".to_owned(), None, None); 5]
    );
    gateway.hints(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_lists_are_kept_and_not_told() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let body = r#"{"event":"listUpdated","list_id":"7","webhook_id":"w-1"}"#;
    assert_eq!(gateway.signed("intake", body, SECRET).await, StatusCode::OK);
    let expected = (
        "list".to_owned(),
        Some("listUpdated".to_owned()),
        Some("7".to_owned()),
    );
    assert_eq!(gateway.ledger().await, vec![expected]);
    gateway.hints(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_be_one_mebibyte_and_no_more() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let largest = format!(
        r#"{{"event":"taskUpdated","task_id":"9","pad":"{}"}}"#,
        "x".repeat((1 << 20) - 46)
    );
    assert_eq!(largest.len(), 1 << 20);
    assert_eq!(
        gateway.signed("intake", &largest, SECRET).await,
        StatusCode::OK
    );
    assert_eq!(
        gateway
            .signed("intake", &format!("{largest} "), SECRET)
            .await,
        StatusCode::PAYLOAD_TOO_LARGE
    );

    // without a length in the head
    let parts = stream::repeat(Bytes::from(vec![b'x'; 64 << 10]))
        .take(17)
        .map(Ok::<_, std::io::Error>);
    let request = Request::post("/webhooks/clickup/intake")
        .header("X-Signature", "0".repeat(64))
        .body(Body::from_stream(parts))
        .unwrap();
    assert_eq!(gateway.send(request).await.0, StatusCode::PAYLOAD_TOO_LARGE);

    let broken = stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("cut")),
    ]);
    let request = Request::post("/webhooks/clickup/intake")
        .header("X-Signature", "0".repeat(64))
        .body(Body::from_stream(broken))
        .unwrap();
    assert_eq!(gateway.send(request).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(gateway.ledger().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough_for_many_at_once() {
    let database = fresh_database().await;
    let started = Gateway::start(&database).await;
    started.lifecycle.stop();
    let lifecycle = keylight_runtime::lifecycle::Lifecycle::new();
    let url = support::serve_sync(started.told.clone(), &lifecycle).await;
    let pool = small_pool(&database.url, 1).await;
    let gateway = Gateway::start_with(pool, &url, started.told.clone(), lifecycle).await;
    let bodies: Vec<String> = (0..600)
        .map(|n| status_change("taskUpdated", &format!("t{n}"), &n.to_string()))
        .collect();
    let statuses = join_all(
        bodies
            .iter()
            .map(|body| gateway.signed("intake", body, SECRET)),
    )
    .await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    gateway.hints(600).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_are_not_served() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let get = Request::get("/webhooks/clickup/intake")
        .body(Body::empty())
        .unwrap();
    assert_eq!(gateway.send(get).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let other = Request::post("/webhooks/clickup/intake/more")
        .body(Body::empty())
        .unwrap();
    assert_eq!(gateway.send(other).await.0, StatusCode::NOT_FOUND);
}
