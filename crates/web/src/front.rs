//! One layer around all routes of a door, made for speed: one boxed future per request, and nothing else.
//!
//! In: request id, in-flight limit, time limit, trace context. Out: security headers, CORS headers on every answer
//! (refused bodies too), the error frame, metrics. A panic in a handler becomes a 500 and harms nobody else.
//!
//! Put it on with `Router::layer` after all routes and the fallback, so that it knows the route's template.

use crate::{
    cors::{ASKED, Cors},
    error::ApiError,
    frame::Frame,
    measure, reply,
    request_id::{RequestId, X_REQUEST_ID},
    security_headers,
    time::iso_millis,
};
use axum::{
    body::Body,
    extract::{MatchedPath, OriginalUri, Request},
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use keylight_domain::error::DomainError;
use keylight_runtime::{clock::Clock, trace};
use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;
use tower::{Layer, Service};
use tracing::Instrument as _;

/// How a door behaves.
pub struct Settings {
    /// Whether this is a real deployment, reached over HTTPS.
    pub production: bool,
    /// Which other sites may call us.
    pub cors: Cors,
    /// Longest time for one request, its body included.
    pub request_timeout: Duration,
    /// Most requests in hand at one time; what comes above is told to come again.
    pub max_in_flight: usize,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
}

/// The layer.
#[derive(Clone)]
pub struct Front {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    in_flight: Semaphore,
}

impl Front {
    /// A layer with these settings; its clones count their requests in flight together.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let in_flight = Semaphore::new(settings.max_in_flight.min(Semaphore::MAX_PERMITS));
        Self {
            shared: Arc::new(Shared {
                settings,
                in_flight,
            }),
        }
    }
}

impl<S> Layer<S> for Front {
    type Service = Fronted<S>;

    fn layer(&self, inner: S) -> Fronted<S> {
        Fronted {
            inner,
            shared: self.shared.clone(),
        }
    }
}

/// A service behind [`Front`].
#[derive(Clone)]
pub struct Fronted<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request> for Fronted<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let shared = self.shared.clone();
        let began = Instant::now();
        let seen = Seen::of(&request, &shared.settings);

        if seen.method == Method::OPTIONS {
            let (status, mut headers) =
                Cors::preflight(seen.cors.clone(), request.headers().get(ASKED).cloned());
            security_headers::add(&mut headers, shared.settings.production);
            headers.insert(X_REQUEST_ID, seen.request_id.header().clone());
            let mut response = status.into_response();
            *response.headers_mut() = headers;
            return Box::pin(std::future::ready(Ok(response)));
        }

        request.extensions_mut().insert(seen.request_id.clone());
        let span = seen.span(&request);
        let answer = self.inner.call(request);
        Box::pin(
            async move {
                let response = match shared.in_flight.try_acquire() {
                    Err(_) => ApiError::busy().into_response(),
                    Ok(_permit) => within(shared.settings.request_timeout, answer).await,
                };
                Ok(seen.finish(response, &shared.settings, began))
            }
            .instrument(span),
        )
    }
}

/// The handler's answer, or what stands for a panic or too long a wait.
async fn within<F>(limit: Duration, answer: F) -> Response
where
    F: Future<Output = Result<Response, Infallible>>,
{
    // a handler that panicked is dropped with all it holds, so nothing half-changed is seen again
    match tokio::time::timeout(limit, AssertUnwindSafe(answer).catch_unwind()).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Err(_panic)) => {
            ApiError::from(DomainError::internal("handler panicked")).into_response()
        }
        Err(_late) => {
            ApiError::from(DomainError::unavailable("request took too long")).into_response()
        }
    }
}

/// What is kept of a request for its answer.
struct Seen {
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    request_id: RequestId,
    cors: Option<HeaderValue>,
}

