//! A request with its whole body.

use super::{Fields, Precondition};
use crate::{
    access::Who,
    app::{App, Door},
};
use axum::extract::{FromRequest, OriginalUri, Request};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_web::{
    body::{self, Kind},
    error::ApiError,
    idempotency,
    request_id::RequestId,
};

/// What was sent, and what it says of itself.
pub(crate) struct Sent {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) kind: Kind,
    request_id: RequestId,
    idempotency: Option<v1::Idempotency>,
}

impl FromRequest<App> for Sent {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let kind = body::kind(&parts.headers)?;
        let body = body::read(&parts.headers, body, app.body_limit).await?;
        let request_id = parts
            .extensions
            .get::<RequestId>()
            .cloned()
            .ok_or_else(|| DomainError::internal("a request without an id"))?;
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |original| &original.0);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let idempotency = match parts.method {
            Method::POST => idempotency::key(&parts.headers)?.map(|key| v1::Idempotency {
                key,
                fingerprint: idempotency::fingerprint(&parts.method, path, &body),
            }),
            // the other methods have the same effect again anyway
            _ => None,
        };
        Ok(Self {
            headers: parts.headers,
            body,
            kind,
            request_id,
            idempotency,
        })
    }
}

impl Sent {
    /// The fields of the body, for the newer resources.
    ///
    /// # Errors
    /// 400 for what is no JSON object, 415 for a body of another kind.
    pub(crate) fn fields(&self) -> Result<Fields, ApiError> {
        match self.kind {
            Kind::Json => Fields::from_json(&self.body),
            Kind::Form => Ok(Fields::from_form(&self.body)),
            Kind::Other if self.body.is_empty() => Ok(Fields::default()),
            Kind::Other => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported media type",
                "unsupported_media_type",
                "Request body must be application/json or application/x-www-form-urlencoded",
            )),
        }
    }

    /// The idempotency key and the request's fingerprint.
    pub(crate) fn idempotency(&self) -> Option<v1::Idempotency> {
        self.idempotency.clone()
    }

    /// The correlation id of what this request causes.
    pub(crate) fn correlation_id(&self, app: &Door) -> String {
        app.correlation_id(&self.request_id)
    }

    /// Which version of the record is to be changed.
    pub(crate) fn precondition(&self, in_body: Option<i64>) -> Precondition {
        Precondition::new(&self.headers, in_body)
    }

    /// Who asks, as the contracts carry it.
    pub(crate) fn caller(
        &self,
        app: &Door,
        who: &Who,
        reason: Option<String>,
    ) -> Option<v1::Caller> {
        Some(v1::Caller {
            actor: who.actor.clone(),
            correlation_id: self.correlation_id(app),
            reason: reason.unwrap_or_default(),
            idempotency: self.idempotency(),
        })
    }
}

/// The body of a request that needs none.
#[derive(utoipa::ToSchema)]
#[schema(example = json!({"reason": "By mistake"}))]
pub(crate) struct Reason {
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl Reason {
    /// The reason in the body, if there is one.
    pub(crate) fn of(sent: &Sent) -> Result<Option<String>, ApiError> {
        let mut fields = sent.fields()?;
        let read = Self {
            reason: fields.reason(),
        };
        fields.finish()?;
        Ok(read.reason)
    }
}

/// The reason of a request without a body.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Parameters::reason` reads")]
pub(crate) struct ReasonQuery {
    /// Why, for the audit log.
    #[param(max_length = 500)]
    reason: Option<String>,
}
