//! Puts the service together.

use crate::{
    config::Config,
    daily_counts::projector::Projector,
    service::Answers,
    wakeups::{self, WakeUp},
};
use anyhow::Context as _;
use keylight_contracts::v1::analytics_service_server::AnalyticsServiceServer;
use keylight_messaging::{MessageBus, topology};
use keylight_runtime::{clock::Clock, lifecycle::Lifecycle};
use sqlx::{PgPool, migrate::Migrator};
use std::sync::Arc;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};

/// The schema that this service owns.
pub const SCHEMA: &str = "analytics";
/// Its migrations.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the service is given.
pub struct Resources {
    /// The database; one connection is enough.
    pub pool: PgPool,
    /// Where messages come from.
    pub bus: Arc<dyn MessageBus>,
    /// Where gRPC is answered.
    pub listener: TcpListener,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Starts the service. It is ready once the database answers and the schema is there.
///
/// # Errors
/// When an address cannot be used.
pub fn run(config: &Config, resources: Resources, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let Resources {
        pool,
        bus,
        listener,
        clock,
    } = resources;
    let stopping = lifecycle.stopping();
    let migrated = prepare_store(pool.clone(), lifecycle);

    let wake = Arc::new(Notify::new());
    let entity = keylight_rpc::client::channel(&config.entity_url, &config.rpc)?;
    let projector = Projector::new(pool.clone(), entity, clock.clone(), stopping.clone());
    let answers = Answers {
        pool,
        projector: projector.clone(),
        wake: wake.clone(),
        clock,
        // the caller gives up after the deadline: leave time for the answer
        patience: config.rpc.deadline.mul_f64(0.8),
        migrated: migrated.clone(),
    };
    keylight_rpc::server::serve(
        "analytics-grpc",
        AnalyticsServiceServer::new(answers),
        &config.rpc,
        listener,
        lifecycle,
    )
    .context("serving gRPC")?;

    let (woken, token) = (wake.clone(), stopping.clone());
    let (interval, pause) = (config.look_interval, config.pause);
    lifecycle.supervise("analytics-projector", move || {
        let (projector, woken, token) = (projector.clone(), woken.clone(), token.clone());
        let mut migrated = migrated.clone();
        async move {
            tokio::select! {
                _ = migrated.wait_for(|done| *done) => {}
                () = token.cancelled() => return Ok(()),
            }
            wakeups::keep_up(projector, woken, interval, pause, token).await
        }
    });
    lifecycle.supervise("analytics-wakeups", move || {
        let handler = Arc::new(WakeUp { wake: wake.clone() });
        keylight_messaging::consume(bus.clone(), &topology::ANALYTICS, handler, stopping.clone())
    });
    Ok(())
}

/// Brings the schema up to date as soon as the database answers, then keeps an eye on it. Tells when the schema is there.
fn prepare_store(pool: PgPool, lifecycle: &Lifecycle) -> watch::Receiver<bool> {
    let (done, migrated) = watch::channel(false);
    let latch = lifecycle.latch("analytics-database");
    let stopping = lifecycle.stopping();
    lifecycle.spawn("analytics-store", async move {
        keylight_store::migrate::migrate_when_up(&pool, &MIGRATIONS, SCHEMA, &stopping).await?;
        done.send_replace(true);
        keylight_store::watch(&pool, &latch, &stopping).await;
        Ok(())
    });
    migrated
}
