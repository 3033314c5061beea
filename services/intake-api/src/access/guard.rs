//! Stands before every handler whose rule is not "everybody".

use super::{Identity, Rule, Who, rule::Denied};
use crate::{
    app::{App, Door},
    pages::see_other,
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use keylight_domain::error::ErrorCode;
use keylight_web::error::ApiError;
use std::sync::Arc;

/// How a page's visitors are told, and how programs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Error frames.
    Programs,
    /// People are led to the sign-in.
    People,
}

/// What a guard knows.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) app: App,
    pub(super) rule: Rule,
    pub(super) audience: Audience,
}

/// Lets the request through with [`Who`] it is from, or answers it.
pub(super) async fn guard(State(post): State<Post>, mut request: Request, next: Next) -> Response {
    match post.admit(request.headers()).await {
        Ok(who) => {
            request.extensions_mut().insert(who);
            let mut response = next.run(request).await;
            // what only some may see is in nobody's cache, whatever the handler says
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(refusal) => refusal,
    }
}

impl Post {
    async fn admit(&self, headers: &HeaderMap) -> Result<Who, Response> {
        let identity = match self.app.identify(headers).await {
            Ok(identity) => identity,
            Err(error)
                if self.audience == Audience::People
                    && error.status == StatusCode::UNAUTHORIZED =>
            {
                return Err(see_other("/console/login"));
            }
            Err(error) => return Err(error.into_response()),
        };
        match self.rule.admits(&identity) {
            Ok(()) => Ok(Who(identity)),
            Err(denied) => Err(refused(denied).into_response()),
        }
    }
}

impl Door {
    /// Who shows the credential in these headers.
    async fn identify(&self, headers: &HeaderMap) -> Result<Arc<Identity>, ApiError> {
        match bearer(headers) {
            Some(token) if self.admin_token.is(token) => Ok(self.admin_token.identity()),
            _ => Err(ApiError::unauthenticated()),
        }
    }
}

/// The token of `Authorization: Bearer <token>`; the scheme is read in any case.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
}

fn refused(denied: Denied) -> ApiError {
    let forbidden = |message: String| {
        ApiError::new(
            StatusCode::FORBIDDEN,
            "Forbidden",
            ErrorCode::Forbidden.as_str(),
            message,
        )
    };
    match denied {
        Denied::Role(role) => forbidden(format!("This needs the role {role}")),
        Denied::Scope(scope) => forbidden(format!("This needs a token with the scope {scope}")),
        Denied::PasswordMustChange => {
            forbidden("The one-time password must be replaced first".to_owned())
        }
    }
}
