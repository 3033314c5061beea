//! Staff accounts and API tokens over REST.

use crate::{
    accounts::{CSRF, PASSWORD},
    support::{Door, TOKEN},
};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;

#[tokio::test]
async fn the_caller_is_told_who_it_is() {
    let door = Door::open().await;
    let me = async |header: &str, value: String| {
        let request = Request::builder().uri("/api/me").header(header, value);
        door.knock(request, Body::empty()).await.json()["data"].clone()
    };
    let admin = me("authorization", format!("Bearer {TOKEN}")).await;
    assert_eq!(
        (&admin["actor"], &admin["role"], &admin["csrf_token"]),
        (&json!("admin-token"), &json!("admin"), &json!(null))
    );
    let session = door.accounts.seat('a', "manager");
    let ada = me("cookie", format!("__Host-keylight_session={session}")).await;
    assert_eq!(
        (&ada["actor"], &ada["username"], &ada["csrf_token"]),
        (&json!("staff:ada"), &json!("ada"), &json!(CSRF))
    );
}

#[tokio::test]
async fn accounts_are_listed_made_and_changed() {
    let door = Door::open().await;
    let list = door.admin("GET", "/api/staff", None).await;
    assert_eq!(list.json()["data"][1]["username"], "grace");
    let one = door.admin("GET", "/api/staff/GRACE", None).await;
    assert_eq!(
        (one.status, one.json()["data"]["username"].clone()),
        (StatusCode::OK, json!("grace"))
    );
    assert!(
        one.header("etag").starts_with("\"1"),
        "{}",
        one.header("etag")
    );
    assert_eq!(
        door.admin("GET", "/api/staff/nobody", None).await.status,
        StatusCode::NOT_FOUND
    );

    let new = json!({"username": "zoe", "role": "viewer", "password": " blanks count too ", "reason": "new here"});
    let made = door.admin("POST", "/api/staff", Some(new)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    {
        let callers = door.accounts.callers.lock().unwrap();
        assert_eq!(
            (callers[0].actor.as_str(), callers[0].reason.as_str()),
            ("admin-token", "new here")
        );
    }
    let bad = json!({"username": "zoe", "role": "king", "password": 7, "colour": "red"});
    let answer = door.admin("POST", "/api/staff", Some(bad)).await;
    assert_eq!(
        answer.details(),
        [
            "role must be one of: viewer, manager, admin",
            "password must be a text",
            "colour is not a field of this request"
        ]
    );
    let answer = door
        .admin(
            "PATCH",
            "/api/staff/grace",
            Some(json!({"disabled": true, "version": 1})),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = door
        .admin(
            "PATCH",
            "/api/staff/grace",
            Some(json!({"disabled": true, "version": 9})),
        )
        .await;
    assert_eq!(
        (answer.status, answer.json()["current"]["version"].clone()),
        (StatusCode::CONFLICT, json!(1))
    );
    let answer = door
        .admin(
            "POST",
            "/api/staff/grace/password",
            Some(json!({"password": "a new password"})),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn an_account_sets_its_own_password_and_a_token_has_none() {
    let door = Door::open().await;
    let body = json!({"current_password": PASSWORD, "password": "a new password"});
    let answer = door
        .admin("POST", "/api/me/password", Some(body.clone()))
        .await;
    assert_eq!(
        (answer.status, answer.message()),
        (
            StatusCode::BAD_REQUEST,
            "Only an account has a password".to_owned()
        )
    );
    let session = door.accounts.seat('a', "viewer");
    let request = || {
        Request::builder()
            .method("POST")
            .uri("/api/me/password")
            .header("content-type", "application/json")
            .header("x-csrf-token", CSRF)
            .header("cookie", format!("__Host-keylight_session={session}"))
    };
    assert_eq!(
        door.knock(request(), body.to_string()).await.status,
        StatusCode::OK
    );
    let wrong = json!({"current_password": "wrong", "password": "a new password"});
    assert_eq!(
        door.knock(request(), wrong.to_string()).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn tokens_are_made_rotated_and_revoked() {
    let door = Door::open().await;
    let new =
        json!({"name": "website", "role": "viewer", "scopes": ["submissions:read"], "days": 90});
    let made = door.admin("POST", "/api/tokens", Some(new)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(
        made.json()["data"]["secret"]
            .as_str()
            .unwrap()
            .starts_with("kl_")
    );
    for (bad, line) in [
        (
            json!({"name": "x", "role": "viewer", "scopes": ["all"]}),
            "scopes must be some of: submissions:read",
        ),
        (
            json!({"name": "x", "role": "viewer", "days": 0}),
            "days must be 1 to 3660",
        ),
        (json!({"role": "viewer"}), "name is required"),
    ] {
        let answer = door.admin("POST", "/api/tokens", Some(bad)).await;
        assert!(answer.details()[0].starts_with(line), "{}", answer.text);
    }
    let rotated = door.admin("POST", "/api/tokens/website/rotate", None).await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.text);
    let long = json!({"overlap_seconds": 2_592_001});
    assert_eq!(
        door.admin("POST", "/api/tokens/website/rotate", Some(long))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        door.admin("DELETE", "/api/tokens/website", None)
            .await
            .status,
        StatusCode::OK
    );
    let list = door.admin("GET", "/api/tokens", None).await;
    assert!(list.json()["data"][0]["secret"].is_null());
}
