//! The cookie of a session: no script can read it, and other sites cannot have it sent with a form of theirs. Where the
//! door is reached over HTTPS, it travels over HTTPS only and its name says so: browsers then refuse one that was set in
//! another way.

use axum::response::Response;
use axum_extra::extract::CookieJar;
use http::{HeaderMap, HeaderValue, header};

/// Name over HTTPS.
pub(super) const SECURE: &str = "__Host-keylight_session";
/// Name without HTTPS, which only a development set-up takes.
pub(super) const PLAIN: &str = "keylight_session";

/// The session that a request shows.
pub(super) fn shown(headers: &HeaderMap, production: bool) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    let plain = || (!production).then(|| jar.get(PLAIN)).flatten();
    jar.get(SECURE)
        .or_else(plain)
        .map(|cookie| cookie.value().to_owned())
        .filter(|secret| !secret.is_empty())
}

/// Has the browser keep a session.
pub(crate) fn keep(response: &mut Response, secret: &str, request: &HeaderMap, production: bool) {
    set(response, secret, request, production, "");
}

/// Has the browser forget the session.
pub(crate) fn forget(response: &mut Response, request: &HeaderMap, production: bool) {
    set(response, "", request, production, "; Max-Age=0");
}

/// Without a time the cookie ends with the browser; how long the session counts is the entity service's business.
fn set(response: &mut Response, secret: &str, request: &HeaderMap, production: bool, age: &str) {
    let https = request
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
    let (name, secure) = if production || https {
        (SECURE, "; Secure")
    } else {
        (PLAIN, "")
    };
    let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    // letters, digits and punctuation of ours: always a header
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
