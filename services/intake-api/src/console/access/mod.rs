//! The console's page for admins: accounts and API tokens. Forms without any script; what a form did is told on the page
//! that answers it, and a new secret is shown there this once.

mod accounts;
mod tokens;
mod view;

use super::MANAGE;
use crate::{
    access::{Routes, Who},
    app::App,
    query::Query,
};
use axum::{
    extract::{FromRequest, Request, State},
    response::{IntoResponse as _, Response},
};
use http::Method;
use keylight_contracts::v1::Caller;
use keylight_domain::error::DomainError;
use keylight_web::{body, error::ApiError, request_id::RequestId};

/// Nobody needs more for one of these forms.
const BODY_LIMIT: usize = 8192;

pub(super) fn routes() -> Routes {
    Routes::new()
        .page(MANAGE, Method::GET, "/console/staff", show)
        .page(MANAGE, Method::POST, "/console/staff", accounts::change)
        .page(MANAGE, Method::POST, "/console/tokens", tokens::change)
}

async fn show(who: Who, State(app): State<App>) -> Response {
    view::page(&app, &who, view::Told::default()).await
}

/// A form that was sent, with who sent it.
struct Form {
    fields: Query,
    caller: Caller,
}

impl FromRequest<App> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let who = parts.extensions.get::<Who>().map(|who| who.actor.clone());
        let id = parts.extensions.get::<RequestId>();
        let (Some(actor), Some(id)) = (who, id) else {
            let defect = DomainError::internal("a form behind no guard");
            return Err(ApiError::from(defect).into_response());
        };
        let bytes = body::read(&parts.headers, body, BODY_LIMIT)
            .await
            .map_err(|error| error.into_response())?;
        Ok(Self {
            fields: Query::parse(std::str::from_utf8(&bytes).unwrap_or_default()),
            caller: Caller {
                actor,
                correlation_id: app.correlation_id(id),
                ..Caller::default()
            },
        })
    }
}

impl Form {
    fn text(&self, name: &str) -> String {
        self.fields.get(name).unwrap_or_default().to_owned()
    }

    fn ticked(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| value == "yes")
    }
}
