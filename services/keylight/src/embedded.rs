//! PostgreSQL inside the process: real PostgreSQL 17 compiled to WebAssembly, its data in a folder.
//!
//! It serves **one** connection at a time, so there is one pool of one connection for everything. A broken protocol
//! stream ends its serving thread; [`Embedded::watch`] notices and starts it again on the same address.

use anyhow::Context as _;
use keylight_runtime::lifecycle::Lifecycle;
use pglite_oxide::{PgliteServer, extensions};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;

/// The server's own lock of a killed process may take a moment to go.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a request waits for the one connection. Statements take about a millisecond, so a queue this long is a fault.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the server is looked after.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long the server may take to end; a connection that somebody still holds would keep it for ever.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The embedded server. Clones share it.
#[derive(Clone)]
pub(crate) struct Embedded {
    folder: PathBuf,
    /// There while the folder is set up: what was killed meanwhile may be half a database.
    mark: PathBuf,
    address: SocketAddr,
    url: Arc<str>,
    server: Arc<Mutex<Option<PgliteServer>>>,
}

impl Embedded {
    /// Starts the server with its files in `folder`, on a free port of the loopback interface. A folder that an earlier
    /// start was killed in before it was complete holds nothing yet, and is set up anew.
    ///
    /// # Errors
    /// When the folder cannot be used, or stays locked.
    pub(crate) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let mark = folder.with_extension("incomplete");
        if mark.exists() && folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| {
                format!(
                    "cannot remove the unfinished database in {}",
                    folder.display()
                )
            })?;
        }
        if !folder.exists() {
            eprintln!("first start: setting up the database, this takes a few seconds ...");
            std::fs::write(&mark, "")
                .with_context(|| format!("cannot write {}", mark.display()))?;
        }
        let server = start_patiently(folder, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = server
            .tcp_addr()
            .context("the embedded database has no address")?;
        Ok(Self {
            folder: folder.to_owned(),
            mark,
            address,
            url: server.database_url().into(),
            server: Arc::new(Mutex::new(Some(server))),
        })
    }

    /// The one pool with the one connection, which never ends by itself: a new one costs about a second.
    ///
    /// # Errors
    /// When the server's own URL cannot be read, or a new folder cannot be completed.
    pub(crate) async fn pool(&self) -> anyhow::Result<PgPool> {
        let options = PgConnectOptions::from_str(&self.url)
            .context("the embedded database gives no usable URL")?
            .application_name("keylight");
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // at the start everybody waits for the first connection, which may take two seconds
            .acquire_slow_threshold(ACQUIRE_TIMEOUT / 2)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        if self.mark.exists() {
            // from here on nothing of the folder is only in memory, and a kill does no harm
            sqlx::query("CHECKPOINT")
                .execute(&pool)
                .await
                .context("the new database cannot be written")?;
            std::fs::remove_file(&self.mark)
                .with_context(|| format!("cannot remove {}", self.mark.display()))?;
        }
        Ok(pool)
    }

    /// Starts the server again whenever nobody listens on its address any more.
    pub(crate) fn watch(&self, pool: &PgPool, lifecycle: &Lifecycle) {
        let (this, pool, stopping) = (self.clone(), pool.clone(), lifecycle.stopping());
        lifecycle.supervise("embedded-postgres-watch", move || {
            let (this, pool, stopping) = (this.clone(), pool.clone(), stopping.clone());
            async move {
                while tokio::time::timeout(LOOK_EVERY, stopping.cancelled())
                    .await
                    .is_err()
                {
                    // asking through the pool first: a needless connection would stand in the server's queue
                    if sqlx::query("SELECT 1").execute(&pool).await.is_ok()
                        || !refuses(this.address).await
                    {
                        continue;
                    }
                    tracing::warn!("the embedded database has ended, it is started again");
                    this.restart().await?;
                }
                Ok(())
            }
        });
    }

    async fn restart(&self) -> anyhow::Result<()> {
        let old = self.slot().take();
        // its thread has ended, so this only collects it and frees the folder
        let _ = tokio::task::spawn_blocking(move || drop(old)).await;
        let server = start_patiently(&self.folder, self.address).await?;
        *self.slot() = Some(server);
        Ok(())
    }

    /// Stops the server. To be called after every connection has gone, from a thread that may block.
    ///
    /// # Errors
    /// When it does not end in time; what was committed is safe all the same.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        let Some(server) = self.slot().take() else {
            return Ok(());
        };
        let (done, ended) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let _ = done.send(server.shutdown());
        });
        ended
            .recv_timeout(STOP_WITHIN)
            .with_context(|| {
                format!(
                    "the embedded database did not end within {} s",
                    STOP_WITHIN.as_secs()
                )
            })?
            .context("the embedded database ended with an error")
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<PgliteServer>> {
        // a value is put in or taken out as a whole, so a panic elsewhere leaves nothing half done
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start_patiently(folder: &Path, address: SocketAddr) -> anyhow::Result<PgliteServer> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let root = folder.to_owned();
        // unpacks and compiles at the first start: seconds of work
        let started = tokio::task::spawn_blocking(move || {
            PgliteServer::builder()
                .path(root)
                // the search of submissions has an index of trigrams
                .extension(extensions::PG_TRGM)
                .tcp(address)
                .database("postgres")
                // searches by a part of a text
                .extension(extensions::PG_TRGM)
                .start()
        })
        .await?;
        match started {
            Ok(server) => return Ok(server),
            Err(error) if is_locked(&error) && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(error) if is_locked(&error) => anyhow::bail!(
                "the database in {} is in use by another program: stop that program or set KEYLIGHT_DATA_DIR to another folder",
                folder.display()
            ),
            Err(error) => {
                return Err(error.context(format!(
                    "the embedded database in {} does not start",
                    folder.display()
                )));
            }
        }
    }
}

