//! One file of the spool: counting what is in it after a restart, and reading a part of it.

use super::record::{self, Next, Record};
use chrono::{DateTime, Utc};
use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
};

/// Bytes that are read at once.
const READ_SIZE: usize = 4 << 20;

pub(super) struct OneFile {
    pub path: PathBuf,
    /// Bytes that hold whole records.
    pub bytes: u64,
    pub records: u64,
}

/// Some records from the front of a queue, in order. They stay in it until [`super::queue::Queue::done`].
pub struct Front {
    pub(super) path: PathBuf,
    /// Each with the place behind it.
    pub(super) records: Vec<(Record, u64)>,
    /// The place behind what was read, damaged records among it.
    pub(super) end: u64,
    /// Whether that was all that the file held.
    pub(super) whole: bool,
}

impl Front {
    /// The records.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().map(|(record, _)| record)
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof
    )
}

/// Counts what a file of an earlier process holds, and tells when the first of it came.
pub(super) fn counted(path: PathBuf) -> io::Result<(OneFile, Option<DateTime<Utc>>)> {
    let bytes = fs::read(&path)?;
    let (mut at, mut records, mut damaged, mut oldest) = (0, 0, 0_u64, None);
    loop {
        match record::read(&bytes[at..]) {
            Next::Record(record, length) => {
                records += 1;
                oldest = oldest.or(Some(record.delivery.received_at));
                at += length;
            }
            Next::Damaged(length) => {
                damaged += 1;
                at += length;
            }
            Next::Torn => break,
        }
    }
    if damaged > 0 || at < bytes.len() {
        tracing::warn!(
            damaged,
            cut_bytes = bytes.len() - at,
            "a file of the spool is not whole: its end is cut off, as after a crash"
        );
        metrics::counter!("keylight_webhook_spool_damaged_total").increment(damaged);
    }
    let file = OneFile {
        path,
        bytes: at as u64,
        records,
    };
    Ok((file, oldest))
}

/// Reads up to `most` records that stand between two places of a file.
pub(super) fn read_part(path: PathBuf, from: u64, until: u64, most: usize) -> io::Result<Front> {
    let left = usize::try_from(until - from).unwrap_or(usize::MAX);
    let mut bytes = vec![0; left.min(READ_SIZE)];
    let mut file = File::open(&path)?;
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut bytes)?;
    let (mut at, mut records) = (0, Vec::new());
    let mut torn = false;
    while records.len() < most && at < bytes.len() {
        match record::read(&bytes[at..]) {
            Next::Record(record, length) => {
                at += length;
                records.push((record, from + at as u64));
            }
            Next::Damaged(length) => at += length,
            Next::Torn => {
                torn = true;
                break;
            }
        }
    }
    // in the middle of a file the part may end within a record; at its end, or without any record, nothing will come
    let whole = from + bytes.len() as u64 >= until;
    let hopeless = torn && (whole || (records.is_empty() && at == 0));
    let end = if hopeless { until } else { from + at as u64 };
    Ok(Front {
        path,
        records,
        end,
        whole: whole || hopeless,
    })
}
