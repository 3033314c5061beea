//! Login and logout of the console.

use super::session::{COOKIE, LIFETIME_SECONDS};
use crate::{
    app::App,
    pages::{page, see_other},
    query::Query,
};
use askama::Template;
use axum::{body::Body, extract::State, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use keylight_web::body;

/// Nobody needs more for a token.
const BODY_LIMIT: usize = 4096;

/// Asks for the admin token.
#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    refused: bool,
}

pub(super) async fn show() -> Response {
    page(StatusCode::OK, &LoginPage { refused: false })
}

pub(super) async fn log_in(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let bytes = body::read(&headers, body, BODY_LIMIT)
        .await
        .unwrap_or_default();
    let form = Query::parse(std::str::from_utf8(&bytes).unwrap_or_default());
    if !form
        .get("token")
        .is_some_and(|token| app.admin_token.is(token.trim()))
    {
        tracing::info!("console login refused");
        return page(StatusCode::UNAUTHORIZED, &LoginPage { refused: true });
    }
    let value = app.session_key.issue(app.deps.clock.now());
    with_cookie(&value, LIFETIME_SECONDS, &headers, see_other("/console"))
}

pub(super) async fn log_out(headers: HeaderMap) -> Response {
    with_cookie("", 0, &headers, see_other("/console/login"))
}

/// Sets the cookie: not readable by scripts, not sent from other sites, and only over HTTPS where the browser came
/// that way.
fn with_cookie(value: &str, seconds: i64, request: &HeaderMap, mut response: Response) -> Response {
    let https = request
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={value}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    // digits, letters and punctuation of ours: always a header
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
