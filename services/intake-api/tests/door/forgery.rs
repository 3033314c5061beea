//! Changes that another site has a signed-in browser send; and how long an answer about a credential counts.

use crate::{
    accounts::CSRF,
    support::{Door, TOKEN},
};
use axum::body::Body;
use http::{Request, StatusCode, request::Builder};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

fn change(door: &Door) -> Builder {
    let cookie = format!(
        "__Host-keylight_session={}",
        door.accounts.seat('a', "admin")
    );
    Request::builder()
        .method("DELETE")
        .uri("/api/tokens/ci")
        .header("host", "console.example")
        .header("cookie", cookie)
}

#[tokio::test]
async fn a_change_needs_the_form_token_and_a_page_of_ours() {
    let door = Door::open().await;
    let status = async |request: Builder, body: &'static str| {
        door.knock(request, Body::from(body)).await.status
    };
    assert_eq!(status(change(&door), "").await, StatusCode::FORBIDDEN);
    for wrong in ["", "x", "form-toke", "form-token1"] {
        let request = change(&door).header("x-csrf-token", wrong);
        assert_eq!(status(request, "").await, StatusCode::FORBIDDEN, "{wrong}");
    }
    let right = || change(&door).header("x-csrf-token", CSRF);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        assert_eq!(
            status(right().header(name, value), "").await,
            StatusCode::FORBIDDEN,
            "{value}"
        );
    }
    assert!(door.accounts.callers.lock().unwrap().is_empty());
    assert_eq!(status(right(), "").await, StatusCode::OK);
    let right = right().header("sec-fetch-site", "same-origin");
    assert_eq!(status(right, "").await, StatusCode::OK);
    let actors: Vec<_> = door
        .accounts
        .callers
        .lock()
        .unwrap()
        .iter()
        .map(|caller| caller.actor.clone())
        .collect();
    assert_eq!(actors, ["staff:ada", "staff:ada"]);
}

#[tokio::test]
async fn in_a_form_the_token_may_be_a_field_and_the_handler_still_reads_the_form() {
    let door = Door::open().await;
    let send = async |body: String| {
        let request = change(&door)
            .method("POST")
            .uri("/api/tokens")
            .header("content-type", "application/x-www-form-urlencoded");
        door.knock(request, body).await
    };
    let fields = "name=website&role=viewer&scopes=submissions:read,people:read";
    assert_eq!(send(fields.to_owned()).await.status, StatusCode::FORBIDDEN);
    let answer = send(format!("{fields}&csrf={CSRF}")).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.json()["data"]["token"]["name"], "website");
}

#[tokio::test]
async fn reading_needs_no_token_and_bearers_need_none_at_all() {
    let door = Door::open().await;
    let read = async |path: &str, site: &str| {
        let request = change(&door).method("GET").uri(path);
        let request = request.header("sec-fetch-site", site);
        door.knock(request, Body::empty()).await.status
    };
    assert_eq!(read("/api/tokens", "same-origin").await, StatusCode::OK);
    // a page may be reached by a link, data is not for pages of others
    assert_eq!(read("/console", "cross-site").await, StatusCode::OK);
    for site in ["cross-site", "same-site"] {
        assert_eq!(read("/api/tokens", site).await, StatusCode::FORBIDDEN);
    }
    let request = Request::builder()
        .method("DELETE")
        .uri("/api/tokens/ci")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("origin", "https://elsewhere.example");
    assert_eq!(
        door.knock(request, Body::empty()).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_sign_in_from_another_site_is_refused() {
    let door = Door::open().await;
    let request = Request::builder()
        .method("POST")
        .uri("/console/login")
        .header("sec-fetch-site", "cross-site");
    let answer = door
        .knock(request, "username=ada&password=correct+horse+battery")
        .await;
    assert_eq!(
        (answer.status, answer.header("set-cookie")),
        (StatusCode::FORBIDDEN, "")
    );
    assert!(door.accounts.sign_ins.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_credential_is_asked_about_once_in_a_moment_and_ends_soon_after() {
    let door = Door::open().await;
    let token = door.accounts.give('t', "viewer", &[]);
    let read = async || {
        let request = Request::builder()
            .uri("/api/submissions")
            .header("authorization", format!("Bearer {token}"));
        door.knock(request, Body::empty()).await.status
    };
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(read().await, StatusCode::OK);
    }
    if began.elapsed() < Duration::from_secs(2) {
        assert_eq!(door.accounts.asked.load(Ordering::SeqCst), 1);
    }
    // revoked elsewhere: over within the time that is stated
    door.accounts.tokens.lock().unwrap().clear();
    let revoked = Instant::now();
    while read().await == StatusCode::OK {
        assert!(revoked.elapsed() < Duration::from_secs(4), "still let in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(read().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn when_nobody_can_be_asked_it_is_503_and_the_admin_token_still_works() {
    let door = Door::open().await;
    let token = door.accounts.give('t', "viewer", &[]);
    door.accounts.away.store(true, Ordering::SeqCst);
    let read = async |token: &str| {
        let request = Request::builder()
            .uri("/api/submissions")
            .header("authorization", format!("Bearer {token}"));
        door.knock(request, Body::empty()).await
    };
    let answer = read(&token).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(read(TOKEN).await.status, StatusCode::OK);
}
