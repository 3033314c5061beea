//! The gRPC contract of operations.

use super::{
    Doer, book,
    failures::{self, Filter},
    pauses::{self, Scope},
    replay,
};
use crate::{account::Current, answers::Answers};
use chrono::{DateTime, Utc};
use keylight_contracts::{
    time::{from_wire, to_wire},
    v1::{self, sync_operations_service_server::SyncOperationsService},
};
use keylight_domain::{error::DomainError, sync::trouble};
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

/// Records on a page when nobody says.
const PAGE: i64 = 20;
/// Most records on a page.
const MOST_ON_PAGE: i32 = 100;
/// Records of a replay when nobody says.
const REPLAYED: i64 = 100;
/// Most records that a filter may name.
const MOST_NAMED: usize = 1000;

/// Answers people who operate the synchronisation.
pub struct Operations {
    /// The database.
    pub pool: PgPool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Rung when links are due.
    pub wake: Arc<Notify>,
    /// Worker and ClickUp.
    pub current: Current,
    /// What others are told.
    pub answers: Answers,
}

fn failed(error: impl Into<StoreError>) -> Status {
    status_of(&DomainError::from(error.into()))
}

fn refused(error: &DomainError) -> Status {
    status_of(error)
}

fn wire(time: Option<DateTime<Utc>>) -> Option<prost_types::Timestamp> {
    time.map(to_wire)
}

