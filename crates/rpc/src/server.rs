//! The serving side: service token, trace context, deadlines, health and reflection.

use crate::config::Config;
use keylight_contracts::v1;
use keylight_runtime::{lifecycle::Lifecycle, trace};
use secrecy::ExposeSecret as _;
use std::{sync::Arc, time::Duration};
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tonic::{
    Request, Status,
    body::Body,
    server::NamedService,
    service::{Interceptor, RoutesBuilder, interceptor::InterceptedService},
    transport::{Server, server::TcpIncoming},
};
use tower::Service;

/// Lets only callers in that show the service token.
#[derive(Clone)]
pub struct Incoming {
    expected: Arc<str>,
}

impl Interceptor for Incoming {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let shown = request
            .metadata()
            .get("authorization")
            .map(|value| value.as_encoded_bytes())
            .unwrap_or_default();
        if bool::from(shown.ct_eq(self.expected.as_bytes())) {
            Ok(request)
        } else {
            Err(Status::unauthenticated(
                "the service token is missing or wrong",
            ))
        }
    }
}

/// The gRPC services of one listener, each behind the service token.
pub struct Services {
    incoming: Incoming,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
}

impl Services {
    /// None yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            incoming: Incoming {
                expected: format!("Bearer {}", config.token.expose_secret()).into(),
            },
            routes: RoutesBuilder::default(),
            names: Vec::new(),
        }
    }

    /// Adds one service.
    #[must_use]
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<
                http::Request<Body>,
                Response = http::Response<Body>,
                Error = std::convert::Infallible,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes
            .add_service(InterceptedService::new(service, self.incoming.clone()));
        self
    }
}

/// Serves one gRPC service; see [`serve_all`].
///
/// # Errors
/// When the descriptors cannot be served, which a test would show.
pub fn serve<S>(
    name: &'static str,
    service: S,
    config: &Config,
    listener: TcpListener,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()>
where
    S: Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = std::convert::Infallible,
        > + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    serve_all(
        name,
        Services::new(config).with(service),
        listener,
        lifecycle,
    )
}

/// Serves gRPC services with health and reflection until the process stops.
///
/// Health and reflection need no token: they tell nothing but the contracts. Health follows the process's readiness.
///
/// # Errors
/// When the descriptors cannot be served, which a test would show.
pub fn serve_all(
    name: &'static str,
    services: Services,
    listener: TcpListener,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let Services { routes, names, .. } = services;
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(v1::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;

    let watched = lifecycle.clone();
    let stopping = lifecycle.stopping();
    lifecycle.spawn("grpc-health", async move {
        loop {
            let status = if watched.readiness().is_ready() {
                tonic_health::ServingStatus::Serving
            } else {
                tonic_health::ServingStatus::NotServing
            };
            for name in names.iter().copied().chain([""]) {
                reporter.set_service_status(name, status).await;
            }
            if tokio::time::timeout(Duration::from_millis(500), stopping.cancelled())
                .await
                .is_ok()
            {
                for name in names {
                    reporter
                        .set_service_status(name, tonic_health::ServingStatus::NotServing)
                        .await;
                }
                return Ok(());
            }
        }
    });

    // the builder's own `tcp_nodelay` does not reach connections of a listener that is handed in, and without it answers
    // wait some 40 ms for the acknowledgement of the packet before
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = Server::builder()
        .concurrency_limit_per_connection(1024)
        .initial_stream_window_size(Some(1 << 20))
        .initial_connection_window_size(Some(4 << 20))
        .trace_fn(|request| {
            // a span per call costs; without a collector nobody would see it
            if !trace::is_enabled() {
                return tracing::Span::none();
            }
            let method = request.uri().path().trim_start_matches('/');
            if is_upkeep(method) {
                return tracing::Span::none();
            }
            let span = tracing::info_span!(
                "grpc",
                otel.name = method,
                otel.kind = "server",
                rpc.system = "grpc"
            );
            if let Some(parent) = request
                .headers()
                .get(trace::TRACEPARENT)
                .and_then(|value| value.to_str().ok())
            {
                trace::set_parent(&span, parent);
            }
            span
        })
        .add_routes(routes.routes())
        .add_service(health)
        .add_service(reflection);
    let stopping = lifecycle.stopping();
    lifecycle.spawn(name, async move {
        server
            .serve_with_incoming_shutdown(connections, stopping.cancelled_owned())
            .await?;
        Ok(())
    });
    Ok(())
}

/// Health and reflection: asked all the time, and caused by nobody.
fn is_upkeep(method: &str) -> bool {
    method.starts_with("grpc.")
}