impl Seen {
    fn of(request: &Request, settings: &Settings) -> Self {
        let extensions = request.extensions();
        Self {
            method: request.method().clone(),
            uri: extensions
                .get::<OriginalUri>()
                .map_or_else(|| request.uri().clone(), |original| original.0.clone()),
            route: extensions.get::<MatchedPath>().cloned(),
            request_id: RequestId::of(request.headers(), settings.clock.as_ref()),
            cors: settings.cors.echo(request.headers()),
        }
    }

    /// The route's template; the same for all unknown paths.
    fn route(&self) -> &str {
        match self.route.as_ref().map(MatchedPath::as_str) {
            None => "unknown",
            Some("/") => "/",
            Some(path) => path.trim_end_matches('/'),
        }
    }

    /// A span without query, body or anything personal. None at all when nobody collects spans: it would only cost.
    fn span(&self, request: &Request) -> tracing::Span {
        if !trace::is_enabled() {
            return tracing::Span::none();
        }
        let span = tracing::info_span!(
            "http",
            otel.name = format!("{} {}", self.method, self.route()),
            otel.kind = "server",
            http.request.method = self.method.as_str(),
            http.route = self.route(),
            request_id = self.request_id.as_str(),
            http.response.status_code = tracing::field::Empty,
        );
        if let Some(parent) = request
            .headers()
            .get(trace::TRACEPARENT)
            .and_then(|value| value.to_str().ok())
        {
            trace::set_parent(&span, parent);
        }
        span
    }

    fn finish(self, mut response: Response, settings: &Settings, began: Instant) -> Response {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            response = self.framed(response, settings);
        }
        let status = response.status();
        let headers = response.headers_mut();
        security_headers::add(headers, settings.production);
        headers.insert(X_REQUEST_ID, self.request_id.header().clone());
        Cors::mark(self.cors.clone(), headers);
        measure::answered(self.route(), &self.method, status, began.elapsed());
        if trace::is_enabled() {
            tracing::Span::current().record("http.response.status_code", status.as_u16());
        }
        tracing::debug!(
            method = self.method.as_str(),
            route = self.route(),
            status = status.as_u16(),
            request_id = self.request_id.as_str(),
            "answered"
        );
        response
    }

    /// The frame for an error: ours from the extensions, or one made from the status of a library's refusal. Pages
    /// that a handler wrote itself stay.
    fn framed(&self, response: Response, settings: &Settings) -> Response {
        let (mut parts, _) = match response.extensions().get::<Box<ApiError>>() {
            None if is_page(&response) => return response,
            _ => response.into_parts(),
        };
        let error = parts
            .extensions
            .remove::<Box<ApiError>>()
            .map_or_else(|| ApiError::of_status(parts.status), |error| *error);
        self.log(&error);
        let timestamp = iso_millis(settings.clock.now());
        let frame = Frame {
            error: &error,
            timestamp: &timestamp,
            path: self.uri.path_and_query().map_or("/", |path| path.as_str()),
            method: self.method.as_str(),
            request_id: self.request_id.as_str(),
        };
        // texts under string keys always serialise
        let body = reply::to_bytes(&frame).unwrap_or_default();
        parts.status = error.status;
        // of the body that is replaced
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, reply::JSON);
        Response::from_parts(parts, Body::from(body))
    }

    /// The one place where a failed request is logged. What the client did wrong is worth a line at debug only.
    fn log(&self, error: &ApiError) {
        let cause = error.cause.as_deref().unwrap_or_default();
        let (route, request_id, status) = (
            self.route(),
            self.request_id.as_str(),
            error.status.as_u16(),
        );
        match error.status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(
                    route,
                    request_id,
                    status,
                    code = error.code,
                    cause,
                    "request failed"
                );
            }
            status_code if status_code.is_server_error() => {
                tracing::warn!(
                    route,
                    request_id,
                    status,
                    code = error.code,
                    cause,
                    "request failed"
                );
            }
            _ => tracing::debug!(
                route,
                request_id,
                status,
                code = error.code,
                "request refused"
            ),
        }
    }
}

fn is_page(response: &Response) -> bool {
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    content_type.starts_with(b"text/html") || content_type.starts_with(b"application/json")
}

#[cfg(test)]
mod tests;
