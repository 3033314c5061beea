//! Puts the service together.

use crate::{
    account::{Current, Working, stored},
    answers::Answers,
    canary::{self, Canary},
    changes::Changes,
    chores::{Chores, Repair, Sweep, WebhookKeeper},
    config::{Account, Config},
    entity::Entity,
    hints::Hints,
    links,
    mapping::{
        answers::MappingAnswers,
        drift::Drift,
        resync::{self, Resync},
    },
    operations::{answers::Operations, replay},
    remote::Remote,
    setup::{answers::Setup, connect::Connector, examine::Examiner},
    webhooks::seals::Seals,
    worker::Worker,
};
use keylight_contracts::v1::{
    click_up_setup_service_server::ClickUpSetupServiceServer,
    mapping_service_server::MappingServiceServer,
    sync_operations_service_server::SyncOperationsServiceServer,
    sync_service_server::SyncServiceServer,
};
use keylight_messaging::{MessageBus, topology};
use keylight_rpc::server::{self, Services};
use keylight_runtime::{
    clock::Clock,
    lifecycle::{Latch, Lifecycle},
};
use sqlx::{PgPool, migrate::Migrator};
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Notify};

/// The schema that this service owns.
pub const SCHEMA: &str = "sync";
/// Its migrations.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// How often the webhook is looked after.
const WEBHOOK_INTERVAL: Duration = Duration::from_secs(60);

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

/// Prepares the schema, starts the service's tasks and returns. Waits for a database that does not answer yet.
///
/// # Errors
/// When a migration is refused, a key for what is sealed is missing, or an address or the token cannot be used.
pub async fn run(
    config: Config,
    resources: Resources,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    start(config, resources, lifecycle, false).await
}

/// As [`run`], for a process that no other shares the database with: what was leased belonged to one that is gone, and is
/// taken over at once.
///
/// # Errors
/// As [`run`], and when the leases cannot be ended.
pub async fn run_alone(
    config: Config,
    resources: Resources,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    start(config, resources, lifecycle, true).await
}

async fn start(
    config: Config,
    resources: Resources,
    lifecycle: &Lifecycle,
    alone: bool,
) -> anyhow::Result<()> {
    let Resources {
        pool,
        bus,
        listener,
        clock,
    } = resources;
    let stopping = lifecycle.stopping();
    let schema = lifecycle.latch("sync-schema");
    keylight_store::migrate::migrate_when_up(&pool, &MIGRATIONS, SCHEMA, &stopping).await?;
    let seals = Seals {
        pool: pool.clone(),
        keyring: config.keyring.clone(),
    };
    seals.prepare().await?;
    schema.set(true);
    if alone {
        links::end_all_leases(&pool, clock.now()).await?;
    }

    let wake = Arc::new(Notify::new());
    let entity = Entity::new(keylight_rpc::client::channel(
        &config.entity_url,
        &config.rpc,
    )?);
    let current = Current::default();
    let answers = Answers {
        pool: pool.clone(),
        keyring: config.keyring.clone(),
        current: current.clone(),
    };
    let operations = Operations {
        pool: pool.clone(),
        clock: clock.clone(),
        wake: wake.clone(),
        current: current.clone(),
        answers: answers.clone(),
    };
    let mapping = MappingAnswers {
        pool: pool.clone(),
        entity: entity.clone(),
        current: current.clone(),
        by_name: config
            .account
            .as_ref()
            .map(|account| account.rules.document())
            .unwrap_or_default(),
    };
    let setup = Setup {
        examiner: Examiner {
            pool: pool.clone(),
            current: current.clone(),
            canary_interval: config.canary_interval,
            sweep_interval: config.sweep_interval,
        },
        connector: Connector {
            pool: pool.clone(),
            keyring: config.keyring.clone(),
            clock: clock.clone(),
            connection: config.connection.clone(),
            in_settings: config.account.is_some(),
        },
        clock: clock.clone(),
    };
    let services = Services::new(&config.rpc)
        .with(SyncServiceServer::new(answers))
        .with(SyncOperationsServiceServer::new(operations))
        .with(MappingServiceServer::new(mapping))
        .with(ClickUpSetupServiceServer::new(setup))
        .with(keylight_rpc::seals::server(seals));
    server::serve_all("sync-grpc", services, listener, lifecycle)?;

    let known = {
        let current = current.clone();
        Box::new(move || current.get().and_then(|working| working.remote.known()))
    };
    let changes = Arc::new(Changes {
        pool: pool.clone(),
        clock: clock.clone(),
        wake: wake.clone(),
    });
    let hints = Arc::new(Hints {
        pool: pool.clone(),
        clock: clock.clone(),
        wake: wake.clone(),
        known,
    });
    let (changes_bus, token) = (bus.clone(), stopping.clone());
    lifecycle.supervise("sync-changes", move || {
        keylight_messaging::consume(
            changes_bus.clone(),
            &topology::CHANGES,
            changes.clone(),
            token.clone(),
        )
    });
    let token = stopping.clone();
    let canary_bus = bus.clone();
    lifecycle.supervise("sync-hints", move || {
        keylight_messaging::consume(bus.clone(), &topology::HINTS, hints.clone(), token.clone())
    });

    let begin = Begin {
        account: lifecycle.latch("clickup-account"),
        lifecycle: lifecycle.clone(),
        config: Arc::new(config),
        pool,
        clock,
        entity,
        wake,
        bus: canary_bus,
        current,
    };
    match begin.account_of_now().await? {
        Some(account) => begin.work(account)?,
        None => begin.wait_for_account(),
    }
    Ok(())
}

