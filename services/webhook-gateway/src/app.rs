//! Puts the gateway together.

use crate::{
    config::Config,
    deliveries::{gatherer, pruning, writer::Writer},
    door::{Door, Forgers},
    endpoints::{keyring::Keyring, seals::Seals},
    spool::{
        Spool,
        drain::{self, Drain},
        unchecked::Judge,
    },
};
use axum::Router;
use keylight_messaging::{
    MessageBus,
    relay::{self, RelayOptions},
};
use keylight_runtime::{clock::Clock, lifecycle::Lifecycle};
use keylight_store::outbox::{Outbox, Schema};
use keylight_web::rate_limit::RateLimit;
use sqlx::{PgPool, migrate::Migrator};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

/// The schema that this service owns.
pub const SCHEMA: &str = "webhook";
/// Its migrations.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the gateway is given.
pub struct Resources {
    /// The database; one connection is enough.
    pub pool: PgPool,
    /// Where hints go.
    pub bus: Arc<dyn MessageBus>,
    /// Where gRPC is answered.
    pub grpc: TcpListener,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// No other process uses this database: hints left by an earlier one are sent at once.
    pub alone: bool,
}

/// How long the database may keep a gateway with a spool from being ready when it starts.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// Starts the gateway's tasks and returns its routes, to be served on a listener of any kind. Ready once the database
/// answers and the schema is there; until then deliveries are answered with 503. With a spool they are taken at once,
/// and neither database nor bus decide about readiness: a proxy that turns ClickUp away would lose what the spool keeps.
/// Ends with a crash when a key for what is sealed is missing.
///
/// # Errors
/// When an address or the spool's folder cannot be used.
pub fn build(
    config: &Config,
    resources: Resources,
    lifecycle: &Lifecycle,
) -> anyhow::Result<Router> {
    let Resources {
        pool,
        bus,
        grpc,
        clock,
        alone,
    } = resources;
    let stopping = lifecycle.stopping();
    let sync = keylight_rpc::client::channel(&config.sync_url, &config.rpc)?;
    let seals = Seals {
        pool: pool.clone(),
        keyring: config.keyring.clone(),
    };
    let service = keylight_rpc::seals::server(seals.clone());
    keylight_rpc::server::serve("webhook-grpc", service, &config.rpc, grpc, lifecycle)?;
    let keyring = Keyring::new(pool.clone(), config.keyring.clone(), sync, clock.clone());
    let keyring = Arc::new(keyring);
    let spool = match &config.spool {
        Some(config) => Some(Arc::new(Spool::open(config)?)),
        None => {
            tracing::warn!(
                "no spool for deliveries: they are refused while the database is away (KEYLIGHT_WEBHOOK_SPOOL_DIR)"
            );
            None
        }
    };
    let prepared = prepare_store(
        pool.clone(),
        seals,
        keyring.clone(),
        spool.is_some(),
        lifecycle,
    );

    let outbox = Outbox::new(Schema::Webhook, clock.new_id());
    let writer = Writer {
        pool: pool.clone(),
        outbox: outbox.clone(),
    };
    let (intake, gatherer) = gatherer::gatherer(writer.clone(), spool.clone(), prepared.clone());
    lifecycle.spawn("webhook-gatherer", gatherer.run(stopping.clone()));
    let spooled = spool.is_some();
    if let Some(spool) = spool {
        empty_spool(spool, writer, keyring.clone(), &clock, &prepared, lifecycle);
    }

    let relayed = pool.clone();
    let options = RelayOptions {
        alone,
        clock: clock.clone(),
        ..RelayOptions::default()
    };
    supervise_when(&prepared, "webhook-relay", lifecycle, move |stopping| {
        let (outbox, pool, bus) = (outbox.clone(), relayed.clone(), bus.clone());
        relay::run_with(outbox, pool, bus, options.clone(), stopping)
    });
    let (retention, time) = (config.retention, clock.clone());
    supervise_when(&prepared, "webhook-pruning", lifecycle, move |stopping| {
        pruning::run(pool.clone(), retention, time.clone(), stopping)
    });
    let (renewed, period) = (keyring.clone(), config.renewal);
    lifecycle.supervise("webhook-secrets", move || {
        renewed.clone().renew(period, stopping.clone())
    });
    let forgers = Forgers {
        limit: RateLimit::per_minute(config.forged_limit).map(Arc::new),
        proxies: config.trusted_proxies,
    };
    Ok(Door::new(keyring, intake, clock, prepared, spooled, forgers).routes())
}

