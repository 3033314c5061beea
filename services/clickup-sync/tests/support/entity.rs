//! A stand-in for entity-service: submissions in memory, with versions, events on the bus, and what was reported.

use keylight_contracts::{
    events::{self, CONTENT_TYPE, CloudEvent},
    time::to_wire,
    v1::{self, entity_service_server::EntityService},
};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_messaging::{Message, MessageBus};
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// One submission and where it stands.
#[derive(Clone)]
pub struct Stored {
    pub submission: v1::Submission,
    pub deleted: bool,
    pub applied: Vec<v1::ApplyRemoteRequest>,
}

pub struct Entity {
    pub rows: Mutex<BTreeMap<i64, Stored>>,
    pub bus: Arc<dyn MessageBus>,
    pub clock: Arc<dyn Clock>,
    /// messages get lost on the way
    pub mute: AtomicBool,
    /// its submissions came from the predecessor
    pub imported: AtomicBool,
    /// refuses everything
    pub away: AtomicBool,
    /// the next so many ApplyRemote calls find another version
    pub conflicts: AtomicU32,
}

impl Entity {
    pub fn new(bus: Arc<dyn MessageBus>, clock: Arc<dyn Clock>) -> Self {
        Self {
            rows: Mutex::default(),
            bus,
            clock,
            mute: AtomicBool::new(false),
            imported: AtomicBool::new(false),
            away: AtomicBool::new(false),
            conflicts: AtomicU32::new(0),
        }
    }

    pub fn get(&self, id: i64) -> v1::Submission {
        self.rows.lock().unwrap()[&id].submission.clone()
    }

    pub fn all(&self) -> Vec<v1::Submission> {
        self.rows
            .lock()
            .unwrap()
            .values()
            .map(|stored| stored.submission.clone())
            .collect()
    }

    pub async fn create(&self, id: i64) {
        let submission = v1::Submission {
            id,
            full_name: format!("Ada Probe {id}"),
            email_address: format!("ada_{id}@example.com"),
            phone_number: "555-123-4567".into(),
            buyer_category: if id % 2 == 0 {
                "homebuyer"
            } else {
                "developer"
            }
            .into(),
            financing_plan: "self_funding".into(),
            land_status: "own_land".into(),
            lot_address: Some("1 Elm St".into()),
            build_budget: ["200k_250k", "350k_400k", "500k_plus"][usize::try_from(id % 3).unwrap()]
                .into(),
            construction_timeline: ["less_than_3_months", "3_to_6_months"]
                [usize::try_from(id % 2).unwrap()]
            .into(),
            project_description: Some("A *small* house.\n- two floors".into()),
            status: Some("new".into()),
            referral_source: Some("Ritz-Craft".into()),
            created_at: Some(to_wire(self.clock.now())),
            updated_at: Some(to_wire(self.clock.now())),
            version: 1,
            sync_state: "pending".into(),
            ..v1::Submission::default()
        };
        let stored = Stored {
            submission,
            deleted: false,
            applied: Vec::new(),
        };
        self.rows.lock().unwrap().insert(id, stored);
        self.tell(id, events::SUBMISSION_CREATED).await;
    }

    /// Changes a submission as a person on our side does.
    pub async fn change(&self, id: i64, change: impl FnOnce(&mut v1::Submission)) {
        {
            let mut rows = self.rows.lock().unwrap();
            let submission = &mut rows.get_mut(&id).unwrap().submission;
            change(submission);
            submission.version += 1;
            submission.updated_at = Some(to_wire(self.clock.now()));
            submission.sync_state = "pending".into();
        }
        self.tell(id, events::SUBMISSION_STATUS_CHANGED).await;
    }

    pub async fn set_status(&self, id: i64, status: &str) {
        self.change(id, |submission| submission.status = Some(status.into()))
            .await;
    }

    pub async fn delete(&self, id: i64) {
        self.rows.lock().unwrap().get_mut(&id).unwrap().deleted = true;
        self.tell(id, events::SUBMISSION_DELETED).await;
    }

    pub async fn restore(&self, id: i64) {
        {
            let mut rows = self.rows.lock().unwrap();
            let stored = rows.get_mut(&id).unwrap();
            stored.deleted = false;
            stored.submission.version += 1;
            stored.submission.updated_at = Some(to_wire(self.clock.now()));
            stored.submission.sync_state = "pending".into();
        }
        self.tell(id, events::SUBMISSION_RESTORED).await;
    }

    pub async fn tell(&self, id: i64, kind: &str) {
        if self.mute.load(Ordering::SeqCst) {
            return;
        }
        let event = CloudEvent::new(
            Uuid::now_v7(),
            "/entity-service",
            kind,
            format!("submission/{id}"),
            self.clock.now(),
            format!("c-{id}"),
        );
        let message = Message {
            id: event.id,
            topic: kind.to_owned(),
            content_type: CONTENT_TYPE.to_owned(),
            payload: serde_json::to_vec(&event).unwrap().into(),
            traceparent: None,
        };
        for result in self.bus.publish(vec![message]).await {
            result.unwrap();
        }
    }

    fn check(&self) -> Result<(), Status> {
        if self.away.load(Ordering::SeqCst) {
            Err(Status::unavailable("away"))
        } else {
            Ok(())
        }
    }
}

/// The contract over it.
pub struct Contract(pub Arc<Entity>);