/// How often a stored account is looked for while there is none.
const ACCOUNT_INTERVAL: Duration = Duration::from_secs(2);

/// What is needed to begin to work, as soon as there is an account.
#[derive(Clone)]
struct Begin {
    account: Latch,
    lifecycle: Lifecycle,
    config: Arc<Config>,
    pool: PgPool,
    clock: Arc<dyn Clock>,
    entity: Entity,
    wake: Arc<Notify>,
    bus: Arc<dyn MessageBus>,
    current: Current,
}

impl Begin {
    /// The account of the settings, else the stored one.
    async fn account_of_now(&self) -> anyhow::Result<Option<Account>> {
        if let Some(account) = &self.config.account {
            return Ok(Some(account.clone()));
        }
        let stored = stored::load(&self.pool, &self.config.keyring).await?;
        Ok(stored.map(|stored| self.config.connection.with(&stored)))
    }

    /// Begins to work with an account.
    fn work(&self, account: Account) -> anyhow::Result<()> {
        let (pool, clock) = (self.pool.clone(), self.clock.clone());
        let remote = Arc::new(Remote::new(account, pool.clone(), clock.clone())?);
        let worker = Worker::new(
            pool,
            clock,
            self.entity.clone(),
            remote.clone(),
            self.wake.clone(),
            &self.config,
        );
        self.current.set(Some(Working {
            remote,
            worker: worker.clone(),
        }));
        self.account.set(true);
        start_canary(&self.config, &self.lifecycle, &worker, self.bus.clone());
        watch_mapping(&self.lifecycle, &worker);
        start_work(&self.config, &self.lifecycle, worker);
        Ok(())
    }

    /// Begins as soon as somebody has stored one.
    fn wait_for_account(self) {
        tracing::warn!(
            "no clickup account is set (CLICKUP_TOKEN, or keylight clickup connect): submissions wait until there is one"
        );
        let stopping = self.lifecycle.stopping();
        self.lifecycle.clone().supervise("sync-account", move || {
            let (begin, stopping) = (self.clone(), stopping.clone());
            async move {
                while tokio::time::timeout(ACCOUNT_INTERVAL, stopping.cancelled())
                    .await
                    .is_err()
                {
                    if begin.current.get().is_some() {
                        stopping.cancelled().await;
                        break;
                    }
                    if let Some(account) = begin.account_of_now().await? {
                        begin.work(account)?;
                        tracing::info!("a clickup account was set up, the work begins");
                    }
                }
                Ok(())
            }
        });
    }
}

