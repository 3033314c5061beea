//! The whole system, started for one test, in either set-up.

mod cluster;
mod distributed;
mod embedded;

use crate::{process::Process, simulator::Simulator, web::Web};
use keylight_testkit::{
    guard::Guard, postgres::Database, proxy::FaultProxy, rabbit, wait::wait_until,
};
use sqlx::PgPool;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long a program may take from its start to readiness; generous, because tests share a small machine.
pub const START: Duration = Duration::from_secs(60);

/// What tests set otherwise than people: nobody waits for the time limits of the real ClickUp.
const QUICK: [(&str, &str); 5] = [
    // many tests count calls
    ("KEYLIGHT_SYNC_CANARY_INTERVAL", "0s"),
    ("KEYLIGHT_SYNC_CALL_TIMEOUT", "2s"),
    ("KEYLIGHT_SYNC_LEASE", "5s"),
    ("KEYLIGHT_SYNC_SETTLE", "1s"),
    ("KEYLIGHT_SYNC_SWEEP_INTERVAL", "5s"),
];

/// Settings of a test, beside or instead of the usual ones.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

fn apply(mut process: Process, settings: Settings<'_>) -> Process {
    for (name, value) in QUICK.iter().chain(settings) {
        process = process.env(name, *value);
    }
    process
}

/// A set-up of the whole system. Ends with this value.
pub struct System {
    /// The public door.
    pub web: Web,
    /// The ClickUp that it works with.
    pub simulator: Simulator,
    setup: Setup,
    folder: PathBuf,
    // the order counts: processes, then what they use, then the turn for the next test
    resources: Resources,
    _guard: Guard,
    _turn: OwnedMutexGuard<()>,
}

enum Setup {
    Embedded(embedded::Embedded),
    Distributed(distributed::Distributed),
    Cluster(cluster::Cluster),
}

/// What must outlive the processes.
#[derive(Default)]
struct Resources {
    database: Option<Database>,
    // between the services and their database
    database_proxy: Option<FaultProxy>,
}

/// Something that can be killed and started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The one process of the embedded set-up.
    Everything,
    /// The door for people.
    IntakeApi,
    /// The system of record.
    EntityService,
    /// One of two sync workers: 0 or 1.
    ClickupSync(usize),
    /// The door for webhooks.
    WebhookGateway,
    /// Read models.
    Analytics,
    /// RabbitMQ; only with [`System::distributed_with_own_broker`].
    Broker,
}

/// Tests of one program that start a system take turns: what they measure would be the others' load.
async fn turn() -> OwnedMutexGuard<()> {
    static TURN: std::sync::OnceLock<Arc<Mutex<()>>> = std::sync::OnceLock::new();
    TURN.get_or_init(Arc::default).clone().lock_owned().await
}

/// A folder of one system: logs, pid files, data. It goes when the guard does.
fn folder() -> (PathBuf, Guard) {
    let folder = keylight_testkit::servers::temporary_folder("system")
        .expect("a temporary folder can be made");
    let guard = Guard::over(&folder).expect("a shell is there");
    (folder, guard)
}

/// Waits until the admin listener on `port` says that the program is ready.
async fn ready(process: &mut Process, port: u16) {
    let client = crate::web::client();
    let name = process.name().to_owned();
    wait_until(&format!("{name} is ready"), START, || {
        let running = process.is_running();
        let words = if running {
            String::new()
        } else {
            process.last_words(15)
        };
        let request = client.get(format!("http://127.0.0.1:{port}/ready")).send();
        let name = name.clone();
        async move {
            // no use in waiting for what has ended
            assert!(running, "{name} has ended:\n{words}");
            let response = request.await.map_err(|error| format!("{error}"))?;
            if response.status().is_success() {
                return Ok(());
            }
            Err(response.text().await.unwrap_or_default())
        }
    })
    .await;
}

impl System {
    /// Everything in one process with an embedded database.
    pub async fn embedded() -> Self {
        Self::embedded_with(&[]).await
    }

    /// As [`System::embedded`], with settings.
    pub async fn embedded_with(settings: Settings<'_>) -> Self {
        let turn = turn().await;
        let (folder, guard) = folder();
        let (setup, web, simulator) = embedded::Embedded::start(&folder, settings).await;
        Self {
            web,
            simulator,
            setup: Setup::Embedded(setup),
            folder,
            resources: Resources::default(),
            _guard: guard,
            _turn: turn,
        }
    }

    /// One process per service, with the tests' PostgreSQL and RabbitMQ.
    pub async fn distributed() -> Self {
        Self::distributed_with(&[]).await
    }

    /// As [`System::distributed`], with settings for every process.
    pub async fn distributed_with(settings: Settings<'_>) -> Self {
        Self::distributed_on(None, false, settings).await
    }

    /// As [`System::distributed_with`], with a database that [`System::database_proxy`] can take away.
    pub async fn distributed_with_fragile_database(settings: Settings<'_>) -> Self {
        Self::distributed_on(None, true, settings).await
    }

    /// One process per service, with a broker that may be killed.
    pub async fn distributed_with_own_broker() -> Self {
        Self::distributed_on(Some(rabbit::Private::start().await), false, &[]).await
    }

