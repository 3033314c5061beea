//! The folder that keeps everything between two starts. One process at a time may use it.

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// File whose lock says that the folder is in use. The lock goes with the process, however it ends.
const LOCK: &str = "keylight.lock";
/// How often a folder in use is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// A data folder that is ours as long as this value lives.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes the folder, which is created if need be. The lock of a killed process may take a moment to go: waits for
    /// `patience` before the folder counts as in use.
    ///
    /// # Errors
    /// One sentence when another process uses it, or when it cannot be created.
    pub(crate) async fn open(path: &Path, patience: Duration) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| {
                format!(
                    "cannot create the data folder {}: set KEYLIGHT_DATA_DIR to another folder",
                    path.display()
                )
            })?;
        let path = path
            .canonicalize()
            .with_context(|| format!("cannot find the data folder {}", path.display()))?;
        let file = path.join(LOCK);
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .with_context(|| {
                format!(
                    "cannot write to the data folder {}: set KEYLIGHT_DATA_DIR to another folder",
                    path.display()
                )
            })?;
        let deadline = Instant::now() + patience;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = lock.read_to_string(&mut holder);
                    let holder = holder.trim();
                    let by = if holder.is_empty() {
                        String::new()
                    } else {
                        format!(" (process {holder})")
                    };
                    anyhow::bail!(
                        "the data folder {} is in use by another Keylight{by}: stop that one or set KEYLIGHT_DATA_DIR to another folder",
                        path.display()
                    );
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", file.display()));
                }
            }
        }
        lock.rewind()?;
        lock.set_len(0)?;
        writeln!(lock, "{}", std::process::id())?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is, as an absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The process that holds the folder now, if one does.
pub(crate) fn holder(folder: &Path) -> Option<u32> {
    let mut lock = File::open(folder.join(LOCK)).ok()?;
    // shared, so that two that look do not see each other
    if lock.try_lock_shared().is_ok() {
        return None;
    }
    let mut holder = String::new();
    lock.read_to_string(&mut holder).ok()?;
    holder.trim().parse().ok()
}

/// Writes a file that only the owner may read. It is written beside and renamed, so that a crash leaves the whole text or
/// what was there before.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_private(file: &Path, text: &SecretString) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut out = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    // `mode` is only for a file that did not exist
    out.set_permissions(fs::Permissions::from_mode(0o600))?;
    writeln!(out, "{}", text.expose_secret())?;
    out.sync_all()?;
    fs::rename(beside, file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_process_at_a_time_and_free_again_afterwards() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new/data");
        let first = DataFolder::open(&path, Duration::ZERO).await.unwrap();
        let error = DataFolder::open(&path, Duration::ZERO)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("in use") && error.contains("KEYLIGHT_DATA_DIR"),
            "{error}"
        );
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert_eq!(error.lines().count(), 1);
        drop(first);
        DataFolder::open(&path, Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn waits_for_a_lock_that_is_about_to_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path(), Duration::ZERO)
            .await
            .unwrap();
        let second = DataFolder::open(folder.path(), Duration::from_secs(30));
        let release = async {
            sleep(Duration::from_millis(150)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(second, release);
        second.unwrap();
    }
}
