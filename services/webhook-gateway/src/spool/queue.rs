//! The files of one folder, as a queue: records are appended at the end and read at the front.
//!
//! Records are only ever appended, to a new file per process and per [`FILE_SIZE`] bytes; a file is removed when every
//! record in it is done. What a crash left half written at the end of a file is not read, and goes with it. After a crash
//! the oldest file is read again from its beginning, so some of its records may come twice.
//!
//! Functions that touch files block: call them where that is allowed.

use super::{
    file::{Front, OneFile, counted, is_gone, read_part},
    record,
};
use crate::deliveries::delivery::Delivery;
use chrono::{DateTime, Utc};
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;
use uuid::Uuid;

/// A file of this size is not appended to any more.
pub const FILE_SIZE: u64 = 8 << 20;
/// Ending of the files.
const ENDING: &str = "spool";

/// Deliveries on disk.
pub struct Queue {
    name: &'static str,
    folder: PathBuf,
    limit: u64,
    /// The newest file, while it may be appended to. Locked before `files`, never after.
    newest: Mutex<Option<File>>,
    files: Mutex<Files>,
    waiting: AtomicU64,
    filled: Notify,
}

/// What is on disk, oldest first.
#[derive(Default)]
struct Files {
    list: VecDeque<OneFile>,
    /// Bytes of the oldest file that are done.
    done: u64,
    /// When the oldest record came.
    oldest: Option<DateTime<Utc>>,
}

