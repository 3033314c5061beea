//! Deliveries on disk for the time when the database is away.
//!
//! A delivery that cannot be stored in the database is written to a file and synced before ClickUp gets its 200; when the
//! database is back it goes into the ledger as if it had come a moment ago. While anything waits here, what comes later
//! waits behind it, so one process never lets a delivery overtake another. Nothing depends on that: a delivery is a hint
//! that wakes the worker for a task, and the worker goes by what it reads at ClickUp, not by the order of hints. So
//! several gateways with a folder each need not agree either.
//!
//! | folder | holds | who empties it |
//! |---|---|---|
//! | `signed` | deliveries whose signature was right | [`drain`], into the ledger |
//! | `unchecked` | deliveries that came before this process had read any secret | [`unchecked`], which checks them first |
//! | `refused` | what the database refuses although it takes others: a defect | a person |
//!
//! **Why `unchecked`.** A process that starts while the database is away has no secrets, and clickup-sync, which knows
//! them, mostly needs the same database. Answering 503 for that long would lose events (ClickUp tries five times). So such
//! deliveries are kept unread with their signature and judged later; a forged one is dropped then, without effect. They
//! have a folder and a share of the space of their own: strangers cannot crowd out what is signed, nor hold it up.
//!
//! - [`record`]: one delivery as bytes, with length and checksum
//! - [`queue`]: the files of one folder: append and sync, read on, remove what is done; [`file`](self::file): one of them
//! - [`drain`] and [`unchecked`]: emptying them
//!
//! Files hold bodies as they came, which is personal data: they can be read by the owner alone and are removed when all in
//! them is stored. Draining may repeat a delivery after a crash; the ledger recognises it.

pub mod drain;
pub mod file;
pub mod queue;
pub mod record;
pub mod unchecked;

use anyhow::Context as _;
use queue::Queue;
use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// File whose lock says that the folder is in use. The lock goes with the process, however it ends.
const LOCK: &str = "spool.lock";
/// How long a predecessor that is just ending may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is not checked gets at most this part of the space.
const UNCHECKED_SHARE: u64 = 4;

/// Where the spool is and how large it may get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Its folder; one process at a time may use it.
    pub folder: PathBuf,
    /// Bytes on disk at the most, everything together.
    pub bytes: u64,
}

/// The spool of this process.
pub struct Spool {
    /// Signed deliveries that wait for the database.
    pub signed: Arc<Queue>,
    /// Deliveries that wait for somebody who knows the secret.
    pub unchecked: Arc<Queue>,
    /// Deliveries that the database refuses.
    pub refused: Arc<Queue>,
    _lock: File,
}

impl Spool {
    /// Opens the folder, with what an earlier process left in it. Blocks.
    ///
    /// # Errors
    /// When it cannot be used, or another process uses it.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let folder = &config.folder;
        let advice = || {
            format!(
                "cannot use {} for deliveries: set KEYLIGHT_WEBHOOK_SPOOL_DIR to a folder that this process may write to",
                folder.display()
            )
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(advice)?;
        let lock = lock(folder)?;
        let part = config.bytes / UNCHECKED_SHARE;
        let open = |name: &'static str, bytes: u64| {
            Queue::open(name, folder.join(name), bytes)
                .map(Arc::new)
                .with_context(advice)
        };
        Ok(Self {
            signed: open("signed", config.bytes - 2 * part)?,
            unchecked: open("unchecked", part)?,
            refused: open("refused", part)?,
            _lock: lock,
        })
    }

    /// Every queue.
    #[must_use]
    pub fn queues(&self) -> [&Arc<Queue>; 3] {
        [&self.signed, &self.unchecked, &self.refused]
    }
}

fn lock(folder: &Path) -> anyhow::Result<File> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK))
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(TryLockError::WouldBlock) => anyhow::bail!(
                "another process uses {}: give each gateway a folder of its own with KEYLIGHT_WEBHOOK_SPOOL_DIR",
                folder.display()
            ),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", folder.display()));
            }
        }
    }
}
