//! Puts the service together.

use crate::{
    access::{
        self, Access,
        first_start::{self, Announce, FirstPassword},
        passwords::Passwords,
        secrets::SystemRandomness,
    },
    config::Config,
    grpc::Door,
    people::grpc::PeopleDoor,
    projects::{Workshop, door::ProjectDoor},
    records::door::RecordsDoor,
    submissions::{
        create::Keyed,
        gatherer::{Committer, gatherer},
    },
    sweep,
    upkeep::Upkeep,
};
use anyhow::{Context as _, anyhow};
use keylight_contracts::v1::{
    access_service_server::AccessServiceServer, entity_service_server::EntityServiceServer,
    project_service_server::ProjectServiceServer, records_service_server::RecordsServiceServer,
};
use keylight_domain::error::DomainError;
use keylight_messaging::relay::{self, RelayOptions};
use keylight_rpc::{
    server::{self, Services},
    status::status_of,
};
use keylight_runtime::{clock::Clock, lifecycle::Lifecycle};
use keylight_store::{
    migrate::migrate_when_up,
    outbox::{Outbox, Schema},
};
use sqlx::{PgPool, migrate::Migrator};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::{net::TcpListener, sync::Notify};

/// The schema `entity`, step by step.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");
/// The schema's name.
pub const SCHEMA: &str = "entity";

/// Largest request that is read: an application of the longest texts fits many times.
const MAX_REQUEST: usize = 1 << 20;
/// Largest answer: a page of the longest texts.
const MAX_ANSWER: usize = 32 << 20;

/// What the service is given.
pub struct Resources {
    /// Connections to PostgreSQL; one is enough.
    pub pool: PgPool,
    /// Where events go.
    pub bus: Arc<dyn keylight_messaging::MessageBus>,
    /// Where callers come in.
    pub listener: TcpListener,
    /// Time, ids and randomness.
    pub clock: Arc<dyn Clock>,
    /// No other process uses this database: events left by an earlier one are sent at once.
    pub alone: bool,
    /// How to tell the one-time password of the first staff account, if there is somebody to tell.
    pub announce: Option<Announce>,
}

/// Starts the service. It is ready once the database answers and the schema is there.
///
/// # Errors
/// When gRPC cannot be served at all.
pub fn run(config: &Config, resources: Resources, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let Resources {
        pool,
        bus,
        listener,
        clock,
        alone,
        announce,
    } = resources;
    let options = RelayOptions {
        alone,
        clock: clock.clone(),
        ..RelayOptions::default()
    };
    let outbox = Outbox::new(Schema::Entity, clock.new_id());
    let migrated = Migrated::default();
    let access = Access {
        pool: pool.clone(),
        clock: clock.clone(),
        random: Arc::new(SystemRandomness),
        passwords: Passwords::default(),
    };
    let first = FirstPassword {
        given: config.admin_password.clone(),
        announce,
    };
    prepare_store(access.clone(), first, migrated.clone(), lifecycle);
    let (swept, stopping) = (access.clone(), lifecycle.stopping());
    lifecycle.supervise("entity-access-sweep", move || {
        access::sweep::run(swept.clone(), stopping.clone())
    });
    serve(
        config,
        access,
        outbox.clone(),
        migrated.clone(),
        clock,
        listener,
        lifecycle,
    )?;

    let stopping = lifecycle.stopping();
    lifecycle.supervise("entity-relay", move || {
        let (outbox, pool, bus) = (outbox.clone(), pool.clone(), bus.clone());
        let (migrated, stopping, options) = (migrated.clone(), stopping.clone(), options.clone());
        async move {
            tokio::select! {
                () = migrated.wait() => {}
                () = stopping.cancelled() => return Ok(()),
            }
            relay::run_with(outbox, pool, bus, options, stopping).await
        }
    });
    Ok(())
}

/// Whether the schema is there; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Migrated {
    done: Arc<AtomicBool>,
    told: Arc<tokio::sync::Notify>,
}

impl Migrated {
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    /// Refuses calls that come before the schema is there.
    #[allow(clippy::result_large_err)]
    pub(crate) fn check(&self) -> Result<(), tonic::Status> {
        if self.is_done() {
            return Ok(());
        }
        Err(status_of(&DomainError {
            cause: None,
            ..DomainError::unavailable("")
        }))
    }

