//! A private RabbitMQ: one shared by all tests of a process, or one of its own for a test that kills it.

use crate::{
    account::Account,
    daemon::{Daemon, Signal, last_lines},
    guard::Guard,
    ports::free_port,
    programs,
};
use anyhow::{Context, Result};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

/// Names the RabbitMQ that tests should use.
pub const TEST_URL: &str = "KEYLIGHT_TEST_AMQP_URL";

/// What the broker is told besides addresses: small enough for a laptop, and no alarm on a nearly full disk.
const SETTINGS: &str = "\
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.relative = 0.6
raft.wal_max_size_bytes = 67108864
log.file.level = warning
log.console = false
";

/// Longest wait for a new queue to be written down, see [`Server::kill`].
const LISTED_WITHIN: Duration = Duration::from_secs(240);

/// A private RabbitMQ. Its port and its files stay the same over stop, kill and start.
#[derive(Debug)]
pub struct Server {
    daemon: Option<Daemon>,
    dir: PathBuf,
    port: u16,
    distribution_port: u16,
    /// Settings for the Erlang machine, such as `-rabbit consumer_timeout 1000`.
    extra: String,
}

impl Server {
    /// Starts a broker whose files are in `dir/rabbitmq`.
    ///
    /// # Errors
    /// When RabbitMQ is missing or does not start.
    pub fn start(dir: &Path) -> Result<Self> {
        Self::start_with(dir, "")
    }

    /// [`Server::start`] with more arguments for the Erlang machine, such as `-rabbit consumer_timeout 1000`.
    ///
    /// # Errors
    /// When RabbitMQ is missing or does not start.
    pub fn start_with(dir: &Path, extra: &str) -> Result<Self> {
        let mut server = Self {
            daemon: None,
            dir: dir.to_owned(),
            port: free_port(),
            distribution_port: free_port(),
            extra: extra.to_owned(),
        };
        server.resume()?;
        Ok(server)
    }

    /// Starts it again after [`Server::stop`] or [`Server::kill`], on the same port and with the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&mut self) -> Result<()> {
        if self.daemon.is_some() {
            return Ok(());
        }
        let program = programs::rabbitmq_server()?;
        let account = Account::for_server("rabbitmq")?;
        let files = self.dir.join("rabbitmq");
        let home = files.join("home");
        for folder in [&files, &home] {
            account.create_dir(folder)?;
        }
        let config = files.join("rabbitmq.conf");
        fs::write(&config, SETTINGS).context("cannot write the broker's settings")?;
        let plugins = files.join("enabled_plugins");
        fs::write(&plugins, "[].\n").context("cannot write the broker's list of plugins")?;

        let mut command = Command::new(program);
        command
            // nothing of the caller's: settings of another broker must not leak in
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", &home)
            .env(
                "RABBITMQ_NODENAME",
                format!("keylight{}@localhost", self.port),
            )
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", &config)
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", &plugins)
            .env("RABBITMQ_MNESIA_BASE", files.join("data"))
            .env("RABBITMQ_LOG_BASE", files.join("logs"))
            .env("RABBITMQ_PID_FILE", files.join("broker.pid"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", files.join("generated"))
            .env("RABBITMQ_FEATURE_FLAGS_FILE", files.join("feature_flags"))
            // two schedulers that do not spin: the machine is shared with the code under test
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                format!(
                    "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none {}",
                    self.extra
                ),
            )
            // with this the start script becomes the broker instead of waiting beside it: one process, one id
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .arg("-noinput")
            .current_dir(&files);
        let mut daemon = Daemon::start(
            command,
            account,
            &self.dir.join("rabbitmq.log"),
            &self.dir.join("rabbitmq.pid"),
        )?;
        let port = self.port;
        let ready = daemon.wait_ready(Duration::from_secs(120), || greets(port));
        if ready.is_err() {
            daemon.end(Signal::Kill);
        }
        ready.context("RabbitMQ did not start")?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// AMQP URL of the default virtual host.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// `host:port`, for a proxy in front of it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.daemon.as_ref().map(Daemon::pid)
    }

    /// The end of what the broker wrote about itself, to explain a failure.
    #[must_use]
    pub fn last_words(&self) -> String {
        let log = self
            .dir
            .join("rabbitmq/logs")
            .join(format!("keylight{}@localhost.log", self.port));
        format!(
            "{} || {}",
            last_lines(&log, 25),
            last_lines(&self.dir.join("rabbitmq.log"), 8)
        )
    }