impl Queue {
    /// Opens the folder, which is made if need be, and counts what is in it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn open(name: &'static str, folder: PathBuf, limit: u64) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        let mut paths: Vec<PathBuf> = fs::read_dir(&folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
        // see `add_file`
        paths.sort();
        let (mut files, mut waiting) = (Files::default(), 0);
        for path in paths {
            let (file, oldest) = counted(path)?;
            if file.records == 0 {
                fs::remove_file(&file.path)?;
                continue;
            }
            files.oldest = files.oldest.or(oldest);
            waiting += file.records;
            files.list.push_back(file);
        }
        if waiting > 0 {
            tracing::info!(
                spool = name,
                deliveries = waiting,
                "deliveries of an earlier process wait in the spool"
            );
        }
        Ok(Self {
            name,
            folder,
            limit,
            newest: Mutex::default(),
            files: Mutex::new(files),
            waiting: AtomicU64::new(waiting),
            filled: Notify::new(),
        })
    }

    /// Its name in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Records that wait.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Acquire)
    }

    /// Returns when there is something to read.
    pub async fn filled(&self) {
        while self.waiting() == 0 {
            self.filled.notified().await;
        }
    }

    /// Bytes on disk, and when the oldest record came.
    #[must_use]
    pub fn extent(&self) -> (u64, Option<DateTime<Utc>>) {
        let files = self.files();
        let bytes = files.list.iter().map(|file| file.bytes).sum();
        (bytes, files.oldest)
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends deliveries, each with its signature if that was not checked, and syncs once for all. Tells of each whether
    /// there was room for it. Blocks.
    ///
    /// # Errors
    /// When nothing is certain to be on disk.
    pub fn append<'a>(
        &self,
        deliveries: impl IntoIterator<Item = (&'a Delivery, Option<&'a str>)>,
    ) -> io::Result<Vec<bool>> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = self.limit.saturating_sub(self.extent().0);
        let (mut bytes, mut admitted, mut first) = (Vec::new(), Vec::new(), None);
        for (delivery, signature) in deliveries {
            let before = bytes.len();
            record::write(&mut bytes, delivery, signature);
            let length = (bytes.len() - before) as u64;
            admitted.push(length <= room);
            if length <= room {
                room -= length;
                first = first.or(Some((delivery.id, delivery.received_at)));
            } else {
                bytes.truncate(before);
            }
        }
        let Some((id, received_at)) = first else {
            return Ok(admitted);
        };
        let file = match newest.take() {
            Some(file) => file,
            None => self.add_file(id)?,
        };
        // on an error the file stays out of `newest`: what follows goes to another one
        write_and_sync(&file, &bytes)?;
        let mut files = self.files();
        let last = files
            .list
            .back_mut()
            .expect("a file stays in the list while it is appended to");
        let new = admitted.iter().filter(|admitted| **admitted).count() as u64;
        last.bytes += bytes.len() as u64;
        last.records += new;
        if last.bytes < FILE_SIZE {
            *newest = Some(file);
        }
        files.oldest = files.oldest.or(Some(received_at));
        self.waiting.fetch_add(new, Ordering::AcqRel);
        drop(files);
        self.filled.notify_one();
        Ok(admitted)
    }

    /// A new last file, for records of which the first has this id.
    fn add_file(&self, first: Uuid) -> io::Result<File> {
        let mut number = 0;
        let (path, file) = loop {
            // ids begin with the time: sorted by name is sorted by time, also among processes that follow one another
            let path = self.folder.join(format!("{first}-{number:03}.{ENDING}"));
            let opened = File::options()
                .append(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            match opened {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 999 => {
                    number += 1;
                }
                opened => break (path, opened?),
            }
        };
        // the name must be as durable as what will stand in the file
        File::open(&self.folder)?.sync_all()?;
        self.files().list.push_back(OneFile {
            path,
            bytes: 0,
            records: 0,
        });
        Ok(file)
    }

    /// Up to `most` records from the front; none when the queue is empty. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self, most: usize) -> io::Result<Option<Front>> {
        loop {
            let (path, from, until) = {
                let files = self.files();
                let Some(file) = files.list.front() else {
                    return Ok(None);
                };
                (file.path.clone(), files.done, file.bytes)
            };
            if from < until {
                let front = match read_part(path, from, until, most) {
                    Ok(front) => front,
                    Err(error) if is_gone(&error) => {
                        tracing::error!(
                            spool = self.name,
                            "a file of the spool was removed or cut by somebody else"
                        );
                        self.files().done = until;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if let Some((first, _)) = front.records.first() {
                    self.files().oldest = Some(first.delivery.received_at);
                    return Ok(Some(front));
                }
                // nothing in it can be read
                self.done(&front, 0)?;
            } else if !self.remove_front(&path)? {
                return Ok(None);
            }
        }
    }

    /// The first `number` records of `front` are done. Removes the file when it has no more. Blocks.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn done(&self, front: &Front, number: usize) -> io::Result<()> {
        let all = number >= front.records.len();
        let place = if all {
            Some(front.end)
        } else {
            number
                .checked_sub(1)
                .and_then(|last| front.records.get(last))
                .map(|(_, place)| *place)
        };
        {
            let mut files = self.files();
            let (Some(place), Some(file)) = (place, files.list.front()) else {
                return Ok(());
            };
            if file.path != front.path {
                return Ok(());
            }
            files.done = place;
            let finished = number.min(front.records.len()) as u64;
            let file = files.list.front_mut().expect("looked at above");
            // records that turned out to be damaged count to the end of the file
            let gone = if front.whole && all && place >= file.bytes {
                file.records
            } else {
                finished.min(file.records)
            };
            file.records -= gone;
            self.waiting.fetch_sub(gone, Ordering::AcqRel);
            if place < file.bytes {
                return Ok(());
            }
        }
        self.remove_front(&front.path)?;
        Ok(())
    }

    /// Removes the file at the front if all in it is done and nothing is being appended to it.
    fn remove_front(&self, path: &Path) -> io::Result<bool> {
        // whoever holds this is appending, and will say so
        let Ok(mut newest) = self.newest.try_lock() else {
            return Ok(false);
        };
        let mut files = self.files();
        let finished = files
            .list
            .front()
            .is_some_and(|file| file.path == path && files.done >= file.bytes);
        if !finished {
            return Ok(true);
        }
        if files.list.len() == 1 {
            *newest = None;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let left = files.list.pop_front().map_or(0, |file| file.records);
        self.waiting.fetch_sub(left, Ordering::AcqRel);
        files.done = 0;
        if files.list.is_empty() {
            files.oldest = None;
        }
        Ok(true)
    }
}

fn write_and_sync(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_data()
}