    fn set(&self) {
        self.done.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    pub(crate) async fn wait(&self) {
        let told = self.told.notified();
        tokio::pin!(told);
        // listening begins before looking, so that nothing is missed in between
        told.as_mut().enable();
        if !self.is_done() {
            told.await;
        }
    }
}

/// Serves the calls and stores applications.
fn serve(
    config: &Config,
    access: Access,
    outbox: Outbox,
    migrated: Migrated,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let pool = access.pool.clone();
    // a committer without a connection would only hold applications back from the others
    let committers = config
        .committers
        .min(pool.options().get_max_connections())
        .max(1);
    let (gatherer, committer) = gatherer(
        config.queue,
        pool.clone(),
        clock.clone(),
        outbox.clone(),
        config.duplicates,
    );
    for _ in 0..committers {
        let committer: Committer = committer.clone();
        lifecycle.supervise("entity-committer", move || committer.clone().run());
    }
    let keyed = Keyed::new(
        pool.clone(),
        clock.clone(),
        outbox.clone(),
        config.duplicates,
    );
    let bell = Arc::new(Notify::new());
    keep_up(&pool, &clock, &migrated, &bell, lifecycle);
    let workshop = Workshop {
        pool: pool.clone(),
        clock: clock.clone(),
        outbox: outbox.clone(),
        duplicates: config.duplicates,
    };
    let projects = ProjectServiceServer::new(ProjectDoor {
        workshop: workshop.clone(),
        migrated: migrated.clone(),
    })
    .max_decoding_message_size(MAX_REQUEST)
    .max_encoding_message_size(MAX_ANSWER);
    let records = RecordsServiceServer::new(RecordsDoor {
        workshop,
        migrated: migrated.clone(),
    })
    .max_decoding_message_size(MAX_REQUEST)
    .max_encoding_message_size(MAX_ANSWER);
    let people = PeopleDoor::server(&pool, &clock, &outbox, &migrated, &bell);
    let door = Door {
        pool,
        clock,
        gatherer,
        keyed,
        outbox,
        bell,
        duplicates: config.duplicates,
        migrated: migrated.clone(),
    };
    let service = EntityServiceServer::new(door)
        .max_decoding_message_size(MAX_REQUEST)
        .max_encoding_message_size(MAX_ANSWER);
    // one line for each service
    let services = Services::new(&config.rpc)
        .with(service)
        .with(projects)
        .with(people)
        .with(records)
        .with(AccessServiceServer::new(access::grpc::Door {
            access,
            migrated,
        }));
    server::serve_all("entity-grpc", services, listener, lifecycle).context("serving gRPC")
}

/// Starts what works behind the calls.
fn keep_up(
    pool: &PgPool,
    clock: &Arc<dyn Clock>,
    migrated: &Migrated,
    bell: &Arc<Notify>,
    lifecycle: &Lifecycle,
) {
    let stopping = lifecycle.stopping();
    {
        let (pool, migrated) = (pool.clone(), migrated.clone());
        let (bell, stopping) = (bell.clone(), stopping.clone());
        lifecycle.supervise("entity-upkeep", move || {
            let upkeep = Upkeep::new(pool.clone(), bell.clone(), stopping.clone());
            let (migrated, stopping) = (migrated.clone(), stopping.clone());
            async move {
                tokio::select! {
                    () = migrated.wait() => {}
                    () = stopping.cancelled() => return Ok(()),
                }
                upkeep.run().await
            }
        });
    }
    let (pool, clock, migrated) = (pool.clone(), clock.clone(), migrated.clone());
    lifecycle.supervise("entity-sweep", move || {
        let (pool, clock) = (pool.clone(), clock.clone());
        let (migrated, stopping) = (migrated.clone(), stopping.clone());
        async move {
            tokio::select! {
                () = migrated.wait() => {}
                () = stopping.cancelled() => return Ok(()),
            }
            sweep::run(pool, clock, stopping).await
        }
    });
}

/// Brings the schema up to date as soon as the database answers, makes sure that somebody can sign in, then keeps an eye
/// on the database.
fn prepare_store(access: Access, first: FirstPassword, migrated: Migrated, lifecycle: &Lifecycle) {
    let pool = access.pool.clone();
    let latch = lifecycle.latch("entity-database");
    let stopping = lifecycle.stopping();
    lifecycle.spawn("entity-store", async move {
        if let Err(error) = migrate_when_up(&pool, &MIGRATIONS, SCHEMA, &stopping).await {
            if stopping.is_cancelled() {
                return Ok(());
            }
            return Err(error);
        }
        first_start::ensure(&access, first, &stopping)
            .await
            .map_err(|error| {
                anyhow!(
                    "making the first staff account: {}",
                    error.cause.unwrap_or(error.message)
                )
            })?;
        migrated.set();
        keylight_store::watch(&pool, &latch, &stopping).await;
        Ok(())
    });
}
