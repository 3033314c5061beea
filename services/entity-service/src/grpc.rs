//! The door: takes calls in, hands them to the operation, answers.

mod calls;
mod changes;
mod questions;

use crate::{
    app::Migrated,
    submissions::{create::Keyed, gatherer::Gatherer},
};
use keylight_contracts::v1::{self, entity_service_server::EntityService};
use keylight_domain::{error::DomainError, submissions::Duplicates};
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use keylight_store::outbox::Outbox;
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

/// Answers the calls of `EntityService`.
pub struct Door {
    /// Connections to the schema `entity`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Where new applications go.
    pub gatherer: Gatherer,
    /// Where those go that may come twice.
    pub keyed: Keyed,
    /// This process's end of the outbox.
    pub outbox: Outbox,
    /// Rung after a change: counts and documents want to follow.
    pub bell: Arc<Notify>,
    /// What happens when a known address applies again.
    pub duplicates: Duplicates,
    /// Whether the schema is there.
    pub(crate) migrated: Migrated,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, DomainError>) -> Answer<T> {
    result.map(Response::new).map_err(|error| status_of(&error))
}

impl Door {
    /// Refuses calls that come before the schema is there.
    fn open(&self) -> Result<(), Status> {
        if self.migrated.is_done() {
            return Ok(());
        }
        Err(status_of(&DomainError {
            cause: None,
            ..DomainError::unavailable("")
        }))
    }
}

#[tonic::async_trait]
impl EntityService for Door {
    async fn create_submission(
        &self,
        request: Request<v1::CreateSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        let done = self.create(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn get_submission(
        &self,
        request: Request<v1::GetSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        answer(self.get(request.into_inner()).await)
    }

    async fn get_submissions(
        &self,
        request: Request<v1::GetSubmissionsRequest>,
    ) -> Answer<v1::SubmissionList> {
        self.open()?;
        answer(self.get_several(&request.into_inner().ids).await)
    }

    async fn list_submissions(
        &self,
        request: Request<v1::ListSubmissionsRequest>,
    ) -> Answer<v1::SubmissionPage> {
        self.open()?;
        answer(self.list(request.into_inner()).await)
    }

    async fn search_submissions(
        &self,
        request: Request<v1::SearchSubmissionsRequest>,
    ) -> Answer<v1::SubmissionPage> {
        self.open()?;
        answer(self.search(request.into_inner()).await)
    }

    async fn recent_submissions(
        &self,
        request: Request<v1::RecentSubmissionsRequest>,
    ) -> Answer<v1::SubmissionList> {
        self.open()?;
        answer(self.recent(request.into_inner()).await)
    }

    async fn submission_stats(
        &self,
        request: Request<v1::SubmissionStatsRequest>,
    ) -> Answer<v1::SubmissionStatsReply> {
        self.open()?;
        answer(self.stats(request.into_inner()).await)
    }

    async fn update_submission_status(
        &self,
        request: Request<v1::UpdateSubmissionStatusRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        let done = self.change(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn delete_submission(
        &self,
        request: Request<v1::DeleteSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        let done = self.delete(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn restore_submission(
        &self,
        request: Request<v1::RestoreSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        let done = self.restore(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn bulk_change(
        &self,
        request: Request<v1::BulkChangeRequest>,
    ) -> Answer<v1::BulkChangeReply> {
        self.open()?;
        let done = self.bulk(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn quarantine(
        &self,
        request: Request<v1::QuarantineRequest>,
    ) -> Answer<v1::QuarantinedApplication> {
        self.open()?;
        answer(self.put_aside(request.into_inner()).await)
    }

    async fn list_quarantine(
        &self,
        request: Request<v1::ListQuarantineRequest>,
    ) -> Answer<v1::QuarantinePage> {
        self.open()?;
        answer(self.quarantined(request.into_inner()).await)
    }

    async fn settle_quarantine(
        &self,
        request: Request<v1::SettleQuarantineRequest>,
    ) -> Answer<v1::QuarantinedApplication> {
        self.open()?;
        let done = self.settle(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn get_sync_view(
        &self,
        request: Request<v1::GetSyncViewRequest>,
    ) -> Answer<v1::SyncView> {
        self.open()?;
        answer(self.sync_view(request.into_inner()).await)
    }

    async fn apply_remote(
        &self,
        request: Request<v1::ApplyRemoteRequest>,
    ) -> Answer<v1::ApplyRemoteReply> {
        self.open()?;
        let done = self.apply(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn record_sync(
        &self,
        request: Request<v1::RecordSyncRequest>,
    ) -> Answer<v1::RecordSyncReply> {
        self.open()?;
        let done = self.record(request.into_inner()).await;
        self.bell.notify_one();
        answer(done)
    }

    async fn list_unsynced(
        &self,
        request: Request<v1::ListUnsyncedRequest>,
    ) -> Answer<v1::ListUnsyncedReply> {
        self.open()?;
        answer(self.unsynced(request.into_inner()).await)
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Answer<v1::ListEventsReply> {
        self.open()?;
        answer(self.events(request.into_inner()).await)
    }

    // also answers before the schema is there: it asks for the server only
    async fn check_database(
        &self,
        _: Request<v1::CheckDatabaseRequest>,
    ) -> Answer<v1::CheckDatabaseReply> {
        answer(self.check().await)
    }
}