/// The server tells it in words only.
fn is_locked(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.to_string().contains("root is already in use"))
}

async fn refuses(address: SocketAddr) -> bool {
    TcpStream::connect(address)
        .await
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write as _;

    async fn answers(pool: &PgPool, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
    }

    /// One test for all, because every start of the server costs seconds.
    #[tokio::test(flavor = "multi_thread")]
    async fn keeps_its_data_refuses_a_second_user_and_comes_back() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("postgres");
        // what a kill during the very first start leaves
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("half"), "a database").unwrap();
        std::fs::write(folder.with_extension("incomplete"), "").unwrap();
        let life = Lifecycle::new();
        let first = Embedded::start(&folder).await.unwrap();
        assert!(!folder.join("half").exists());

        first.pool().await.unwrap().close().await;
        assert!(!folder.with_extension("incomplete").exists());

        // nonsense on the wire ends the serving thread
        let mut rude = std::net::TcpStream::connect(first.address).unwrap();
        rude.write_all(&[0xff; 64]).unwrap();
        drop(rude);
        let pool = first.pool().await.unwrap();
        first.watch(&pool, &life);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while sqlx::query("SELECT 1").execute(&pool).await.is_err() {
            assert!(
                tokio::time::Instant::now() < deadline,
                "the server did not come back"
            );
        }

        sqlx::raw_sql("CREATE TABLE kept (n bigint); INSERT INTO kept VALUES (7)")
            .execute(&pool)
            .await
            .unwrap();
        // what our own schema needs of it, extensions and kinds of index
        keylight_store::migrate(
            &pool,
            &entity_service::app::MIGRATIONS,
            entity_service::app::SCHEMA,
        )
        .await
        .unwrap();
        // after secrets are sealed, their table is rewritten like this
        sqlx::query("VACUUM (FULL) kept")
            .execute(&pool)
            .await
            .unwrap();
        let error = start_patiently(&folder, SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("in use by another program"),
            "{error:#}"
        );
        life.stop();
        life.finished(Duration::from_secs(10)).await.unwrap();
        pool.close().await;
        let stopping = first.clone();
        tokio::task::spawn_blocking(move || stopping.stop())
            .await
            .unwrap()
            .unwrap();

        let second = Embedded::start(&folder).await.unwrap();
        let pool = second.pool().await.unwrap();
        assert_eq!(answers(&pool, "SELECT n FROM kept").await, 7);
        assert!(
            answers(
                &pool,
                "SELECT current_setting('server_version_num')::bigint"
            )
            .await
                >= 170_000
        );
        sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(
            answers(&pool, "SELECT count(*) FROM unnest(show_trgm('home'))").await,
            5
        );
        pool.close().await;
        tokio::task::spawn_blocking(move || second.stop())
            .await
            .unwrap()
            .unwrap();
    }
}
