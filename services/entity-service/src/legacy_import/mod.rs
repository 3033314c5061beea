//! Takes over the predecessor's database: every row, with its id, its times and every value as it was.
//!
//! - [`tables`]: the three tables, and where their columns go
//! - `source`: the predecessor's database as it is found, in one read-only snapshot
//! - `survey`: what must be known of all rows before the first is judged
//! - `judge` and [`rule`]: what is to be said about a row, pure; nothing is repaired silently
//! - `take`: one chunk of rows in one transaction, with what it leads to elsewhere
//! - `wake`: the wish for ClickUp tasks
//! - [`compare`]: digests of every column, computed by both servers
//! - [`report`]: the report file
//! - [`run`]: a whole run
//!
//! A run never relies on where an earlier one stopped. It reads the whole source in one snapshot and compares each row with
//! the digest that stands beside ours in `entity.legacy_rows`: equal ones are passed over, new ones are added, changed
//! ones are taken over while nobody has touched ours. So a run after a crash and a run that brings what happened in the
//! meantime are the same thing, and what stands here at the end of a run is one state of the source.

pub mod compare;
mod judge;
mod moment;
pub mod report;
pub mod rule;
pub mod run;
mod source;
mod survey;
pub mod tables;
mod take;
mod told;
mod wake;

use keylight_store::StoreError;

/// Who imports, in audit log and events.
pub const ACTOR: &str = "import";

/// Why an import ended before its end. What was committed until then stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Something that only a person can put right; in words for them.
    #[error("{0}")]
    Refused(String),
    /// The predecessor's database failed.
    #[error("the predecessor's database cannot be read: {0}")]
    Source(String),
    /// Our database failed.
    #[error("our database cannot be written")]
    Target(#[from] StoreError),
    /// The report could not be written.
    #[error("the report cannot be written")]
    Report(#[from] std::io::Error),
}

impl ImportError {
    pub(crate) fn source(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error {
            // the message of these names role and database, never a row
            let code = database.code().unwrap_or_default();
            if code.starts_with("28") || code.starts_with("3D") || code == "42501" {
                return Self::Source(database.message().to_owned());
            }
        }
        Self::Source(StoreError::from(error).to_string())
    }

    pub(crate) fn target(error: sqlx::Error) -> Self {
        Self::Target(error.into())
    }
}

/// An address as applications are compared by it: trimmed as the intake website trims, in small letters.
fn fold(address: &str) -> String {
    keylight_domain::intake::trim(address).to_lowercase()
}