fn time_of(time: Option<&prost_types::Timestamp>) -> Result<Option<DateTime<Utc>>, DomainError> {
    match time {
        None => Ok(None),
        Some(time) => from_wire(time)
            .map(Some)
            .ok_or_else(|| DomainError::invalid("a time is out of range")),
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn filter_of(filter: Option<v1::FailureFilter>) -> Result<Filter, DomainError> {
    let filter = filter.unwrap_or_default();
    if filter.submission_ids.len() > MOST_NAMED {
        return Err(DomainError::invalid(format!(
            "submission_ids must be at most {MOST_NAMED}"
        )));
    }
    if !filter.class.is_empty() && !trouble::is_class(&filter.class) {
        let known: Vec<&str> = trouble::CLASSES
            .iter()
            .chain(&trouble::OWN_CLASSES)
            .copied()
            .collect();
        return Err(DomainError::invalid(format!(
            "class must be one of: {}",
            known.join(", ")
        )));
    }
    if filter.list_id.len() > 30 {
        return Err(DomainError::invalid("list_id must be the id of a list"));
    }
    Ok(Filter {
        from: time_of(filter.from.as_ref())?,
        to: time_of(filter.to.as_ref())?,
        ids: filter.submission_ids,
        class: filled(filter.class),
        list: filled(filter.list_id),
        waiting_too: filter.waiting_too,
    })
}

fn page_size(size: i32) -> Result<i64, DomainError> {
    match size {
        0 => Ok(PAGE),
        1..=MOST_ON_PAGE => Ok(i64::from(size)),
        _ => Err(DomainError::invalid(format!(
            "size must be 1 to {MOST_ON_PAGE}"
        ))),
    }
}

fn failure(found: failures::Failure) -> v1::SyncFailure {
    v1::SyncFailure {
        submission_id: found.submission_id,
        task_id: found.task_id,
        list_id: found.list_id.unwrap_or_default(),
        remedy: trouble::remedy(&found.class).to_owned(),
        class: found.class,
        error: found.error,
        attempts: found.attempts,
        failing_since: wire(found.failing_since),
        dead_at: wire(found.dead_at),
        next_attempt_at: wire(found.due_at),
        correlation_id: found.correlation_id,
    }
}

fn pause(pause: pauses::Pause) -> v1::SyncPause {
    v1::SyncPause {
        scope: pause.scope,
        key: pause.key,
        at: Some(to_wire(pause.at)),
        actor: pause.actor,
        reason: pause.reason,
    }
}

impl Operations {
    /// The list of links that name none; empty without an account.
    fn list(&self) -> String {
        self.current
            .get()
            .map(|working| working.remote.account.list_id.clone())
            .unwrap_or_default()
    }

    async fn pauses(&self) -> Result<Vec<v1::SyncPause>, Status> {
        let pauses = pauses::list(&self.pool).await.map_err(failed)?;
        Ok(pauses.into_iter().map(pause).collect())
    }
}

#[tonic::async_trait]
impl SyncOperationsService for Operations {
    async fn get_sync_overview(
        &self,
        _request: Request<v1::GetSyncOverviewRequest>,
    ) -> Result<Response<v1::SyncOverview>, Status> {
        let status = self.answers.status().await?;
        let counts = failures::counts(&self.pool).await.map_err(failed)?;
        let in_hand = pauses::in_hand(&self.pool, self.clock.now(), &Scope::All, "")
            .await
            .map_err(failed)?;
        let failures = counts.into_iter().map(|count| v1::FailureCount {
            remedy: trouble::remedy(&count.class).to_owned(),
            class: count.class,
            waiting: count.waiting,
            dead: count.dead,
        });
        Ok(Response::new(v1::SyncOverview {
            status: Some(status),
            failures: failures.collect(),
            pauses: self.pauses().await?,
            in_hand,
            connected: self.current.get().is_some(),
        }))
    }

    async fn list_failures(
        &self,
        request: Request<v1::ListFailuresRequest>,
    ) -> Result<Response<v1::ListFailuresReply>, Status> {
        let request = request.into_inner();
        let filter = filter_of(request.filter).map_err(|error| refused(&error))?;
        let size = page_size(request.size).map_err(|error| refused(&error))?;
        let after = if request.after > 0 { request.after } else { -1 };
        let mut found = failures::list(&self.pool, &filter, &self.list(), after, size + 1)
            .await
            .map_err(failed)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| more);
        Ok(Response::new(v1::ListFailuresReply {
            next: next.map_or(0, |last| last.submission_id),
            failures: found.into_iter().map(failure).collect(),
        }))
    }

    async fn get_sync_record(
        &self,
        request: Request<v1::GetSyncRecordRequest>,
    ) -> Result<Response<v1::SyncRecord>, Status> {
        let id = request.into_inner().submission_id;
        let link = self.answers.link(id).await?;
        if !link.found {
            return Err(refused(&DomainError::not_found(
                "Submission has no link to ClickUp",
            )));
        }
        let row = sqlx::query!(
            r#"SELECT progress, blocked, COALESCE(list_id, $3) AS "list_id!",
                      COALESCE(due_at IS NOT NULL AND lease_until > $2, false) AS "in_hand!"
                 FROM sync.links WHERE submission_id = $1"#,
            id,
            self.clock.now(),
            self.list(),
        )
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        let filter = Filter {
            ids: vec![id],
            ..Filter::default()
        };
        let found = failures::list(&self.pool, &filter, &self.list(), -1, 1)
            .await
            .map_err(failed)?
            .pop();
        let mut pauses = self.pauses().await?;
        pauses.retain(|pause| match pause.scope.as_str() {
            "all" => true,
            "list" => pause.key == row.list_id,
            _ => pause.key == id.to_string(),
        });
        Ok(Response::new(v1::SyncRecord {
            link: Some(link),
            failure: found.map(failure),
            pauses,
            progress: row.progress,
            blocked: row.blocked,
            in_hand: row.in_hand,
        }))
    }

    async fn replay_failures(
        &self,
        request: Request<v1::ReplayFailuresRequest>,
    ) -> Result<Response<v1::ReplayFailuresReply>, Status> {
        let request = request.into_inner();
        let filter = filter_of(request.filter).map_err(|error| refused(&error))?;
        let limit = match i64::from(request.limit) {
            0 => REPLAYED,
            limit @ 1..=replay::MOST => limit,
            _ => {
                let words = format!("limit must be 1 to {}", replay::MOST);
                return Err(refused(&DomainError::invalid(words)));
            }
        };
        let done = if request.preview {
            let working = self.current.get();
            let worker = working.as_ref().map(|working| &working.worker);
            replay::preview(&self.pool, worker, &filter, &self.list(), limit)
                .await
                .map_err(|error| refused(&error))?
        } else {
            let doer = Doer::from(request.caller);
            let now = self.clock.now();
            let done = replay::replay(&self.pool, now, &filter, &self.list(), limit, &doer)
                .await
                .map_err(failed)?;
            self.wake.notify_one();
            done
        };
        let foreseen = done
            .foreseen
            .into_iter()
            .map(|(id, foreseen)| v1::ForeseenCalls {
                submission_id: id,
                calls: foreseen.calls,
                note: foreseen.note.to_owned(),
            });
        Ok(Response::new(v1::ReplayFailuresReply {
            records: i64::try_from(done.ids.len()).unwrap_or(i64::MAX),
            left: done.left,
            foreseen: foreseen.collect(),
            submission_ids: done.ids,
        }))
    }

    async fn pause_sync(
        &self,
        request: Request<v1::PauseSyncRequest>,
    ) -> Result<Response<v1::PauseSyncReply>, Status> {
        let request = request.into_inner();
        let scope = Scope::parse(&request.scope, &request.key).map_err(|error| refused(&error))?;
        let now = self.clock.now();
        let already = pauses::pause(&self.pool, now, &scope, &Doer::from(request.caller))
            .await
            .map_err(|error| refused(&error))?;
        let (name, key) = scope.parts();
        let paused = self
            .pauses()
            .await?
            .into_iter()
            .find(|pause| pause.scope == name && pause.key == key);
        let in_hand = pauses::in_hand(&self.pool, now, &scope, &self.list())
            .await
            .map_err(failed)?;
        Ok(Response::new(v1::PauseSyncReply {
            pause: paused,
            already,
            in_hand,
        }))
    }

    async fn resume_sync(
        &self,
        request: Request<v1::ResumeSyncRequest>,
    ) -> Result<Response<v1::ResumeSyncReply>, Status> {
        let request = request.into_inner();
        let scope = Scope::parse(&request.scope, &request.key).map_err(|error| refused(&error))?;
        let doer = Doer::from(request.caller);
        let was_paused = pauses::resume(&self.pool, self.clock.now(), &scope, &doer)
            .await
            .map_err(failed)?;
        self.wake.notify_one();
        Ok(Response::new(v1::ResumeSyncReply {
            was_paused,
            pauses: self.pauses().await?,
        }))
    }

    async fn list_sync_operations(
        &self,
        request: Request<v1::ListSyncOperationsRequest>,
    ) -> Result<Response<v1::ListSyncOperationsReply>, Status> {
        let request = request.into_inner();
        let size = page_size(request.size).map_err(|error| refused(&error))?;
        let before = if request.before > 0 {
            request.before
        } else {
            i64::MAX
        };
        let mut found = book::list(&self.pool, before, size + 1)
            .await
            .map_err(failed)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| more);
        Ok(Response::new(v1::ListSyncOperationsReply {
            next: next.map_or(0, |last| last.id),
            operations: found
                .into_iter()
                .map(|entry| v1::SyncOperation {
                    id: entry.id,
                    at: Some(to_wire(entry.at)),
                    actor: entry.actor,
                    action: entry.action,
                    target: entry.target,
                    records: entry.records,
                    reason: entry.reason,
                    correlation_id: entry.correlation_id,
                })
                .collect(),
        }))
    }
}