/// The gateway with a listener of its own.
///
/// # Errors
/// As [`build`].
pub fn run(
    config: &Config,
    resources: Resources,
    listener: TcpListener,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let routes = build(config, resources, lifecycle)?;
    let limits = keylight_web::server::Limits::default();
    keylight_web::server::serve("webhook-listener", listener, routes, limits, lifecycle);
    Ok(())
}

/// Starts what puts deliveries of the spool into the ledger.
fn empty_spool(
    spool: Arc<Spool>,
    writer: Writer,
    keyring: Arc<Keyring>,
    clock: &Arc<dyn Clock>,
    prepared: &watch::Receiver<bool>,
    lifecycle: &Lifecycle,
) {
    let drain = Drain {
        spool: spool.clone(),
        writer,
    };
    let judge = Judge {
        drain: drain.clone(),
        keyring,
        clock: clock.clone(),
    };
    supervise_when(prepared, "webhook-spool", lifecycle, move |stopping| {
        drain.clone().run(stopping)
    });
    supervise_when(
        prepared,
        "webhook-spool-unchecked",
        lifecycle,
        move |stopping| judge.clone().run(stopping),
    );
    let (clock, stopping) = (clock.clone(), lifecycle.stopping());
    lifecycle.supervise("webhook-spool-extent", move || {
        drain::measure(spool.clone(), clock.clone(), stopping.clone())
    });
}

/// Brings the schema up to date as soon as the database answers and reads what is known of endpoints, then keeps an eye on
/// it. Tells when deliveries can be stored.
fn prepare_store(
    pool: PgPool,
    seals: Seals,
    keyring: Arc<Keyring>,
    spooled: bool,
    lifecycle: &Lifecycle,
) -> watch::Receiver<bool> {
    let (done, prepared) = watch::channel(false);
    let stopping = lifecycle.stopping();
    let latch = if spooled {
        let (latch, mut prepared) = (lifecycle.latch("webhook-intake"), prepared.clone());
        let stopping = stopping.clone();
        lifecycle.spawn("webhook-intake", async move {
            // mostly the database is there in a moment, and then it is better to begin with it
            tokio::select! {
                _ = timeout(READY_WITHIN, prepared.wait_for(|done| *done)) => {}
                () = stopping.cancelled() => return Ok(()),
            }
            latch.set(true);
            stopping.cancelled().await;
            Ok(())
        });
        lifecycle.indicator("webhook-database")
    } else {
        lifecycle.latch("webhook-database")
    };
    lifecycle.spawn("webhook-store", async move {
        keylight_store::migrate::migrate_when_up(&pool, &MIGRATIONS, SCHEMA, &stopping).await?;
        seals.prepare().await?;
        // without it the secrets are asked for: slower, not wrong
        if let Err(error) = keyring.remember().await {
            tracing::warn!(error = %error, "known webhooks cannot be read");
        }
        done.send_replace(true);
        keylight_store::watch(&pool, &latch, &stopping).await;
        Ok(())
    });
    prepared
}

/// Supervises a task that needs the schema.
fn supervise_when<M, F>(
    prepared: &watch::Receiver<bool>,
    name: &'static str,
    lifecycle: &Lifecycle,
    make: M,
) where
    M: Fn(CancellationToken) -> F + Send + 'static,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let (prepared, stopping) = (prepared.clone(), lifecycle.stopping());
    lifecycle.supervise(name, move || {
        let (mut prepared, stopping, work) =
            (prepared.clone(), stopping.clone(), make(stopping.clone()));
        async move {
            tokio::select! {
                _ = prepared.wait_for(|done| *done) => {}
                () = stopping.cancelled() => return Ok(()),
            }
            work.await
        }
    });
}
