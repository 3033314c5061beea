//! The staff console.

use crate::{
    accounts::{CSRF, PASSWORD, secret},
    doubles::QUARANTINED,
    support::{Answer, Door, TOKEN, with},
};
use axum::body::Body;
use http::{Request, StatusCode};
use keylight_web::server::Peer;
use std::sync::atomic::Ordering;

fn form(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}

async fn post(door: &Door, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie);
    door.knock(request, form(fields)).await
}

async fn sign_in(door: &Door, username: &str, password: &str) -> Answer {
    let fields = [("username", username), ("password", password)];
    post(door, "/console/login", "", &fields).await
}

/// The cookie of a new session, as a browser sends it back.
async fn cookie(door: &Door) -> String {
    let answer = sign_in(door, "ada", PASSWORD).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    cookie.to_owned()
}

async fn look(door: &Door, path: &str, cookie: &str) -> Answer {
    let request = Request::builder().uri(path).header("cookie", cookie);
    door.knock(request, Body::empty()).await
}

fn leads(answer: &Answer) -> (StatusCode, &str) {
    (answer.status, answer.header("location"))
}

#[tokio::test]
async fn without_a_session_there_is_only_the_sign_in() {
    let door = Door::open().await;
    let ended = format!("__Host-keylight_session={}", secret('z'));
    for cookie in ["", "__Host-keylight_session=", "keylight_session=x", &ended] {
        for path in ["/console", "/console/password"] {
            let answer = look(&door, path, cookie).await;
            assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console/login"));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    assert_eq!(door.store.calls.load(Ordering::SeqCst), 0);
    let page = door.get("/console/login").await;
    assert!(page.text.contains("name=\"username\"") && page.text.contains("type=\"password\""));
}

#[tokio::test]
async fn name_and_password_open_it_and_nothing_else_does() {
    let door = Door::open().await;
    for (username, password) in [
        ("", ""),
        ("ada", "wrong"),
        ("eve", PASSWORD),
        ("admin", TOKEN),
    ] {
        let answer = sign_in(&door, username, password).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (StatusCode::UNAUTHORIZED, "")
        );
        assert!(answer.text.contains("Username or password is wrong"));
        assert!(answer.text.contains(&format!("value=\"{username}\"")));
    }
    let answer = sign_in(&door, "ada", PASSWORD).await;
    assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console"));
    let expected = format!(
        "__Host-keylight_session={}; Path=/; HttpOnly; SameSite=Lax; Secure",
        secret('s')
    );
    assert_eq!(answer.header("set-cookie"), expected);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn in_development_the_cookie_needs_no_https_but_uses_it() {
    let door = Door::open_with(&[("KEYLIGHT_ENVIRONMENT", "development")]).await;
    let plain = cookie(&door).await;
    assert_eq!(plain, format!("keylight_session={}", secret('s')));
    assert_eq!(look(&door, "/console", &plain).await.status, StatusCode::OK);
    let request = Request::builder()
        .method("POST")
        .uri("/console/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-proto", "https");
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let answer = door.knock(request, form(&fields)).await;
    let secure = answer.header("set-cookie");
    assert!(
        secure.starts_with("__Host-") && secure.ends_with("; Secure"),
        "{secure}"
    );
}

#[tokio::test]
async fn who_tries_too_often_is_told_when_to_come_again() {
    let door = Door::open().await;
    let answer = sign_in(&door, "busy", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "7");
    assert!(answer.text.contains("try again in 7 seconds"));
}

#[tokio::test]
async fn the_throttle_is_told_the_clients_address() {
    let door = Door::open_with(&[("KEYLIGHT_HTTP_TRUSTED_PROXIES", "1")]).await;
    let request = Request::builder()
        .method("POST")
        .uri("/console/login")
        .extension(Peer("10.0.0.1:4711".parse().unwrap()))
        .header("x-forwarded-for", "203.0.113.9, 198.51.100.7");
    door.knock(request, "username=ada").await;
    let attempts = door.accounts.sign_ins.lock().unwrap();
    assert_eq!(attempts[0].address, "198.51.100.7");
}

#[tokio::test]
async fn a_one_time_password_leads_to_a_new_one_and_nowhere_else() {
    let door = Door::open().await;
    door.accounts.one_time.store(true, Ordering::SeqCst);
    let answer = sign_in(&door, "ada", PASSWORD).await;
    assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console/password"));
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let answer = look(&door, "/console", cookie).await;
    assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console/password"));
    let page = look(&door, "/console/password", cookie).await;
    assert!(page.text.contains("for one use"), "{}", page.text);

    let change = async |current, new, again| {
        let fields = [
            ("csrf", CSRF),
            ("current", current),
            ("password", new),
            ("again", again),
        ];
        post(&door, "/console/password", cookie, &fields).await
    };
    let answer = change(PASSWORD, "another password", "another passwort").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("the same way twice"));
    let answer = change("wrong", "another password", "another password").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text.contains("The current password is wrong"));
    assert!(!answer.text.contains("another password"));
    let answer = change(PASSWORD, "another password", "another password").await;
    assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console"));
    // at once, although the identity is remembered for a moment
    assert_eq!(look(&door, "/console", cookie).await.status, StatusCode::OK);
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
    let page = look(&door, "/console", &cookie(&door).await).await;
    assert_eq!(page.status, StatusCode::OK);
    for expected in [
        "<dt>All</dt><dd>2</dd>",
        "href=\"https://app.clickup.com/t/86abc\"",
        "sync-synced",
        "Ada Probe",
        "2026-11-22 06:28",
        "<svg class=\"chart\"",
        "2026-11-22: 1 qualified",
        "Sign out ada",
    ] {
        assert!(page.text.contains(expected), "{expected}\n{}", page.text);
    }
    assert!(!page.text.contains("javascript:"));
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn parts_that_are_away_are_said_to_be() {
    let door = Door::open().await;
    let cookie = cookie(&door).await;
    door.store.database_away.store(true, Ordering::SeqCst);
    let page = look(&door, "/console", &cookie).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.text.contains("The counts are not available just now.")
            && page.text.contains("<svg class=\"chart\"")
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let door = Door::open().await;
    let cookie = cookie(&door).await;
    assert_eq!(
        look(&door, "/console", &cookie).await.status,
        StatusCode::OK
    );
    let answer = post(&door, "/console/logout", &cookie, &[("csrf", CSRF)]).await;
    assert!(answer.header("set-cookie").ends_with("Max-Age=0"));
    assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console/login"));
    assert!(door.accounts.sessions.lock().unwrap().is_empty());
    let answer = look(&door, "/console", &cookie).await;
    assert_eq!(leads(&answer), (StatusCode::SEE_OTHER, "/console/login"));
}

#[tokio::test]
async fn staff_settle_what_was_put_aside() {
    let door = Door::open().await;
    let caught = with("project_reference", "<i>spam</i>".into());
    assert_eq!(door.post(&caught).await.status, StatusCode::CREATED);
    // a viewer looks only
    let viewer = cookie(&door).await;
    let page = look(&door, "/console/quarantine", &viewer).await;
    assert!(page.text.contains("Ada Probe") && !page.text.contains("Release</button>"));
    let session = door.accounts.seat('m', "manager");
    let cookie = format!("__Host-keylight_session={session}");
    let page = look(&door, "/console/quarantine", &cookie).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("Ada Probe") && page.text.contains("1 waits"));
    let path = format!("/console/quarantine/{QUARANTINED}");
    assert!(page.text.contains(&format!("action=\"{path}\"")));
    // only from our own page
    let forged = post(&door, &path, &cookie, &[("decision", "release")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let odd = post(
        &door,
        &path,
        &cookie,
        &[("csrf", CSRF), ("decision", "odd")],
    )
    .await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    assert!(door.store.settled.lock().unwrap().is_none());
    let fields = [("csrf", CSRF), ("decision", "release")];
    let answer = post(&door, &path, &cookie, &fields).await;
    assert_eq!(
        leads(&answer),
        (StatusCode::SEE_OTHER, "/console/quarantine"),
        "{}",
        answer.text
    );
    let settled = door.store.settled.lock().unwrap().clone().unwrap();
    assert!(settled.release);
    assert_eq!(settled.caller.unwrap().actor, "staff:ada");
    let page = look(&door, "/console/quarantine", &cookie).await;
    assert!(page.text.contains("Nothing waits"));
}

#[tokio::test]
async fn admins_manage_accounts_and_tokens_and_nobody_else_sees_them() {
    let door = Door::open().await;
    let viewer = format!(
        "__Host-keylight_session={}",
        door.accounts.seat('v', "manager")
    );
    assert_eq!(
        look(&door, "/console/staff", &viewer).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(
        !look(&door, "/console", &viewer)
            .await
            .text
            .contains("/console/staff")
    );

    let admin = format!(
        "__Host-keylight_session={}",
        door.accounts.seat('a', "admin")
    );
    let page = look(&door, "/console/staff", &admin).await;
    assert_eq!(page.status, StatusCode::OK);
    for expected in ["grace", "submissions:read", "Revoke"] {
        assert!(page.text.contains(expected), "{expected}\n{}", page.text);
    }
    let send = async |path, fields: &[(&str, &str)]| {
        let fields: Vec<_> = [("csrf", CSRF)]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        post(&door, path, &admin, &fields).await
    };
    let made = send(
        "/console/tokens",
        &[
            ("do", "create"),
            ("name", "website"),
            ("role", "viewer"),
            ("people:read", "yes"),
        ],
    )
    .await;
    assert_eq!(made.status, StatusCode::OK);
    assert!(
        made.text.contains(&crate::accounts::token('n')),
        "{}",
        made.text
    );
    assert_eq!(made.header("cache-control"), "no-store");
    let fields = [
        ("do", "create"),
        ("username", "zoe"),
        ("role", "viewer"),
        ("password", "a long password"),
    ];
    let made = send("/console/staff", &fields).await;
    assert!(
        made.text.contains("The account zoe is made.") && !made.text.contains("a long password")
    );
    let stale = send(
        "/console/staff",
        &[("do", "disable"), ("staff", "grace"), ("version", "9")],
    )
    .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text.contains("changed meanwhile"));
    let odd = send("/console/staff", &[("do", "explode")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    let bare = post(&door, "/console/staff", &admin, &fields).await;
    assert_eq!(bare.status, StatusCode::FORBIDDEN);
    let callers = door.accounts.callers.lock().unwrap();
    assert!(callers.len() == 3 && callers.iter().all(|caller| caller.actor == "staff:ada"));
}
