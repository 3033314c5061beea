//! Every route, and who may call it. A route that is missing here is missing in the library's table too.

use crate::support::{Door, TOKEN};
use axum::body::Body;
use http::{Request, StatusCode};

const PUBLIC: [(&str, &str); 9] = [
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/health/"),
    ("POST", "/api/submissions"),
    ("POST", "/api/submissions/"),
    ("POST", "/apply"),
    ("GET", "/assets/keylight.css"),
    ("GET", "/assets/form.js"),
    ("GET", "/console/login"),
];

const ADMIN: [(&str, &str); 12] = [
    ("GET", "/api/test-db"),
    ("GET", "/api/submissions"),
    ("HEAD", "/api/submissions"),
    ("GET", "/api/submissions/"),
    ("GET", "/api/submissions/stats"),
    ("GET", "/api/submissions/search?q=ada"),
    ("GET", "/api/submissions/recent"),
    ("GET", "/api/submissions/status/new"),
    ("GET", "/api/submissions/1"),
    ("PUT", "/api/submissions/1/status"),
    ("DELETE", "/api/submissions/1"),
    ("DELETE", "/api/submissions/1/"),
];

#[tokio::test]
async fn public_routes_need_nothing() {
    let door = Door::open().await;
    for (method, path) in PUBLIC {
        let answer = door
            .knock(Request::builder().method(method).uri(path), Body::empty())
            .await;
        let expected = if method == "POST" {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::OK
        };
        assert_eq!(answer.status, expected, "{method} {path}: {}", answer.text);
    }
}

#[tokio::test]
async fn admin_routes_tell_nobody_else_anything() {
    let door = Door::open().await;
    let wrong = [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        TOKEN,
        &format!("Basic {TOKEN}"),
        &format!("Bearer {TOKEN}x"),
    ];
    for (method, path) in ADMIN {
        for credential in wrong {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("authorization", credential);
            let answer = door.knock(request, Body::empty()).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{method} {path} {credential}"
            );
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            if method != "HEAD" {
                let frame = answer.json();
                assert_eq!(
                    (&frame["error"], &frame["path"]),
                    (&"Unauthorized".into(), &path.into())
                );
            }
        }
        let answer = door
            .knock(Request::builder().method(method).uri(path), Body::empty())
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        door.store.calls.load(std::sync::atomic::Ordering::SeqCst),
        0
    );
}

#[tokio::test]
async fn the_console_cookie_is_no_key_to_the_api() {
    let door = Door::open().await;
    let login = Request::builder().method("POST").uri("/console/login");
    let answer = door.knock(login, format!("token={TOKEN}")).await;
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let answer = door
        .knock(
            Request::builder()
                .uri("/api/submissions")
                .header("cookie", cookie),
            Body::empty(),
        )
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case() {
    let door = Door::open().await;
    let request = Request::builder()
        .uri("/api/submissions")
        .header("authorization", format!("bearer {TOKEN}"));
    assert_eq!(
        door.knock(request, Body::empty()).await.status,
        StatusCode::OK
    );
}