/// Sends canaries and watches them, unless the settings want none.
fn start_canary(config: &Config, lifecycle: &Lifecycle, worker: &Worker, bus: Arc<dyn MessageBus>) {
    let interval = config.canary_interval;
    if interval.is_zero() {
        return;
    }
    let (pool, clock) = (worker.pool.clone(), worker.clock.clone());
    canary::watch(lifecycle, pool.clone(), clock.clone(), interval);
    let chores = Chores {
        pool,
        clock: clock.clone(),
        owner: clock.new_id(),
    };
    chores.start(lifecycle, Canary { bus, clock }, interval);
}

/// How often the mapping is looked at for changes.
const MAPPING_INTERVAL: Duration = Duration::from_secs(2);

/// What failed because of the list or the mapping is tried again when these have changed, and at the start: they may have
/// changed while nobody looked.
fn watch_mapping(lifecycle: &Lifecycle, worker: &Worker) {
    let (worker, stopping) = (worker.clone(), lifecycle.stopping());
    lifecycle.supervise("sync-mended", move || {
        let (worker, stopping) = (worker.clone(), stopping.clone());
        async move {
            let mut seen = None;
            while tokio::time::timeout(MAPPING_INTERVAL, stopping.cancelled())
                .await
                .is_err()
            {
                let Some(known) = worker.remote.known() else {
                    continue;
                };
                if seen.as_ref() == Some(&known.mapping) {
                    continue;
                }
                let list = &worker.remote.account.list_id;
                let revived =
                    replay::after_mapping_changed(&worker.pool, worker.clock.now(), list).await?;
                if revived > 0 {
                    worker.wake.notify_one();
                }
                seen = Some(known.mapping.clone());
            }
            Ok(())
        }
    });
}

fn start_work(config: &Config, lifecycle: &Lifecycle, worker: Worker) {
    let Worker {
        pool,
        clock,
        entity,
        remote,
        wake,
        ..
    } = worker.clone();
    let stopping = lifecycle.stopping();
    let (running, token) = (worker.clone(), stopping.clone());
    lifecycle.supervise("sync-worker", move || running.clone().run(token.clone()));

    let (renewing, token) = (worker.clone(), stopping.clone());
    lifecycle.supervise("sync-leases", move || {
        renewing.clone().renew_leases(token.clone())
    });

    remote.keep_books(lifecycle);
    let (watched, reopened, token) = (
        remote.clone(),
        (pool.clone(), clock.clone(), wake.clone()),
        stopping,
    );
    lifecycle.supervise("clickup-outages", move || {
        let (remote, (pool, clock, wake), token) = (watched.clone(), reopened.clone(), token.clone());
        async move {
            remote
                .watch_outages(token, || {
                    let (pool, clock, wake) = (pool.clone(), clock.clone(), wake.clone());
                    async move {
                        if let Err(error) = links::wake_after_outage(&pool, clock.now()).await {
                            tracing::warn!(error = %error, "links that waited for clickup are tried at their own time");
                        }
                        wake.notify_one();
                    }
                })
                .await
        }
    });

    let chores = Chores {
        pool: pool.clone(),
        clock: clock.clone(),
        owner: clock.new_id(),
    };
    let resync = Resync::new(pool.clone(), remote.clone(), worker.clone(), wake.clone());
    chores.start(lifecycle, resync, resync::INTERVAL);
    let drift = Drift {
        pool: pool.clone(),
        remote: remote.clone(),
    };
    chores.start(lifecycle, drift, config.mapping_check_interval);
    let sweep = Sweep::new(pool.clone(), remote.clone(), worker, config.sweep_overlap);
    chores.start(lifecycle, sweep, config.sweep_interval);
    if let Some(endpoint) = remote.account.webhook_url.clone() {
        let keeper = WebhookKeeper {
            pool: pool.clone(),
            keyring: config.keyring.clone(),
            remote,
            clock,
            endpoint,
        };
        chores.start(lifecycle, keeper, WEBHOOK_INTERVAL);
    }
    chores.start(
        lifecycle,
        Repair { pool, entity, wake },
        config.repair_interval,
    );
    chores.start_pruning(lifecycle, config.call_log);
}
