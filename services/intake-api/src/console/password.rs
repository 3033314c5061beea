//! A new password for whoever is signed in; the first thing after a one-time password.

use super::{Visitor, sign_in::BODY_LIMIT};
use crate::{
    access::Who,
    app::App,
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
use http::{HeaderMap, StatusCode};
use keylight_contracts::v1::{Caller, SetPasswordRequest};
use keylight_domain::access::{MAX_PASSWORD, MIN_PASSWORD};
use keylight_rpc::status::error_of;
use keylight_web::{body, error::ApiError, request_id::RequestId};

/// Asks for the current and the new password.
#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    visitor: Visitor,
    /// A one-time password has to be replaced.
    first: bool,
    shortest: usize,
    longest: usize,
    problem: Option<String>,
}

pub(super) async fn show(who: Who) -> Response {
    shown(&who, StatusCode::OK, None)
}

fn shown(who: &Who, status: StatusCode, problem: Option<String>) -> Response {
    let view = PasswordPage {
        visitor: Visitor::of(who),
        first: who.must_change_password,
        shortest: MIN_PASSWORD,
        longest: MAX_PASSWORD,
        problem,
    };
    page(status, &view)
}

pub(super) async fn change(
    who: Who,
    State(app): State<App>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(session) = who.session() else {
        return ApiError::validation("Only an account has a password").into_response();
    };
    let bytes = match body::read(&headers, body, BODY_LIMIT).await {
        Ok(bytes) => bytes,
        Err(error) => return error.into_response(),
    };
    let form = Query::parse(std::str::from_utf8(&bytes).unwrap_or_default());
    let field = |name| form.get(name).unwrap_or_default().to_owned();
    if field("password") != field("again") {
        let problem = "The new password was not typed the same way twice.".to_owned();
        return shown(&who, StatusCode::BAD_REQUEST, Some(problem));
    }
    let request = SetPasswordRequest {
        staff: who.id.clone(),
        password: field("password"),
        current_password: Some(field("current")),
        keep_session: session.to_owned(),
        must_change_password: false,
        caller: Some(Caller {
            actor: who.actor.clone(),
            correlation_id: app.correlation_id(&request_id),
            ..Caller::default()
        }),
    };
    let changed = app.accounts().set_password(request).await;
    app.remembered.forget();
    match changed {
        Ok(_) => see_other("/console"),
        Err(status) => {
            let error = ApiError::from(error_of(&status));
            if error.status.is_server_error() {
                return error.into_response();
            }
            let problem = error.message.as_deref().unwrap_or_default().to_owned();
            shown(&who, error.status, Some(problem))
        }
    }
}
