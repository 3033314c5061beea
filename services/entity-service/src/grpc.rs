//! The door: reads requests, calls the operation, answers.

use crate::{
    app::Migrated,
    clickup::{
        apply_remote::{self, Remote, RemoteValues},
        record_sync::{self, Report},
        unsynced,
    },
    journal::{Cause, log},
    submissions::{
        candidate::{self, Candidate},
        change_status::{self, Wish},
        delete, find,
        gatherer::Gatherer,
        not_found,
        row::SubmissionRow,
        stats,
    },
};
use chrono::Duration;
use keylight_contracts::{
    time::{from_wire, to_wire},
    v1::{self, entity_service_server::EntityService},
};
use keylight_domain::{
    error::DomainError,
    submissions::{Filter, MAX_DAYS, MAX_PAGE_SIZE, Paging, search_term},
};
use keylight_rpc::status::status_of;
use keylight_runtime::{clock::Clock, trace};
use keylight_store::{StoreError, outbox::Outbox};
use sqlx::PgPool;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// How far back the recent ones of the counts go.
const RECENT_DAYS: i64 = 7;

/// Answers the calls of `EntityService`.
pub struct Door {
    /// Connections to the schema `entity`.
    pub pool: PgPool,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Where new applications go.
    pub gatherer: Gatherer,
    /// This process's end of the outbox.
    pub outbox: Outbox,
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

    /// The cause of a call. Who sends no correlation id, or one that is none, begins a chain.
    fn cause(&self, correlation_id: &str) -> Cause {
        Cause {
            correlation_id: Uuid::try_parse(correlation_id).unwrap_or_else(|_| self.clock.new_id()),
            traceparent: trace::current_traceparent(),
        }
    }

    async fn page(
        &self,
        filter: Option<v1::SubmissionFilter>,
        paging: Paging,
    ) -> Result<v1::SubmissionPage, DomainError> {
        let filter = filter.unwrap_or_default();
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let filter = Filter {
            status: some(filter.status),
            buyer_category: some(filter.buyer_category),
            build_budget: some(filter.build_budget),
            construction_timeline: some(filter.construction_timeline),
        };
        Ok(to_page(find::list(&self.pool, &filter, paging).await?))
    }

    async fn create(
        &self,
        request: v1::CreateSubmissionRequest,
    ) -> Result<v1::Submission, DomainError> {
        let cause = self.cause(&request.correlation_id);
        let application = candidate::read(request)?;
        let kept = application.clone();
        let project_name = candidate::project_name(&application);
        let event_id = self.clock.new_id();
        let accepted = self
            .gatherer
            .submit(Candidate {
                application,
                project_name,
                event_id,
                cause,
            })
            .await?;
        Ok(candidate::into_submission(kept, accepted))
    }

    async fn get(&self, id: i64) -> Result<v1::Submission, DomainError> {
        let row = find::get(&self.pool, id).await?.ok_or_else(not_found)?;
        Ok(row.into())
    }

    async fn change(
        &self,
        request: &v1::UpdateSubmissionStatusRequest,
    ) -> Result<v1::Submission, DomainError> {
        let wish = Wish {
            id: request.id,
            status: &request.status,
            notes: request.admin_notes.as_deref(),
            actor: actor(&request.actor),
            cause: self.cause(&request.correlation_id),
        };
        let row =
            change_status::change_status(&self.pool, &*self.clock, &self.outbox, wish).await?;
        Ok(row.into())
    }

    async fn apply(
        &self,
        request: &v1::ApplyRemoteRequest,
    ) -> Result<v1::ApplyRemoteReply, DomainError> {
        let values = RemoteValues::read(
            request.status.as_deref(),
            request.build_budget.as_deref(),
            request.construction_timeline.as_deref(),
            request.land_status.as_deref(),
            request.buyer_category.as_deref(),
        )?;
        let remote = Remote {
            submission_id: request.submission_id,
            values,
            expected_version: request.expected_version,
            why: &request.cause,
            remote_time: request.remote_time.as_ref().and_then(from_wire),
            cause: self.cause(&request.correlation_id),
        };
        let applied = apply_remote::apply(&self.pool, &*self.clock, &self.outbox, remote).await?;
        Ok(v1::ApplyRemoteReply {
            version: applied.version,
            changed: applied.changed,
        })
    }

    async fn sync_view(&self, id: i64) -> Result<v1::SyncView, DomainError> {
        let Some(row) = find::get(&self.pool, id).await? else {
            return Ok(v1::SyncView {
                found: false,
                submission: None,
                correlation_id: String::new(),
            });
        };
        let correlation_id = row
            .correlation_id
            .map(|id| id.to_string())
            .unwrap_or_default();
        Ok(v1::SyncView {
            found: true,
            submission: Some(row.into()),
            correlation_id,
        })
    }

    async fn check(&self) -> Result<v1::CheckDatabaseReply, DomainError> {
        let row = sqlx::query!(r#"SELECT now() AS "now!", version() AS "version!""#)
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)?;
        Ok(v1::CheckDatabaseReply {
            timestamp: Some(to_wire(row.now)),
            postgres_version: row.version,
            pool_total: self.pool.size(),
            pool_idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
        })
    }
}

