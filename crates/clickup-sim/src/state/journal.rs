//! The state file: one JSON record per line, appended before a write is answered.
//!
//! A process that is killed leaves at most a torn last line, which the reader drops. The file is
//! rewritten (to a new file, then renamed) at start, at a clean stop, and when most of its lines
//! are out of date.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::workspace::Workspace;
use crate::attachments::Attachment;
use crate::ids::Ids;
use crate::tasks::model::{Activity, Comment, Task};
use crate::webhooks::Webhook;

/// What a line says, as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Ids(Ids),
    Counter(u64),
    Workspace(Box<Workspace>),
    Webhooks(Vec<Webhook>),
    Task(Box<Task>),
    Gone(String),
    Comment(Box<Comment>),
    CommentGone { task: u64, id: u64 },
    Activity { task: u64, entry: Activity },
    Upload(Box<Attachment>),
    File { id: String, base64: String },
}

/// The same, as it is written: borrowed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    Ids(&'a Ids),
    Counter(u64),
    Workspace(&'a Workspace),
    Webhooks(&'a [Webhook]),
    Task(&'a Task),
    Gone(&'a str),
    Comment(&'a Comment),
    CommentGone { task: u64, id: u64 },
    Activity { task: u64, entry: &'a Activity },
    Upload(&'a Attachment),
    File { id: String, base64: String },
}

/// An open state file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    pending: Vec<u8>,
    /// Lines added since the file was written anew.
    added: u64,
    failed: bool,
}

impl Journal {
    /// Reads the records of a state file; none when there is no file yet.
    ///
    /// # Errors
    /// The file cannot be read, or a line in its middle is not a record of ours.
    pub(crate) fn read(path: &Path, mut take: impl FnMut(Record)) -> io::Result<()> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut broken: Option<serde_json::Error> = None;
        for line in BufReader::new(file).split(b'\n') {
            let line = line?;
            if line.is_empty() {
                continue;
            }
            // Only the last line can be torn, so a broken one with a successor is foreign.
            if let Some(error) = broken {
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            match serde_json::from_slice(&line) {
                Ok(record) => take(record),
                Err(error) => broken = Some(error),
            }
        }
        Ok(())
    }

    /// Writes all of the state to a new file and puts it in the place of the old one.
    ///
    /// # Errors
    /// The folder is missing or not writable, or the disk is full.
    pub(crate) fn rewrite<'a>(
        path: &Path,
        lines: impl Iterator<Item = Line<'a>>,
    ) -> io::Result<Self> {
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        // Webhook secrets stand in the file.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = BufWriter::new(options.open(&fresh)?);
        for line in lines {
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        out.get_ref().sync_all()?;
        drop(out);
        std::fs::rename(&fresh, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: OpenOptions::new().append(true).open(path)?,
            pending: Vec::new(),
            added: 0,
            failed: false,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line to the next [`Journal::flush`].
    pub(crate) fn note(&mut self, line: &Line<'_>) {
        match serde_json::to_writer(&mut self.pending, line) {
            Ok(()) => {
                self.pending.push(b'\n');
                self.added += 1;
            }
            Err(error) => tracing::error!(%error, "state record not written"),
        }
    }

    /// Hands the noted lines to the operating system; from here on a kill does not lose them.
    pub(crate) fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        if let Err(error) = self.file.write_all(&self.pending)
            && !self.failed
        {
            self.failed = true;
            tracing::error!(%error, "state file not written, changes will be lost at exit");
        }
        self.pending.clear();
    }

    /// Whether most lines are likely out of date. A task that is made takes a few lines.
    pub(crate) fn is_mostly_stale(&self, tasks: u64) -> bool {
        self.added > 20_000 + tasks.saturating_mul(4)
    }
}
