//! Stands before every handler whose rule is not "everybody".

use super::{Rule, forgery, rule::Denied};
use crate::{app::App, pages::see_other};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use keylight_domain::error::ErrorCode;
use keylight_web::error::ApiError;

/// How whoever is not let in is told.
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
pub(super) async fn guard(State(post): State<Post>, request: Request, next: Next) -> Response {
    let mut response = match post.admit(request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    };
    // what only some may see is in nobody's cache, whatever the handler says
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Post {
    async fn admit(&self, request: Request) -> Result<Request, Response> {
        let who = match self.app.identify(request.headers()).await {
            Ok(who) => who,
            Err(error) if self.leads() && error.status == StatusCode::UNAUTHORIZED => {
                return Err(see_other("/console/login"));
            }
            Err(error) => return Err(error.into_response()),
        };
        match self.rule.admits(&who) {
            Ok(()) => {}
            Err(Denied::PasswordMustChange) if self.leads() => {
                return Err(see_other("/console/password"));
            }
            Err(denied) => return Err(refused(denied).into_response()),
        }
        let mut request = match who.session() {
            None => request,
            Some(_) => forgery::check(&self.app, &who.csrf_token, self.audience, request)
                .await
                .map_err(|error| error.into_response())?,
        };
        request.extensions_mut().insert(who);
        Ok(request)
    }

    fn leads(&self) -> bool {
        self.audience == Audience::People
    }
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