    /// What `scripts/cluster` starts, servers included.
    pub async fn cluster_with(settings: Settings<'_>) -> Self {
        let turn = turn().await;
        let (folder, guard) = folder();
        let (setup, web, simulator) = cluster::Cluster::start(&folder, settings).await;
        Self {
            web,
            simulator,
            setup: Setup::Cluster(setup),
            folder,
            resources: Resources::default(),
            _guard: guard,
            _turn: turn,
        }
    }

    /// Whether `scripts/cluster status` says that all is well; only for what the script has started.
    ///
    /// # Panics
    /// In any other set-up.
    pub async fn cluster_status(&self) -> (bool, String) {
        let Setup::Cluster(setup) = &self.setup else {
            panic!("this system was not started by the script");
        };
        let output = setup.run(&["status"]).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text)
    }

    async fn distributed_on(
        broker: Option<rabbit::Private>,
        fragile_database: bool,
        settings: Settings<'_>,
    ) -> Self {
        let turn = turn().await;
        let (folder, guard) = folder();
        let database = keylight_testkit::postgres::database(|_| async {
            Ok::<(), std::convert::Infallible>(())
        })
        .await;
        let mut url = reqwest::Url::parse(&database.url).expect("the tests' database has a URL");
        let mut database_proxy = None;
        if fragile_database {
            let server = format!(
                "{}:{}",
                url.host_str().unwrap_or("127.0.0.1"),
                url.port().unwrap_or(5432)
            );
            let proxy = FaultProxy::before(server)
                .await
                .expect("a port for the proxy can be opened");
            url.set_host(Some("127.0.0.1"))
                .expect("an address is a host");
            url.set_port(Some(proxy.address().port()))
                .expect("a database URL may have a port");
            database_proxy = Some(proxy);
        }
        let (setup, web, simulator) =
            distributed::Distributed::start(&folder, url.as_str(), broker, settings).await;
        Self {
            web,
            simulator,
            setup: Setup::Distributed(setup),
            folder,
            resources: Resources {
                database: Some(database),
                database_proxy,
            },
            _guard: guard,
            _turn: turn,
        }
    }

    /// The services' database, for looking into it.
    ///
    /// # Panics
    /// In any set-up but the distributed one.
    #[must_use]
    pub fn database(&self) -> &PgPool {
        let database = self.resources.database.as_ref();
        &database
            .expect("only the distributed set-up has a database to look into")
            .pool
    }

    /// What stands between the services and their database; only with
    /// [`System::distributed_with_fragile_database`].
    ///
    /// # Panics
    /// In any other set-up.
    #[must_use]
    pub fn database_proxy(&self) -> &FaultProxy {
        let proxy = self.resources.database_proxy.as_ref();
        proxy.expect("this system was started with a sound database")
    }

    /// Whether a part says that it is ready; only in the distributed set-up.
    ///
    /// # Panics
    /// In any other set-up.
    pub async fn is_ready(&mut self, part: Part) -> bool {
        let Setup::Distributed(setup) = &mut self.setup else {
            panic!("only parts of the distributed set-up can be asked");
        };
        let url = format!("http://127.0.0.1:{}/ready", setup.admin_port(part));
        let answer = crate::web::client().get(url).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// The folder with the logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Everything that can be killed here.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        match &self.setup {
            Setup::Embedded(_) => vec![Part::Everything],
            Setup::Distributed(setup) => setup.parts(),
            Setup::Cluster(_) => cluster::Cluster::parts(),
        }
    }

    /// Kills a part, as the system's out-of-memory killer would.
    pub async fn kill(&mut self, part: Part) {
        match &mut self.setup {
            Setup::Embedded(setup) => setup.process.kill(),
            Setup::Distributed(setup) => setup.kill(part).await,
            Setup::Cluster(setup) => setup.kill(part),
        }
    }

    /// Starts a killed part again and waits until it is ready.
    pub async fn revive(&mut self, part: Part) {
        match &mut self.setup {
            Setup::Embedded(setup) => setup.start_again().await,
            Setup::Distributed(setup) => setup.revive(part).await,
            Setup::Cluster(setup) => setup.revive(part).await,
        }
    }

    /// Stops everything as Ctrl-C does; gives how each process ended.
    ///
    /// # Panics
    /// When a process does not end in time.
    pub fn stop(&mut self) -> Vec<(String, std::process::ExitStatus)> {
        let patience = Duration::from_secs(40);
        match &mut self.setup {
            Setup::Embedded(setup) => vec![(
                setup.process.name().to_owned(),
                setup.process.stop(patience),
            )],
            Setup::Distributed(setup) => setup.stop(patience),
            Setup::Cluster(setup) => vec![("scripts/cluster down".to_owned(), setup.stop())],
        }
    }

    /// Starts everything again after [`System::stop`], in the same set-up with the same data.
    pub async fn start_again(&mut self) {
        match &mut self.setup {
            Setup::Embedded(setup) => setup.start_again().await,
            Setup::Distributed(setup) => setup.start_again().await,
            // on other ports, if somebody has taken the old ones
            Setup::Cluster(setup) => (self.web, self.simulator) = setup.up().await,
        }
    }
}
