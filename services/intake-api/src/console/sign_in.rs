//! Sign-in and sign-out.

use crate::{
    access::{Who, cookie, forgery},
    app::{App, Door},
    pages::{page, see_other},
    query::Query,
};
use askama::Template;
use axum::{
    Extension,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use keylight_contracts::v1::{SignInRequest, SignOutRequest};
use keylight_domain::error::ErrorCode;
use keylight_rpc::status::error_of;
use keylight_web::{
    body, error::ApiError, rate_limit::client_address, request_id::RequestId, server::Peer,
};

/// Nobody needs more for a name and a password.
pub(super) const BODY_LIMIT: usize = 4096;

/// Asks for name and password.
#[derive(Template)]
#[template(path = "login.html")]
struct SignInPage<'a> {
    username: &'a str,
    problem: Option<String>,
}

pub(super) async fn show() -> Response {
    page(
        StatusCode::OK,
        &SignInPage {
            username: "",
            problem: None,
        },
    )
}

pub(super) async fn sign_in(
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // nobody is signed in as somebody else by a form of another site
    if let Err(error) = forgery::from_here(&headers) {
        return error.into_response();
    }
    let bytes = match body::read(&headers, body, BODY_LIMIT).await {
        Ok(bytes) => bytes,
        Err(error) => return error.into_response(),
    };
    let form = Query::parse(std::str::from_utf8(&bytes).unwrap_or_default());
    let username = form.get("username").unwrap_or_default();
    let request = SignInRequest {
        username: username.to_owned(),
        password: form.get("password").unwrap_or_default().to_owned(),
        address: peer
            .map(|Extension(Peer(peer))| {
                client_address(peer.ip(), &headers, app.pace.proxies).to_string()
            })
            .unwrap_or_default(),
        user_agent: String::new(),
        correlation_id: app.correlation_id(&request_id),
    };
    match app.accounts().sign_in(request).await {
        Ok(session) => {
            let session = session.into_inner();
            let first = session
                .identity
                .is_some_and(|identity| identity.must_change_password);
            let mut response = see_other(if first {
                "/console/password"
            } else {
                "/console"
            });
            cookie::keep(&mut response, &session.secret, &headers, app.production);
            response
        }
        Err(status) => refused(username, error_of(&status).into()),
    }
}

/// The form again, with what is wrong.
fn refused(username: &str, error: ApiError) -> Response {
    let known = [ErrorCode::Unauthenticated, ErrorCode::RateLimited]
        .iter()
        .any(|code| code.as_str() == error.code);
    let problem = if known {
        error.message.as_deref().unwrap_or_default().to_owned()
    } else {
        tracing::warn!(
            code = error.code,
            cause = error.cause.as_deref().unwrap_or_default(),
            "sign-in not possible"
        );
        "Signing in is not possible just now. Please try again in a moment.".to_owned()
    };
    let view = SignInPage {
        username,
        problem: Some(problem),
    };
    let mut response = page(error.status, &view);
    if let Some(seconds) = error.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

pub(super) async fn sign_out(who: Who, State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(secret) = who.session()
        && let Err(error) = end(&app, secret).await
    {
        // the browser keeps its cookie: otherwise a session that still counts would be out of sight
        return error.into_response();
    }
    let mut response = see_other("/console/login");
    cookie::forget(&mut response, &headers, app.production);
    response
}

async fn end(app: &Door, secret: &str) -> Result<(), ApiError> {
    let request = SignOutRequest {
        secret: secret.to_owned(),
    };
    let ended = app.accounts().sign_out(request).await;
    app.remembered.forget();
    ended.map(|_| ()).map_err(|status| error_of(&status).into())
}
