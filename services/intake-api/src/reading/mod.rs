//! Questions to the entity service that many ask at the same time.
//!
//! HTTP and gRPC cost more than a row that is read by its key, and counts are asked for beside every list. So of the
//! questions that come while one like them is under way, many share the next call; an answer is never older than its
//! question. See [`gate`] for the rules, and `docs/adr/0016-shared-reads.md` for why.

mod gate;
mod kinds;

use gate::{Gate, Limits};
use keylight_contracts::v1;
use keylight_domain::{error::DomainError, submissions::SUBMISSION_NOT_FOUND};
use keylight_rpc::{client::Channel, status::status_of};
use kinds::{ById, Counts, Lists};
use std::sync::Arc;
use tonic::Status;

/// Most questions that wait for their turn, of each kind.
const MOST_WAITING: usize = 4096;
/// The entity service takes so many ids at once.
const MOST_IDS: usize = 100;

/// Where questions are asked.
pub(crate) struct Reads {
    by_id: Gate<ById>,
    counts: Gate<Counts>,
    lists: Gate<Lists>,
}

impl Reads {
    pub(crate) fn new(entity: &Channel) -> Self {
        let same = Limits {
            calls: 1,
            together: MOST_WAITING,
            waiting: MOST_WAITING,
        };
        // a slow one holds up only half of those who come after it
        let different = Limits {
            calls: 2,
            together: MOST_IDS,
            waiting: MOST_WAITING,
        };
        Self {
            by_id: Gate::new(ById(entity.clone()), different),
            counts: Gate::new(Counts(entity.clone()), same),
            lists: Gate::new(Lists(entity.clone()), same),
        }
    }

    /// The submission with this id, unless it was deleted.
    pub(crate) async fn submission(&self, id: i64) -> Result<v1::Submission, Status> {
        let found = self.by_id.ask((), id).await?;
        found.ok_or_else(|| status_of(&DomainError::not_found(SUBMISSION_NOT_FOUND)))
    }

    /// The counts of all submissions.
    pub(crate) async fn counts(&self) -> Result<v1::SubmissionStatsReply, Status> {
        self.counts.ask((), ()).await
    }

    /// A part of the list.
    pub(crate) async fn list(
        &self,
        request: v1::ListSubmissionsRequest,
    ) -> Result<Arc<v1::SubmissionPage>, Status> {
        self.lists.ask(request, ()).await
    }
}