    /// Ends it in good order.
    pub fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.end(Signal::Terminate);
        }
    }

    /// Kills it as a power cut would, once it would find its quorum queues again.
    ///
    /// RabbitMQ 3.10 keeps the list of its quorum queues in a file whose last entries it writes late. Killed before, it
    /// starts such a queue empty and without a leader: nothing is ever confirmed in it again. What we test is what happens
    /// to queues that were there for a while.
    pub fn kill(&mut self) {
        let deadline = Instant::now() + LISTED_WITHIN;
        while self.daemon.is_some() && !self.lists_its_queues() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        if let Some(mut daemon) = self.daemon.take() {
            daemon.end(Signal::Kill);
        }
    }

    /// Whether every quorum queue that has a folder stands in the list on disk.
    fn lists_its_queues(&self) -> bool {
        let node = format!("keylight{}@localhost", self.port);
        let folder = self
            .dir
            .join("rabbitmq/data")
            .join(&node)
            .join("quorum")
            .join(&node);
        let list = fs::read(folder.join("names.dets")).unwrap_or_default();
        let Ok(entries) = fs::read_dir(&folder) else {
            return true;
        };
        entries
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .all(|entry| {
                let name = entry.file_name();
                let name = name.as_encoded_bytes();
                list.windows(name.len()).any(|part| part == name)
            })
    }

    /// It keeps its connections but does nothing, until [`Server::thaw`].
    pub fn freeze(&self) {
        if let Some(daemon) = &self.daemon {
            daemon.signal(Signal::Freeze);
        }
    }

    /// Ends [`Server::freeze`].
    pub fn thaw(&self) {
        if let Some(daemon) = &self.daemon {
            daemon.signal(Signal::Thaw);
        }
    }
}

/// Whether the broker answers the AMQP greeting.
fn greets(port: u16) -> bool {
    let talk = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        // frame type 1 is a method: Connection.Start
        Ok(first[0] == 1)
    };
    talk().unwrap_or(false)
}

/// A broker for one test, gone with this value.
#[derive(Debug)]
pub struct Private {
    server: Option<Server>,
    // after the server: it takes away what is left
    _guard: Guard,
}

impl Private {
    /// A new broker of its own.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// [`Private::start`] with more arguments for the Erlang machine, such as `-rabbit consumer_timeout 1000`.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(extra: &'static str) -> Self {
        tokio::task::spawn_blocking(|| {
            let dir =
                crate::servers::quick_folder("rabbitmq").expect("a temporary folder can be made");
            let guard = Guard::over(&dir).expect("a shell is there");
            let server = Server::start_with(&dir, extra).expect("a private RabbitMQ starts");
            Self {
                server: Some(server),
                _guard: guard,
            }
        })
        .await
        .expect("starting the broker does not panic")
    }

    /// AMQP URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server().url()
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.server().address()
    }

    /// The end of what the broker wrote about itself, to explain a failure.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.server().last_words()
    }

    fn server(&self) -> &Server {
        self.server
            .as_ref()
            .expect("the server is only away while one of the methods below runs")
    }

    async fn blocking(&mut self, work: impl FnOnce(&mut Server) + Send + 'static) {
        let mut server = self
            .server
            .take()
            .expect("methods take &mut self, so no other one runs");
        self.server = Some(
            tokio::task::spawn_blocking(move || {
                work(&mut server);
                server
            })
            .await
            .expect("the work does not panic"),
        );
    }

    /// Kills it as a power cut would.
    pub async fn kill(&mut self) {
        self.blocking(Server::kill).await;
    }

    /// Ends it in good order.
    pub async fn stop(&mut self) {
        self.blocking(Server::stop).await;
    }

    /// Starts it again, on the same port and with the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn resume(&mut self) {
        self.blocking(|server| server.resume().expect("the broker starts again"))
            .await;
    }

    /// It keeps its connections but does nothing.
    pub async fn freeze(&mut self) {
        self.blocking(|server| server.freeze()).await;
    }

    /// Ends [`Private::freeze`].
    pub async fn thaw(&mut self) {
        self.blocking(|server| server.thaw()).await;
    }
}

/// The broker that all tests of this process share.
struct Shared {
    url: String,
    // both end with the process
    _own: Option<(Server, Guard)>,
}

/// URL of the broker that the tests of this process share. Keep apart from others by a prefix on names.
///
/// # Panics
/// When there is none and none can be started.
pub async fn broker_url() -> String {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    let shared = tokio::task::spawn_blocking(|| {
        SHARED.get_or_init(|| start_shared().map_err(|error| format!("{error:#}")))
    })
    .await
    .expect("starting the broker does not panic");
    match shared {
        Ok(shared) => shared.url.clone(),
        Err(error) => panic!("no RabbitMQ for tests: {error}"),
    }
}

fn start_shared() -> Result<Shared> {
    if let Ok(url) = std::env::var(TEST_URL) {
        return Ok(Shared { url, _own: None });
    }
    let dir = crate::servers::quick_folder("rabbitmq")?;
    let guard = Guard::over(&dir)?;
    let server = Server::start(&dir)?;
    Ok(Shared {
        url: server.url(),
        _own: Some((server, guard)),
    })
}
