//! The staff console.

use crate::support::{Answer, Door, TOKEN};
use axum::body::Body;
use http::{Request, StatusCode};
use std::sync::atomic::Ordering;

async fn log_in(door: &Door, token: &str) -> Answer {
    let request = Request::builder().method("POST").uri("/console/login");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    door.knock(
        request,
        serde_urlencoded::to_string([("token", token)]).unwrap(),
    )
    .await
}

async fn overview(door: &Door) -> Answer {
    let login = log_in(door, TOKEN).await;
    let cookie = login
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    door.knock(
        Request::builder().uri("/console").header("cookie", cookie),
        Body::empty(),
    )
    .await
}

#[tokio::test]
async fn without_a_login_there_is_only_the_login() {
    let door = Door::open().await;
    for cookie in [
        "",
        "keylight_console=",
        "keylight_console=99999999999.00",
        "keylight_console=x",
    ] {
        let answer = door
            .knock(
                Request::builder().uri("/console").header("cookie", cookie),
                Body::empty(),
            )
            .await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/console/login")
        );
    }
    assert_eq!(door.store.calls.load(Ordering::SeqCst), 0);
    assert!(
        door.get("/console/login")
            .await
            .text
            .contains("type=\"password\"")
    );
}

#[tokio::test]
async fn the_admin_token_opens_it_and_nothing_else_does() {
    let door = Door::open().await;
    for wrong in ["", "wrong", "a-token-for-test"] {
        let answer = log_in(&door, wrong).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (StatusCode::UNAUTHORIZED, "")
        );
        assert!(answer.text.contains("This is not the admin token."));
    }
    let answer = log_in(&door, TOKEN).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/console")
    );
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Strict")
            && cookie.contains("Path=/console"),
        "{cookie}"
    );
    assert!(!cookie.contains(TOKEN));
}

#[tokio::test]
async fn the_first_page_shows_how_things_stand() {
    let door = Door::open().await;
    door.stored("a@example.com").await;
    door.stored("b@example.com").await;
    {
        let mut rows = door.store.submissions.lock().unwrap();
        rows[0].sync_state = "synced".to_owned();
        rows[0].clickup_url = Some("https://app.clickup.com/t/86abc".to_owned());
        rows[1].clickup_url = Some("javascript:alert(1)".to_owned());
    }
    let page = overview(&door).await;
    assert_eq!(page.status, StatusCode::OK);
    for expected in [
        "<dt>All</dt><dd>2</dd>",
        "href=\"https://app.clickup.com/t/86abc\"",
        "sync-synced",
        "Ada Probe",
        "2026-11-22 06:28",
        "<svg class=\"chart\"",
        "2026-11-22: 1 qualified",
    ] {
        assert!(page.text.contains(expected), "{expected}\n{}", page.text);
    }
    assert!(!page.text.contains("javascript:"));
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn parts_that_are_away_are_said_to_be() {
    let door = Door::open().await;
    door.store.database_away.store(true, Ordering::SeqCst);
    let page = overview(&door).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.text.contains("The counts are not available just now.")
            && page.text.contains("<svg class=\"chart\"")
    );
}

#[tokio::test]
async fn logging_out_forgets_the_cookie() {
    let door = Door::open().await;
    let answer = door
        .knock(
            Request::builder().method("POST").uri("/console/logout"),
            Body::empty(),
        )
        .await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(answer.header("location"), "/console/login");
}
