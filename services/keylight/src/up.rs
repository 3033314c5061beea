//! Everything in one process.
//!
//! In this order, so that a mistake shows before anything is touched: settings, ports, data folder, database, services,
//! doors. At the end the other way round.

use crate::{
    admin_token,
    data_folder::DataFolder,
    database::Database,
    parts::Parts,
    running::{self, Running, Told},
    seal_keys,
    settings::{self, Known, Services, Settings, reachable},
    simulator,
    welcome::{self, Places, Token},
};
use anyhow::Context as _;
use entity_service::access::first_start::Announce;
use keylight_messaging::MessageBus;
use keylight_runtime::{
    clock::{Clock, SystemClock},
    lifecycle::Lifecycle,
    process::{self, listen},
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot};

/// The lock of a killed process may take a moment to go.
const FOLDER_PATIENCE: Duration = Duration::from_secs(5);
/// When services that are not ready are named.
const READY_WITHIN: Duration = Duration::from_secs(15);
/// Folder of the embedded database in the data folder.
const DATABASE_FOLDER: &str = "postgres";

/// Runs everything until it is interrupted.
pub(crate) fn run() -> ExitCode {
    let settings = match settings::check(settings::environment()).0 {
        Ok(settings) => settings,
        Err(problems) => return process::checked(&problems),
    };
    let held = Held::default();
    let (process, shared) = (settings.process.clone(), held.clone());
    let code = process::execute("keylight", &process, |lifecycle| async move {
        let stopping = lifecycle.stopping();
        tokio::select! {
            started = start(settings, &shared, lifecycle) => started,
            // an interrupt while it is still starting
            () = stopping.cancelled() => Ok(()),
        }
    });
    // nobody answers any more
    drop(held.told);
    // every connection has gone with the threads that used it
    match held.database.stop() {
        Ok(()) => code,
        Err(error) => {
            eprintln!("keylight: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What stays until the very end of the process.
#[derive(Clone, Default)]
struct Held {
    database: Database,
    folder: Arc<OnceLock<DataFolder>>,
    told: Arc<OnceLock<Told>>,
}

/// Listeners of the services that only this process calls.
struct Inner {
    entity: TcpListener,
    sync: TcpListener,
    analytics: TcpListener,
    gateway: TcpListener,
}

impl Inner {
    async fn bind() -> anyhow::Result<Self> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Self {
            entity: TcpListener::bind(any).await?,
            sync: TcpListener::bind(any).await?,
            analytics: TcpListener::bind(any).await?,
            gateway: TcpListener::bind(any).await?,
        })
    }
}

async fn start(settings: Settings, held: &Held, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let http = listen(settings.http_addr, intake_api::config::HTTP_ADDR.env).await?;
    let sim = match settings.simulator {
        Some(simulator) => Some(listen(simulator.addr, settings::SIM_ADDR.env).await?),
        None => None,
    };
    let inner = Inner::bind()
        .await
        .context("cannot listen on the loopback interface")?;
    let folder = DataFolder::open(&settings.data_dir, FOLDER_PATIENCE).await?;
    let folder = held.folder.get_or_init(|| folder);
    let token = if settings.own_admin_token {
        None
    } else {
        Some(admin_token::load_or_make(folder.path())?)
    };
    let (http_addr, sim_addr) = (
        http.local_addr()?,
        sim.as_ref().map(TcpListener::local_addr).transpose()?,
    );
    let seal_keys = if settings.own_seal_keys {
        None
    } else {
        Some(seal_keys::load_or_make(folder.path())?)
    };
    let service_token = running::new_service_token();
    let running = Running::here(
        inner.entity.local_addr()?,
        inner.sync.local_addr()?,
        inner.analytics.local_addr()?,
        inner.gateway.local_addr()?,
        &service_token,
    )?;
    let services = settings.services(&Known {
        entity: inner.entity.local_addr()?,
        sync: inner.sync.local_addr()?,
        analytics: inner.analytics.local_addr()?,
        http: http_addr,
        simulator: sim_addr,
        admin_token: token
            .as_ref()
            .map(|token| token.value.expose_secret().to_owned())
            .unwrap_or_default(),
        seal_keys: seal_keys
            .map(|keys| keys.expose_secret().to_owned())
            .unwrap_or_default(),
        service_token: service_token.expose_secret().to_owned(),
    })?;

    let pool = if settings.own_database {
        Database::connect(&services.store)?
    } else {
        let files = folder.path().join(DATABASE_FOLDER);
        held.database.start_embedded(&files, &lifecycle).await?
    };
    let mut parts = Parts::default();
    if let (Some(listener), Some(simulator)) = (sim, settings.simulator) {
        // first in, last out: the sync worker calls it to the end
        simulator::start(
            listener,
            simulator.rate_limit,
            folder.path(),
            &parts.add("clickup-sim"),
        )?;
    }
    // before the services, so that it outlives them
    let life = parts.add("message-bus");
    let bus = keylight_messaging::connect(&services.bus, &pool, "keylight", &life).await?;
    // the embedded database is locked by this process; one that the settings name may have other users
    let alone = !settings.own_database;
    let (announce, announced) = first_password();
    let ground = Ground {
        pool: &pool,
        bus: &bus,
        alone,
        announce,
    };
    let parts = start_services(services, ground, inner, http, parts).await?;
    let parts = Arc::new(parts);
    // started once per process, so the place is free
    let _ = held.told.set(running.tell(folder.path())?);
    Parts::attend(parts.clone(), &lifecycle, settings.process.grace);

    greet(
        parts,
        folder.path().to_owned(),
        token,
        announced,
        http_addr,
        sim_addr,
        &lifecycle,
    );
    Ok(())
}

/// Where the entity service leaves the one-time password of the first account, and where the welcome finds it.
fn first_password() -> (Announce, oneshot::Receiver<SecretString>) {
    let (tell, told) = oneshot::channel();
    let announce = Box::new(|password| {
        // nobody listens any more when the process is stopping
        let _ = tell.send(password);
    });
    (announce, told)
}

/// What the services stand on.
struct Ground<'a> {
    pool: &'a PgPool,
    bus: &'a Arc<dyn MessageBus>,
    /// Nobody else uses the database.
    alone: bool,
    /// Whom to tell the password of the first account.
    announce: Announce,
}

/// Starts the services, each after those that it calls.
async fn start_services(
    services: Services,
    ground: Ground<'_>,
    inner: Inner,
    http: TcpListener,
    mut parts: Parts,
) -> anyhow::Result<Parts> {
    let Ground {
        pool,
        bus,
        alone,
        announce,
    } = ground;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (pool, bus) = (|| pool.clone(), || bus.clone());

    let life = parts.add("entity-service");
    let resources = entity_service::app::Resources {
        pool: pool(),
        bus: bus(),
        listener: inner.entity,
        clock: clock.clone(),
        alone,
        announce: Some(announce),
    };
    entity_service::app::run(&services.entity, resources, &life)?;

    let life = parts.add("clickup-sync");
    let resources = clickup_sync::app::Resources {
        pool: pool(),
        bus: bus(),
        listener: inner.sync,
        clock: clock.clone(),
    };
    if alone {
        clickup_sync::app::run_alone(services.sync, resources, &life).await?;
    } else {
        clickup_sync::app::run(services.sync, resources, &life).await?;
    }

    let life = parts.add("analytics");
    let resources = analytics::app::Resources {
        pool: pool(),
        bus: bus(),
        listener: inner.analytics,
        clock: clock.clone(),
    };
    analytics::app::run(&services.analytics, resources, &life)?;

    let life = parts.add("webhook-gateway");
    let resources = webhook_gateway::app::Resources {
        pool: pool(),
        bus: bus(),
        grpc: inner.gateway,
        clock,
        alone,
    };
    let webhooks = webhook_gateway::app::build(&services.gateway, resources, &life)?;

    // the door last: nobody comes in before there is somebody to serve
    let life = parts.add("intake-api");
    let resources = intake_api::app::Resources {
        listener: http,
        beside: webhooks,
    };
    intake_api::app::run(services.intake, resources, &life)?;
    Ok(parts)
}

/// Tells where everything is as soon as it is ready.
fn greet(
    parts: Arc<Parts>,
    folder: PathBuf,
    token: Option<admin_token::AdminToken>,
    mut announced: oneshot::Receiver<SecretString>,
    http: SocketAddr,
    simulator: Option<SocketAddr>,
    lifecycle: &Lifecycle,
) {
    let (watched, stopping) = (lifecycle.clone(), lifecycle.stopping());
    lifecycle.spawn("welcome", async move {
        let deadline = tokio::time::Instant::now() + READY_WITHIN;
        while !watched.readiness().is_ready()
            && tokio::time::Instant::now() < deadline
            && !stopping.is_cancelled()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if !stopping.is_cancelled() {
            // made before the entity service became ready
            let first_password = announced.try_recv().ok();
            let places = Places {
                first_password: first_password.as_ref().map(ExposeSecret::expose_secret),
                http,
                simulator,
                folder: &folder,
                token: match &token {
                    None => Token::Given,
                    Some(token) if token.fresh => {
                        Token::Fresh(token.value.expose_secret(), &token.file)
                    }
                    Some(token) => Token::Kept(&token.file),
                },
            };
            tell(&welcome::text(&places));
            let waiting = parts.waiting();
            if !waiting.is_empty() {
                eprintln!(
                    "not ready yet: {}; http://{}/health answers all the same",
                    waiting.join(", "),
                    reachable(http)
                );
            }
        }
        stopping.cancelled().await;
        tell("stopping ...\n");
        Ok(())
    });
}

/// Says something to whoever looks; nobody has to.
fn tell(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