/// Who did it; a caller that does not say is told apart from those that do.
fn actor(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

fn to_page(page: find::Page) -> v1::SubmissionPage {
    v1::SubmissionPage {
        submissions: to_list(page.rows),
        total_count: page.total,
        next: String::new(),
    }
}

fn to_list(rows: Vec<SubmissionRow>) -> Vec<v1::Submission> {
    rows.into_iter().map(Into::into).collect()
}

#[tonic::async_trait]
impl EntityService for Door {
    async fn create_submission(
        &self,
        request: Request<v1::CreateSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        answer(self.create(request.into_inner()).await)
    }

    async fn get_submission(
        &self,
        request: Request<v1::GetSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        answer(self.get(request.into_inner().id).await)
    }

    async fn list_submissions(
        &self,
        request: Request<v1::ListSubmissionsRequest>,
    ) -> Answer<v1::SubmissionPage> {
        self.open()?;
        let request = request.into_inner();
        answer(
            self.page(
                request.filter,
                Paging::clamped(request.page, request.page_size),
            )
            .await,
        )
    }

    async fn search_submissions(
        &self,
        request: Request<v1::SearchSubmissionsRequest>,
    ) -> Answer<v1::SubmissionPage> {
        self.open()?;
        let request = request.into_inner();
        let paging = Paging::clamped(request.page, request.page_size);
        let found = async {
            let term = search_term(Some(&request.term))
                .map_err(|problem| DomainError::invalid(problem.to_string()))?;
            Ok(to_page(find::search(&self.pool, term, paging).await?))
        };
        answer(found.await)
    }

    async fn recent_submissions(
        &self,
        request: Request<v1::RecentSubmissionsRequest>,
    ) -> Answer<v1::SubmissionList> {
        self.open()?;
        let request = request.into_inner();
        let days = i64::from(request.days.clamp(0, MAX_DAYS));
        let since = self.clock.now() - Duration::days(days);
        let found = find::recent(&self.pool, since, request.limit.clamp(1, MAX_PAGE_SIZE)).await;
        answer(
            found
                .map(|rows| v1::SubmissionList {
                    submissions: to_list(rows),
                })
                .map_err(Into::into),
        )
    }

    async fn submission_stats(
        &self,
        _: Request<v1::SubmissionStatsRequest>,
    ) -> Answer<v1::SubmissionStatsReply> {
        self.open()?;
        let since = self.clock.now() - Duration::days(RECENT_DAYS);
        answer(stats::stats(&self.pool, since).await.map_err(Into::into))
    }

    async fn update_submission_status(
        &self,
        request: Request<v1::UpdateSubmissionStatusRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        answer(self.change(request.get_ref()).await)
    }

    async fn delete_submission(
        &self,
        request: Request<v1::DeleteSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        self.open()?;
        let request = request.into_inner();
        let cause = self.cause(&request.correlation_id);
        let deleted = delete::delete(
            &self.pool,
            &*self.clock,
            &self.outbox,
            request.id,
            actor(&request.actor),
            &cause,
        )
        .await;
        answer(deleted.map(Into::into))
    }

    async fn check_database(
        &self,
        _: Request<v1::CheckDatabaseRequest>,
    ) -> Answer<v1::CheckDatabaseReply> {
        answer(self.check().await)
    }

    async fn get_sync_view(
        &self,
        request: Request<v1::GetSyncViewRequest>,
    ) -> Answer<v1::SyncView> {
        self.open()?;
        answer(self.sync_view(request.into_inner().submission_id).await)
    }

    async fn apply_remote(
        &self,
        request: Request<v1::ApplyRemoteRequest>,
    ) -> Answer<v1::ApplyRemoteReply> {
        self.open()?;
        answer(self.apply(request.get_ref()).await)
    }

    async fn record_sync(
        &self,
        request: Request<v1::RecordSyncRequest>,
    ) -> Answer<v1::RecordSyncReply> {
        self.open()?;
        let request = request.get_ref();
        let report = Report {
            submission_id: request.submission_id,
            task_id: request.clickup_task_id.as_deref(),
            url: request.clickup_url.as_deref(),
            state: &request.sync_state,
            synced_version: request.synced_version,
        };
        answer(
            record_sync::record(&self.pool, &report)
                .await
                .map(|found| v1::RecordSyncReply { found }),
        )
    }

    async fn list_unsynced(
        &self,
        request: Request<v1::ListUnsyncedRequest>,
    ) -> Answer<v1::ListUnsyncedReply> {
        self.open()?;
        let request = request.into_inner();
        let before = request
            .changed_before
            .as_ref()
            .and_then(from_wire)
            .unwrap_or_else(|| self.clock.now());
        let found = unsynced::list(&self.pool, before, request.after_id, request.limit).await;
        answer(
            found
                .map(|submission_ids| v1::ListUnsyncedReply { submission_ids })
                .map_err(Into::into),
        )
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Answer<v1::ListEventsReply> {
        self.open()?;
        let request = request.into_inner();
        let found = log::list(&self.pool, request.after.unwrap_or_default(), request.limit).await;
        answer(
            found
                .map(|events| v1::ListEventsReply { events })
                .map_err(Into::into),
        )
    }

    async fn restore_submission(
        &self,
        _: Request<v1::RestoreSubmissionRequest>,
    ) -> Answer<v1::Submission> {
        Err(Status::unimplemented("not built yet"))
    }

    async fn bulk_change(&self, _: Request<v1::BulkChangeRequest>) -> Answer<v1::BulkChangeReply> {
        Err(Status::unimplemented("not built yet"))
    }

    async fn quarantine(
        &self,
        _: Request<v1::QuarantineRequest>,
    ) -> Answer<v1::QuarantinedApplication> {
        Err(Status::unimplemented("not built yet"))
    }

    async fn list_quarantine(
        &self,
        _: Request<v1::ListQuarantineRequest>,
    ) -> Answer<v1::QuarantinePage> {
        Err(Status::unimplemented("not built yet"))
    }

    async fn settle_quarantine(
        &self,
        _: Request<v1::SettleQuarantineRequest>,
    ) -> Answer<v1::QuarantinedApplication> {
        Err(Status::unimplemented("not built yet"))
    }
}