impl Contract {
    async fn apply(&self, request: v1::ApplyRemoteRequest) -> Result<v1::ApplyRemoteReply, Status> {
        self.0.check()?;
        let id = request.submission_id;
        let version = {
            let mut rows = self.0.rows.lock().unwrap();
            let stored = rows.get_mut(&id).filter(|stored| !stored.deleted);
            let stored =
                stored.ok_or_else(|| status_of(&DomainError::not_found("no such submission")))?;
            let moved_on = self.0.conflicts.load(Ordering::SeqCst) > 0;
            if moved_on {
                self.0.conflicts.fetch_sub(1, Ordering::SeqCst);
                stored.submission.version += 1;
            }
            if stored.submission.version != request.expected_version {
                return Err(status_of(&DomainError::new(
                    ErrorCode::Conflict,
                    "version moved on",
                )));
            }
            stored.applied.push(request.clone());
            let submission = &mut stored.submission;
            if let Some(status) = request.status {
                submission.status = Some(status);
            }
            if let Some(budget) = request.build_budget {
                submission.build_budget = budget;
            }
            if let Some(timeline) = request.construction_timeline {
                submission.construction_timeline = timeline;
            }
            if let Some(land) = request.land_status {
                submission.land_status = land;
            }
            if let Some(category) = request.buyer_category {
                submission.buyer_category = category;
            }
            submission.version += 1;
            submission.updated_at = Some(to_wire(self.0.clock.now()));
            submission.version
        };
        self.0.tell(id, events::SUBMISSION_STATUS_CHANGED).await;
        Ok(v1::ApplyRemoteReply {
            version,
            changed: true,
        })
    }
}

macro_rules! contract {
    ($($call:ident($request:ident) -> $reply:ident;)*) => {
        #[tonic::async_trait]
        impl EntityService for Contract {
            async fn get_sync_view(&self, request: Request<v1::GetSyncViewRequest>) -> Result<Response<v1::SyncView>, Status> {
                self.0.check()?;
                let id = request.into_inner().submission_id;
                let found = self.0.rows.lock().unwrap().get(&id).filter(|stored| !stored.deleted && stored.submission.sync_state != "off").cloned();
                Ok(Response::new(v1::SyncView {
                    found: found.is_some(),
                    submission: found.map(|stored| stored.submission),
                    correlation_id: format!("c-{id}"),
                    imported: self.0.imported.load(Ordering::SeqCst),
                }))
            }

            async fn apply_remote(&self, request: Request<v1::ApplyRemoteRequest>) -> Result<Response<v1::ApplyRemoteReply>, Status> {
                self.apply(request.into_inner()).await.map(Response::new)
            }

            async fn record_sync(&self, request: Request<v1::RecordSyncRequest>) -> Result<Response<v1::RecordSyncReply>, Status> {
                self.0.check()?;
                let report = request.into_inner();
                let mut rows = self.0.rows.lock().unwrap();
                let Some(stored) = rows.get_mut(&report.submission_id).filter(|stored| !stored.deleted) else {
                    return Ok(Response::new(v1::RecordSyncReply { found: false }));
                };
                let submission = &mut stored.submission;
                if report.clickup_task_id.is_some() {
                    submission.clickup_task_id = report.clickup_task_id;
                    submission.clickup_url = report.clickup_url;
                }
                if report.sync_state != "synced" || report.synced_version == submission.version {
                    submission.sync_state = report.sync_state;
                }
                Ok(Response::new(v1::RecordSyncReply { found: true }))
            }

            async fn list_unsynced(&self, request: Request<v1::ListUnsyncedRequest>) -> Result<Response<v1::ListUnsyncedReply>, Status> {
                self.0.check()?;
                let after = request.into_inner().after_id;
                let rows = self.0.rows.lock().unwrap();
                let waiting = rows.iter().filter(|(id, stored)| {
                    **id > after && !stored.deleted && stored.submission.sync_state == "pending"
                });
                Ok(Response::new(v1::ListUnsyncedReply { submission_ids: waiting.map(|(id, _)| *id).collect() }))
            }

            $(async fn $call(&self, _: Request<v1::$request>) -> Result<Response<v1::$reply>, Status> {
                Err(Status::unimplemented("not asked by clickup-sync"))
            })*
        }
    };
}

contract! {
    create_submission(CreateSubmissionRequest) -> Submission;
    get_submission(GetSubmissionRequest) -> Submission;
    get_submissions(GetSubmissionsRequest) -> SubmissionList;
    list_submissions(ListSubmissionsRequest) -> SubmissionPage;
    search_submissions(SearchSubmissionsRequest) -> SubmissionPage;
    recent_submissions(RecentSubmissionsRequest) -> SubmissionList;
    submission_stats(SubmissionStatsRequest) -> SubmissionStatsReply;
    update_submission_status(UpdateSubmissionStatusRequest) -> Submission;
    delete_submission(DeleteSubmissionRequest) -> Submission;
    restore_submission(RestoreSubmissionRequest) -> Submission;
    bulk_change(BulkChangeRequest) -> BulkChangeReply;
    quarantine(QuarantineRequest) -> QuarantinedApplication;
    list_quarantine(ListQuarantineRequest) -> QuarantinePage;
    settle_quarantine(SettleQuarantineRequest) -> QuarantinedApplication;
    check_database(CheckDatabaseRequest) -> CheckDatabaseReply;
    list_events(ListEventsRequest) -> ListEventsReply;
}
