//! The real program with database and broker stopped, killed in the middle of it: nothing that was answered is lost, and
//! nothing forged gets in.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use keylight_clickup::signature;
use keylight_contracts::events;
use keylight_messaging::{
    MessageBus as _,
    rabbitmq::{RabbitBus, RabbitOptions},
    topology,
};
use keylight_runtime::lifecycle::Lifecycle;
use keylight_store::sealed;
use keylight_testkit::{
    free_port,
    guard::Guard,
    postgres::{Durability, Server},
    rabbit,
    servers::temporary_folder,
    wait::wait_until,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Connection as _, PgConnection};
use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use support::{LONG, SECRET, Told, nowhere, serve_sync, status_change};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Senders at the same time.
const SENDERS: usize = 24;
/// Between two deliveries of a sender: as much as a machine can take would only make the test long.
const PAUSE: Duration = Duration::from_millis(20);
/// One delivery in so many is forged.
const FORGED: usize = 10;

/// The gateway as a process. Killed when dropped.
struct Program {
    settings: Vec<(&'static str, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    fn setting(&self, name: &str) -> &str {
        let found = self.settings.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }

    fn start(&mut self, sync: &str) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_webhook-gateway"))
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .env("KEYLIGHT_SYNC_URL", sync)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// As the out-of-memory killer does.
    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    async fn ready(&self) {
        let admin = self.setting("KEYLIGHT_ADMIN_ADDR");
        wait_until("the gateway is ready", LONG, || async {
            let request = "GET /ready HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            match exchange(&mut None, admin, request.as_bytes()).await {
                Ok(200) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

/// One request on a connection that is kept; the status of its answer.
async fn exchange(
    connection: &mut Option<TcpStream>,
    address: &str,
    request: &[u8],
) -> std::io::Result<u16> {
    let stream = match connection {
        Some(stream) => stream,
        None => connection.insert(TcpStream::connect(address).await?),
    };
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    loop {
        let mut part = [0; 1024];
        let length = stream.read(&mut part).await?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Ok(head[9..12].parse().unwrap());
            }
        }
    }
}

/// Senders that go on until they are told to stop, and what became of what they sent.
struct Senders {
    tasks: JoinSet<()>,
    going: Arc<AtomicBool>,
    sent: Arc<Sent>,
}

#[derive(Default)]
struct Sent {
    next: AtomicUsize,
    /// Tasks whose delivery was signed and answered with 200.
    taken: Mutex<BTreeSet<String>>,
    /// Answers to forged deliveries with 200: kept to be judged later.
    forged_kept: AtomicUsize,
    /// Other answers than 200 and 403.
    turned_away: AtomicUsize,
    slowest: Mutex<Duration>,
}

impl Senders {
    fn start(address: &str, sent: Arc<Sent>) -> Self {
        let (mut tasks, going) = (JoinSet::new(), Arc::new(AtomicBool::new(true)));
        for _ in 0..SENDERS {
            let (address, going, sent) = (address.to_owned(), going.clone(), sent.clone());
            tasks.spawn(async move {
                let mut connection = None;
                while going.load(Ordering::Relaxed) {
                    if sent.one(&mut connection, &address).await.is_err() {
                        // killed: ClickUp would repeat it, this sender gives it up
                        connection = None;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Self { tasks, going, sent }
    }

    /// Waits until `number` more were taken.
    async fn until_taken(&self, number: usize) {
        let wanted = self.sent.taken.lock().unwrap().len() + number;
        wait_until("deliveries are taken", LONG, || async {
            let taken = self.sent.taken.lock().unwrap().len();
            if taken >= wanted {
                Ok(())
            } else {
                Err(format!("{taken} of {wanted}"))
            }
        })
        .await;
    }

    async fn stop(mut self) {
        self.going.store(false, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

impl Sent {
    async fn one(&self, connection: &mut Option<TcpStream>, address: &str) -> std::io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let forged = number.is_multiple_of(FORGED);
        let task = format!("{}{number}", if forged { "forged" } else { "t" });
        let body = status_change("taskUpdated", &task, &number.to_string());
        let secret = if forged { "guessed" } else { SECRET };
        let signature = signature::sign(secret.as_bytes(), body.as_bytes());
        let request = format!(
            "POST /webhooks/clickup/intake HTTP/1.1\r\nhost: x\r\nx-signature: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = Instant::now();
        let status = exchange(connection, address, request.as_bytes()).await?;
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = slowest.max(began.elapsed());
        match (status, forged) {
            (200, false) => {
                self.taken.lock().unwrap().insert(task);
            }
            (200, true) => {
                self.forged_kept.fetch_add(1, Ordering::Relaxed);
            }
            (403, true) => {}
            _ => {
                self.turned_away.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Files of the spool.
fn files(spool: &Path) -> usize {
    ["signed", "unchecked", "refused"]
        .iter()
        .filter_map(|queue| std::fs::read_dir(spool.join(queue)).ok())
        .map(Iterator::count)
        .sum()
}

async fn tasks_of(database: &str) -> Result<BTreeSet<String>, String> {
    let read = async {
        let mut connection = PgConnection::connect(database).await?;
        sqlx::query_scalar::<_, String>(
            "SELECT object_id FROM webhook.deliveries WHERE object_id IS NOT NULL",
        )
        .fetch_all(&mut connection)
        .await
    };
    let tasks = read.await.map_err(|error| error.to_string())?;
    Ok(tasks.into_iter().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn answered_with_database_and_broker_stopped_and_killed_meanwhile() {
    let folder = temporary_folder("gateway").unwrap();
    let _guard = Guard::over(&folder).unwrap();
    let starting = folder.clone();
    let mut postgres =
        tokio::task::spawn_blocking(move || Server::start(&starting, Durability::Process))
            .await
            .unwrap()
            .unwrap();
    let mut broker = rabbit::Private::start().await;
    let told = Arc::new(Told::default());
    told.set("intake", &[SECRET]);
    let lifecycle = Lifecycle::new();
    let sync = serve_sync(told, &lifecycle).await;
    let address = |port: u16| format!("127.0.0.1:{port}");
    let (database, spool) = (postgres.url("postgres"), folder.join("spool"));
    let mut program = Program {
        settings: vec![
            ("DATABASE_URL", database.clone()),
            ("AMQP_URL", broker.url()),
            (
                "KEYLIGHT_SERVICE_TOKEN",
                "a-token-for-tests-only".to_owned(),
            ),
            (
                "KEYLIGHT_SEAL_KEYS",
                sealed::new_key("test").expose_secret().to_owned(),
            ),
            ("KEYLIGHT_WEBHOOK_ADDR", address(free_port())),
            ("KEYLIGHT_GATEWAY_GRPC_ADDR", address(free_port())),
            ("KEYLIGHT_ADMIN_ADDR", address(free_port())),
            ("KEYLIGHT_WEBHOOK_SPOOL_DIR", spool.display().to_string()),
        ],
        log: folder.join("gateway.log"),
        child: None,
    };
    let door = program.setting("KEYLIGHT_WEBHOOK_ADDR").to_owned();
    let sent = Arc::new(Sent::default());

    program.start(&sync);
    program.ready().await;
    let senders = Senders::start(&door, sent.clone());
    senders.until_taken(200).await;

    // database and broker go away under load
    postgres = tokio::task::spawn_blocking(move || {
        postgres.kill();
        postgres
    })
    .await
    .unwrap();
    broker.kill().await;
    senders.until_taken(2000).await;
    let slowest = *sent.slowest.lock().unwrap();
    assert!(
        slowest < Duration::from_secs(7),
        "clickup would not have waited {slowest:?}"
    );
    assert_eq!(sent.turned_away.load(Ordering::Relaxed), 0);
    assert_eq!(
        sent.forged_kept.load(Ordering::Relaxed),
        0,
        "checked with the secrets in memory"
    );
    assert!(files(&spool) > 0);

    // killed under load, and started again without a database: told the secret the first time, and by nobody the second
    for sync in [&sync, &nowhere()] {
        program.kill();
        program.start(sync);
        program.ready().await;
        senders.until_taken(500).await;
    }
    assert!(
        sent.forged_kept.load(Ordering::Relaxed) > 0,
        "nobody could tell them apart"
    );
    program.kill();
    senders.stop().await;
    let taken = sent.taken.lock().unwrap().clone();
    assert!(taken.len() >= 3200);

    // it starts before the database does
    program.start(&nowhere());
    program.ready().await;
    let _postgres = tokio::task::spawn_blocking(move || {
        postgres.resume().unwrap();
        postgres
    })
    .await
    .unwrap();
    let patience = 3 * LONG;
    wait_until(
        "all that was answered is in the ledger",
        patience,
        || async {
            let tasks = tasks_of(&database).await?;
            // looking is work for the database as well
            tokio::time::sleep(10 * PAUSE).await;
            match taken.difference(&tasks).count() {
                0 if files(&spool) == 0 => Ok(()),
                0 => Err("the spool is not empty".to_owned()),
                missing => Err(format!("{missing} of {} missing", taken.len())),
            }
        },
    )
    .await;
    let tasks = tasks_of(&database).await.unwrap();
    let forged = tasks.iter().filter(|task| task.starts_with("forged"));
    assert_eq!(forged.count(), 0, "forged ones have no effect");

    broker.resume().await;
    let told = hints(&broker.url(), &taken).await;
    assert!(told.iter().all(|task| task.starts_with('t')), "{told:?}");
    println!(
        "{} deliveries taken, {} of them without database and broker, {} forged ones kept and dropped, slowest answer {} ms",
        taken.len(),
        taken.len() - 200,
        sent.forged_kept.load(Ordering::Relaxed),
        slowest.as_millis()
    );
}

/// Tasks that hints on the broker tell of, at least those `wanted`.
async fn hints(url: &str, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let bus = RabbitBus::connect(
        &SecretString::from(url),
        RabbitOptions::default(),
        &CancellationToken::new(),
    )
    .unwrap();
    let mut subscription = bus.subscribe(&topology::HINTS).await.unwrap();
    let mut told = BTreeSet::new();
    while !wanted.is_subset(&told) {
        let deliveries = tokio::time::timeout(LONG, subscription.next_batch(100))
            .await
            .expect("hints come");
        for delivery in deliveries {
            let message = &delivery.message;
            let hints = events::decode(&message.content_type, &message.payload).unwrap();
            told.extend(
                hints
                    .iter()
                    .map(|hint| hint.subject.trim_start_matches("task/").to_owned()),
            );
            delivery.ack().await;
        }
    }
    told
}
