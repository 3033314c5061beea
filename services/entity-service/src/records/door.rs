//! The door of `RecordsService`: reads requests, calls the operation, answers.

use super::{audit, check, repair};
use crate::{app::Migrated, projects::Workshop};
use keylight_contracts::v1::{self, records_service_server::RecordsService};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use tonic::{Request, Response, Status};

/// Answers the calls of `RecordsService`.
pub struct RecordsDoor {
    /// What the operations need.
    pub workshop: Workshop,
    /// Whether the schema is there.
    pub(crate) migrated: Migrated,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, DomainError>) -> Answer<T> {
    result.map(Response::new).map_err(|error| status_of(&error))
}

#[tonic::async_trait]
impl RecordsService for RecordsDoor {
    async fn check_records(
        &self,
        request: Request<v1::CheckRecordsRequest>,
    ) -> Answer<v1::RecordReport> {
        self.migrated.check()?;
        answer(check::check(&self.workshop, request.into_inner()).await)
    }

    async fn repair_records(
        &self,
        request: Request<v1::RepairRecordsRequest>,
    ) -> Answer<v1::RepairReport> {
        self.migrated.check()?;
        answer(repair::repair(&self.workshop, request.into_inner()).await)
    }

    async fn list_audit(&self, request: Request<v1::ListAuditRequest>) -> Answer<v1::AuditPage> {
        self.migrated.check()?;
        answer(audit::list(&self.workshop, request.into_inner()).await)
    }
}
