//! The whole service as functions: the router, and running it on a listener.

use crate::{
    access::{AdminToken, Checked, Remembered, Routes},
    assets, clickup,
    config::{self, Config},
    console, form, health, info, mapping, openapi,
    pace::Pace,
    people, projects, quarantine,
    reading::Reads,
    records, staff, submissions, sync, test_db, tokens,
};
use axum::Router;
use keylight_rpc::client::{Channel, channel};
use keylight_runtime::{
    clock::{Clock, SystemClock},
    lifecycle::Lifecycle,
};
use keylight_web::{
    cors::{Cors, DEVELOPMENT_ORIGINS},
    error::ApiError,
    front::{Front, Settings},
    rate_limit::RateLimit,
    server,
};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, time::Instant};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// One sentence for `--help`.
pub const ABOUT: &str = "The door for people: intake form and API, admin endpoints, staff console.";

/// How often the entity service is asked whether it is ready.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// What the handlers need of the world.
#[derive(Clone)]
pub struct Deps {
    /// Channel to the entity service.
    pub entity: Channel,
    /// Channel to analytics.
    pub analytics: Channel,
    /// Channel to clickup-sync.
    pub sync: Channel,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
}

impl Deps {
    /// Channels to the services that the settings name, and the real clock. Nothing is sent yet.
    ///
    /// # Errors
    /// When a URL or the service token cannot be used.
    pub fn connect(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            entity: channel(&config.entity_url, &config.rpc)?,
            analytics: channel(&config.analytics_url, &config.rpc)?,
            sync: channel(&config.sync_url, &config.rpc)?,
            clock: Arc::new(SystemClock),
        })
    }
}

/// What [`run`] is given.
pub struct Resources {
    /// Where to serve.
    pub listener: TcpListener,
    /// Routes of other doors that share the listener, without a fallback of their own. They keep their own layers.
    pub beside: Router,
}

impl Resources {
    /// A listener for this door alone.
    #[must_use]
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            beside: Router::new(),
        }
    }
}

/// What every handler can see.
pub(crate) struct Door {
    pub(crate) deps: Deps,
    pub(crate) admin_token: AdminToken,
    pub(crate) remembered: Remembered,
    pub(crate) production: bool,
    pub(crate) body_limit: usize,
    pub(crate) pace: Pace,
    pub(crate) reads: Reads,
    pub(crate) began: Instant,
    /// The OpenAPI document as it is served.
    pub(crate) openapi: bytes::Bytes,
}

/// [`Door`] as handlers get it.
pub(crate) type App = Arc<Door>;

/// Every route of this door, each with its rule.
fn routes() -> Routes {
    Routes::new()
        .merge(info::routes())
        .merge(health::routes())
        .merge(test_db::routes())
        .merge(submissions::routes())
        .merge(quarantine::routes())
        .merge(people::routes())
        .merge(projects::routes())
        .merge(records::routes())
        .merge(sync::routes())
        .merge(mapping::routes())
        .merge(clickup::routes())
        .merge(staff::routes())
        .merge(tokens::routes())
        .merge(openapi::routes())
        .merge(form::routes())
        .merge(console::routes())
        .merge(assets::routes())
}

/// The OpenAPI document of this door, made from the routes themselves.
///
/// # Errors
/// When two routes collide, or an operation states no rule.
pub fn document() -> anyhow::Result<utoipa::openapi::OpenApi> {
    Ok(checked()?.document().clone())
}

/// The same as it is served: with everything that all operations have in common.
///
/// # Errors
/// As [`document`].
pub fn openapi_json() -> anyhow::Result<serde_json::Value> {
    openapi::finished(checked()?.document())
}

fn checked() -> anyhow::Result<Checked> {
    routes().checked(openapi::empty())
}

/// The router with all routes, its fallback and its layers.
///
/// # Errors
/// When two routes collide, or an operation states no rule.
pub fn build(config: &Config, deps: Deps) -> anyhow::Result<Router> {
    let routes = checked()?;
    let openapi = serde_json::to_vec(&openapi::finished(routes.document())?)?.into();
    let development = if config.production {
        &[][..]
    } else {
        &DEVELOPMENT_ORIGINS[..]
    };
    let origins = config
        .frontend_origins
        .iter()
        .map(String::as_str)
        .chain(development.iter().copied());
    let front = Front::new(Settings {
        production: config.production,
        cors: Cors::new(origins),
        request_timeout: config.request_timeout,
        max_in_flight: config.max_in_flight,
        clock: deps.clock.clone(),
    });
    let door = Arc::new(Door {
        admin_token: AdminToken::new(&config.admin_token),
        remembered: Remembered::default(),
        production: config.production,
        body_limit: config.body_limit,
        pace: Pace {
            limit: RateLimit::per_minute(config.apply_limit),
            total: RateLimit::per_minute(config.apply_limit_total),
            proxies: config.trusted_proxies,
        },
        reads: Reads::new(&deps.entity),
        began: Instant::now(),
        openapi,
        deps,
    });
    Ok(routes
        .into_router(&door)
        .fallback(|| async { ApiError::route_not_found() })
        .with_state(door)
        .layer(front))
}

/// Starts serving until the process stops.
///
/// # Errors
/// When a URL or the service token cannot be used.
pub fn run(config: Config, resources: Resources, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    if config.production && config.frontend_origins.is_empty() {
        tracing::warn!(
            "{} is not set, so no other site's pages can call the API; the form served here works",
            config::FRONTEND_URL.env
        );
    }
    let deps = Deps::connect(&config)?;
    watch_entity_service(deps.entity.clone(), lifecycle);
    let limits = server::Limits {
        max_connections: config.max_connections,
        ..server::Limits::default()
    };
    let router = build(&config, deps)?.merge(resources.beside);
    server::serve("intake-api", resources.listener, router, limits, lifecycle);
    Ok(())
}

/// Keeps the readiness condition `entity-service`: without it no application can be taken.
fn watch_entity_service(entity: Channel, lifecycle: &Lifecycle) {
    let latch = lifecycle.latch("entity-service");
    let stopping = lifecycle.stopping();
    lifecycle.spawn("entity-service-watch", async move {
        let mut health = HealthClient::new(entity);
        loop {
            let answer = health.check(HealthCheckRequest::default()).await;
            latch.set(
                answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving),
            );
            if tokio::time::timeout(HEALTH_EVERY, stopping.cancelled())
                .await
                .is_ok()
            {
                return Ok(());
            }
        }
    });
}
