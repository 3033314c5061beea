//! A private PostgreSQL, and a fresh database for every test.

use crate::{
    account::Account,
    daemon::{Daemon, Signal},
    guard::Guard,
    ports::free_port,
    programs,
};
use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, postgres::PgPoolOptions};
use std::{
    future::Future,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

/// Names the PostgreSQL that tests should use: an URL whose user may create databases.
pub const TEST_URL: &str = "KEYLIGHT_TEST_DATABASE_URL";

/// Whether what was committed must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: for measurements.
    PowerCut,
    /// Survives the end of the process, not of the machine: for tests.
    Process,
}

/// A private PostgreSQL server.
#[derive(Debug)]
pub struct Server {
    daemon: Daemon,
    bin: PathBuf,
    port: u16,
    dir: PathBuf,
    durability: Durability,
}

impl Server {
    /// Initialises (once) and starts a server whose files are in `dir/postgres`.
    ///
    /// # Errors
    /// When PostgreSQL is missing or does not start.
    pub fn start(dir: &Path, durability: Durability) -> Result<Self> {
        let bin = programs::postgres_bin()?;
        let account = Account::for_server("postgres")?;
        let data = dir.join("postgres");
        account.create_dir(&data)?;
        if !data.join("PG_VERSION").exists() {
            initialise(&bin, account, &data)?;
        }
        let port = free_port();
        let daemon = run(dir, &bin, port, durability)?;
        Ok(Self {
            daemon,
            bin,
            port,
            dir: dir.to_owned(),
            durability,
        })
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], on the same port and with the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&mut self) -> Result<()> {
        self.daemon = run(&self.dir, &self.bin, self.port, self.durability)?;
        Ok(())
    }

    /// Kills the server, as a crash does.
    pub fn kill(&mut self) {
        self.daemon.end(Signal::Kill);
    }

    /// URL of `database` for the administrator.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Process id of the server's main process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// Folder with `psql`, `pgbench` and the like of the same version.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// Ends the server without waiting for clients.
    pub fn stop(&mut self) {
        self.daemon.end(Signal::Interrupt);
    }
}

/// Starts a server on data that is there, and waits until it takes connections.
fn run(dir: &Path, bin: &Path, port: u16, durability: Durability) -> Result<Daemon> {
    let data = dir.join("postgres");
    let mut command = Command::new(bin.join("postgres"));
    command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
        "shared_buffers=256MB",
        "max_wal_size=2GB",
        "timezone=UTC",
    ] {
        command.args(["-c", setting]);
    }
    if durability == Durability::Process {
        command.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    command.current_dir(&data);
    let mut daemon = Daemon::start(
        command,
        Account::for_server("postgres")?,
        &dir.join("postgres.log"),
        &dir.join("postgres.pid"),
    )?;
    daemon
        .wait_ready(Duration::from_secs(60), || accepts_connections(bin, port))
        .context("PostgreSQL did not start")?;
    Ok(daemon)
}

fn initialise(bin: &Path, account: Account, data: &Path) -> Result<()> {
    let mut command = Command::new(bin.join("initdb"));
    command
        .arg("-D")
        .arg(data)
        .args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ])
        .current_dir(data)
        .stdin(Stdio::null());
    account.apply(&mut command);
    let output = command.output().context("initdb did not start")?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        let parent = data.parent().unwrap_or(data).display();
        bail!(
            "initdb failed (may the account postgres enter {parent}?): {}",
            reason.trim()
        );
    }
    Ok(())
}

fn accepts_connections(bin: &Path, port: u16) -> bool {
    Command::new(bin.join("pg_isready"))
        .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The server that all tests of this process share.
struct Shared {
    url: String,
    // both end with the process
    _own: Option<(Server, Guard)>,
}

fn shared() -> Result<&'static Shared> {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    SHARED
        .get_or_init(|| start_shared().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error}"))
}

fn start_shared() -> Result<Shared> {
    if let Ok(url) = std::env::var(TEST_URL) {
        return Ok(Shared { url, _own: None });
    }
    let dir = crate::servers::temporary_folder("postgres")?;
    let guard = Guard::over(&dir)?;
    let server = Server::start(&dir, Durability::Process)?;
    Ok(Shared {
        url: server.url("postgres"),
        _own: Some((server, guard)),
    })
}

/// A database for one test, dropped with this value.
#[derive(Debug)]
pub struct Database {
    /// Connections to it, at most 16.
    pub pool: PgPool,
    /// Its URL.
    pub url: String,
    name: String,
    admin_url: String,
}

/// A fresh database, after `migrate` has prepared it.
///
/// # Panics
/// When there is no PostgreSQL, or `migrate` fails.
pub async fn database<F, Fut, E>(migrate: F) -> Database
where
    F: FnOnce(PgPool) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: std::fmt::Debug,
{
    let database = empty_database()
        .await
        .expect("a private PostgreSQL is there");
    migrate(database.pool.clone())
        .await
        .expect("the migrations run");
    database
}

async fn empty_database() -> Result<Database> {
    // starting a server blocks: not on a thread of the runtime
    let admin_url = tokio::task::spawn_blocking(|| shared().map(|shared| shared.url.clone()))
        .await
        .context("the server's start panicked")??;
    let name = format!("keylight_test_{}", uuid::Uuid::new_v4().simple());
    let mut admin = PgConnection::connect(&admin_url)
        .await
        .context("cannot reach PostgreSQL")?;
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .context("cannot create a database")?;
    let _ = admin.close().await;
    let url = with_database(&admin_url, &name)?;
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(30))
        .connect(&url)
        .await
        .context("cannot reach the new database")?;
    Ok(Database {
        pool,
        url,
        name,
        admin_url,
    })
}

/// The same URL with another database name.
fn with_database(url: &str, name: &str) -> Result<String> {
    let mut url = url::Url::parse(url).context("the PostgreSQL URL cannot be read")?;
    url.set_path(name);
    Ok(url.into())
}

impl Drop for Database {
    fn drop(&mut self) {
        // Best effort: the whole server disappears later. A thread with a runtime of its own, because the test's runtime
        // may be ending and must not be blocked.
        let (name, url) = (self.name.clone(), self.admin_url.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let work = async {
                    let mut admin = PgConnection::connect(&url).await?;
                    admin
                        .execute(AssertSqlSafe(format!(
                            "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
                        )))
                        .await?;
                    admin.close().await
                };
                let _ = tokio::time::timeout(Duration::from_secs(5), work).await;
            });
        });
        let _ = dropping.join();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_test_has_its_own_database() {
        let migrate =
            |pool: PgPool| async move { pool.execute("CREATE TABLE mark (n int)").await.map(drop) };
        let (one, other) = tokio::join!(database(migrate), database(migrate));
        sqlx::query("INSERT INTO mark VALUES (1)")
            .execute(&one.pool)
            .await
            .unwrap();
        let count = |pool: PgPool| async move {
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM mark")
                .fetch_one(&pool)
                .await
                .unwrap()
        };
        assert_eq!(
            (
                count(one.pool.clone()).await,
                count(other.pool.clone()).await
            ),
            (1, 0)
        );
        let (name, pool) = (one.name.clone(), other.pool.clone());
        drop(one);
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1")
            .bind(name)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(left, 0);
    }
}
