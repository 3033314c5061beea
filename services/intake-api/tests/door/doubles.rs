//! Doubles of the services behind the door: a list in memory that keeps the contracts' promises.

use keylight_contracts::v1::{
    self, Submission, analytics_service_server::AnalyticsService,
    entity_service_server::EntityService,
};
use keylight_domain::{error::DomainError, intake::DUPLICATE_EMAIL};
use keylight_rpc::status::status_of;
use prost_types::Timestamp;
use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tonic::{Request, Response, Status};

/// What the entity service would keep in its database.
#[derive(Default)]
pub struct Store {
    pub submissions: Mutex<Vec<Submission>>,
    pub last_created: Mutex<Option<v1::CreateSubmissionRequest>>,
    pub last_update: Mutex<Option<v1::UpdateSubmissionStatusRequest>>,
    pub put_aside: Mutex<Option<v1::CreateSubmissionRequest>>,
    pub settled: Mutex<Option<v1::SettleQuarantineRequest>>,
    pub calls: AtomicUsize,
    /// Answers as with the database away.
    pub database_away: AtomicBool,
}

impl Store {
    fn enter(&self) -> Result<std::sync::MutexGuard<'_, Vec<Submission>>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.database_away.load(Ordering::SeqCst) {
            return Err(status_of(&DomainError::unavailable(
                "connection refused by 10.0.0.7",
            )));
        }
        Ok(self.submissions.lock().unwrap())
    }

    pub fn count(&self) -> usize {
        self.submissions.lock().unwrap().len()
    }
}

/// The id of whatever was put aside.
pub const QUARANTINED: &str = "0192b2c4-8d3e-7a10-9c55-3f2f6a7b8c9d";

fn quarantined(application: v1::CreateSubmissionRequest) -> v1::QuarantinedApplication {
    v1::QuarantinedApplication {
        id: QUARANTINED.to_owned(),
        at: Some(Timestamp {
            seconds: 1_795_328_935,
            nanos: 0,
        }),
        reason: "caught".to_owned(),
        application: Some(application),
        state: "waiting".to_owned(),
        ..Default::default()
    }
}

pub struct Entity(pub std::sync::Arc<Store>);

fn missing() -> Status {
    status_of(&DomainError::not_found("no row"))
}

fn page(rows: Vec<Submission>, page: i64, size: i32) -> Response<v1::SubmissionPage> {
    let total_count = i64::try_from(rows.len()).unwrap();
    let (size, skip) = (
        usize::try_from(size).unwrap(),
        usize::try_from((page - 1) * i64::from(size)).unwrap(),
    );
    Response::new(v1::SubmissionPage {
        submissions: rows.into_iter().rev().skip(skip).take(size).collect(),
        total_count,
        ..Default::default()
    })
}

fn is(filter: Option<&String>, value: &str) -> bool {
    filter.is_none_or(|wanted| wanted == value)
}

#[tonic::async_trait]
impl EntityService for Entity {
    async fn restore_submission(
        &self,
        _: Request<v1::RestoreSubmissionRequest>,
    ) -> Result<Response<v1::Submission>, Status> {
        Err(Status::unimplemented("not needed by these tests"))
    }

    async fn bulk_change(
        &self,
        _: Request<v1::BulkChangeRequest>,
    ) -> Result<Response<v1::BulkChangeReply>, Status> {
        Err(Status::unimplemented("not needed by these tests"))
    }

    async fn quarantine(
        &self,
        request: Request<v1::QuarantineRequest>,
    ) -> Result<Response<v1::QuarantinedApplication>, Status> {
        let rows = self.0.enter()?;
        drop(rows);
        let application = request.into_inner().application;
        *self.0.put_aside.lock().unwrap() = application.clone();
        Ok(Response::new(quarantined(application.unwrap_or_default())))
    }

    async fn list_quarantine(
        &self,
        _: Request<v1::ListQuarantineRequest>,
    ) -> Result<Response<v1::QuarantinePage>, Status> {
        let application = self.0.put_aside.lock().unwrap().clone();
        let applications: Vec<_> = application.map(quarantined).into_iter().collect();
        Ok(Response::new(v1::QuarantinePage {
            waiting_count: i64::try_from(applications.len()).unwrap(),
            applications,
            next: String::new(),
        }))
    }

    async fn settle_quarantine(
        &self,
        request: Request<v1::SettleQuarantineRequest>,
    ) -> Result<Response<v1::QuarantinedApplication>, Status> {
        let asked = request.into_inner();
        if asked.id != QUARANTINED {
            return Err(missing());
        }
        let application = self.0.put_aside.lock().unwrap().take();
        *self.0.settled.lock().unwrap() = Some(asked);
        Ok(Response::new(quarantined(application.unwrap_or_default())))
    }

    async fn create_submission(
        &self,
        request: Request<v1::CreateSubmissionRequest>,
    ) -> Result<Response<Submission>, Status> {
        let mut rows = self.0.enter()?;
        let r = request.into_inner();
        *self.0.last_created.lock().unwrap() = Some(r.clone());
        if rows.iter().any(|row| row.email_address == r.email_address) {
            return Err(status_of(&DomainError::invalid(DUPLICATE_EMAIL)));
        }
        assert!(r.full_name != "Make it panic", "as asked");
        let id = rows.last().map_or(1, |row| row.id + 1);
        let now = Timestamp {
            seconds: 1_795_328_935 + id,
            nanos: 194_567_000,
        };
        let row = Submission {
            id,
            full_name: r.full_name,
            email_address: r.email_address,
            phone_number: r.phone_number,
            company_name: r.company_name,
            buyer_category: r.buyer_category,
            financing_plan: r.financing_plan,
            interested_in_preferred_lender: Some(r.interested_in_preferred_lender),
            land_status: r.land_status,
            lot_address: r.lot_address,
            needs_help_finding_land: Some(r.needs_help_finding_land),
            preferred_area_description: r.preferred_area_description,
            build_budget: r.build_budget,
            construction_timeline: r.construction_timeline,
            project_description: Some(r.project_description),
            status: Some("new".to_owned()),
            admin_notes: None,
            referral_source: Some(r.referral_source),
            user_id: Some(7),
            project_id: Some(8),
            created_at: Some(now),
            updated_at: Some(now),
            version: 1,
            clickup_task_id: None,
            clickup_url: None,
            sync_state: "pending".to_owned(),
            ..Default::default()
        };
        rows.push(row.clone());
        Ok(Response::new(row))
    }

    async fn get_submission(
        &self,
        request: Request<v1::GetSubmissionRequest>,
    ) -> Result<Response<Submission>, Status> {
        let rows = self.0.enter()?;
        let id = request.into_inner().id;
        rows.iter()
            .find(|row| row.id == id)
            .cloned()
            .map(Response::new)
            .ok_or_else(missing)
    }

    async fn get_submissions(
        &self,
        request: Request<v1::GetSubmissionsRequest>,
    ) -> Result<Response<v1::SubmissionList>, Status> {
        let rows = self.0.enter()?;
        let ids = request.into_inner().ids;
        let found = rows.iter().filter(|row| ids.contains(&row.id));
        let submissions = found.cloned().collect();
        Ok(Response::new(v1::SubmissionList { submissions }))
    }

    async fn list_submissions(
        &self,
        request: Request<v1::ListSubmissionsRequest>,
    ) -> Result<Response<v1::SubmissionPage>, Status> {
        let rows = self.0.enter()?;
        let r = request.into_inner();
        let f = r.filter.unwrap_or_default();
        let rows = rows
            .iter()
            .filter(|row| is(f.status.as_ref(), row.status.as_deref().unwrap_or_default()))
            .filter(|row| is(f.buyer_category.as_ref(), &row.buyer_category))
            .filter(|row| is(f.build_budget.as_ref(), &row.build_budget))
            .filter(|row| is(f.construction_timeline.as_ref(), &row.construction_timeline))
            .cloned()
            .collect();
        Ok(page(rows, r.page, r.page_size))
    }

    async fn search_submissions(
        &self,
        request: Request<v1::SearchSubmissionsRequest>,
    ) -> Result<Response<v1::SubmissionPage>, Status> {
        let rows = self.0.enter()?;
        let r = request.into_inner();
        let rows = rows
            .iter()
            .filter(|row| {
                row.full_name
                    .to_lowercase()
                    .contains(&r.term.to_lowercase())
            })
            .cloned()
            .collect();
        Ok(page(rows, r.page, r.page_size))
    }

    async fn recent_submissions(
        &self,
        request: Request<v1::RecentSubmissionsRequest>,
    ) -> Result<Response<v1::SubmissionList>, Status> {
        let rows = self.0.enter()?;
        let limit = usize::try_from(request.into_inner().limit).unwrap();
        Ok(Response::new(v1::SubmissionList {
            submissions: rows.iter().rev().take(limit).cloned().collect(),
        }))
    }

    async fn submission_stats(
        &self,
        _: Request<v1::SubmissionStatsRequest>,
    ) -> Result<Response<v1::SubmissionStatsReply>, Status> {
        let rows = self.0.enter()?;
        let count = |test: &dyn Fn(&Submission) -> bool| {
            i64::try_from(rows.iter().filter(|row| test(row)).count()).unwrap()
        };
        let status =
            |name: &'static str| count(&|row: &Submission| row.status.as_deref() == Some(name));
        let category = |name: &'static str| count(&|row: &Submission| row.buyer_category == name);
        Ok(Response::new(v1::SubmissionStatsReply {
            total: count(&|_| true),
            new_count: status("new"),
            reviewed_count: status("reviewed"),
            qualified_count: status("qualified"),
            disqualified_count: status("disqualified"),
            contacted_count: status("contacted"),
            homebuyer_count: category("homebuyer"),
            developer_count: category("developer"),
            recent_count: count(&|_| true),
            sync_pending_count: count(&|row| row.sync_state == "pending"),
            sync_failed_count: 0,
        }))
    }

    async fn update_submission_status(
        &self,
        request: Request<v1::UpdateSubmissionStatusRequest>,
    ) -> Result<Response<Submission>, Status> {
        let mut rows = self.0.enter()?;
        let r = request.into_inner();
        *self.0.last_update.lock().unwrap() = Some(r.clone());
        let row = rows
            .iter_mut()
            .find(|row| row.id == r.id)
            .ok_or_else(missing)?;
        row.status = Some(r.status);
        if let Some(notes) = r.admin_notes.filter(|notes| !notes.is_empty()) {
            row.admin_notes = Some(notes);
        }
        Ok(Response::new(row.clone()))
    }

    async fn delete_submission(
        &self,
        request: Request<v1::DeleteSubmissionRequest>,
    ) -> Result<Response<Submission>, Status> {
        let mut rows = self.0.enter()?;
        let id = request.into_inner().id;
        let place = rows
            .iter()
            .position(|row| row.id == id)
            .ok_or_else(missing)?;
        Ok(Response::new(rows.remove(place)))
    }

    async fn check_database(
        &self,
        _: Request<v1::CheckDatabaseRequest>,
    ) -> Result<Response<v1::CheckDatabaseReply>, Status> {
        let _rows = self.0.enter()?;
        Ok(Response::new(v1::CheckDatabaseReply {
            timestamp: Some(Timestamp {
                seconds: 1_795_328_935,
                nanos: 0,
            }),
            postgres_version: "PostgreSQL 15".to_owned(),
            pool_total: 3,
            pool_idle: 2,
        }))
    }

    async fn get_sync_view(
        &self,
        _: Request<v1::GetSyncViewRequest>,
    ) -> Result<Response<v1::SyncView>, Status> {
        Err(Status::unimplemented("not asked by the door"))
    }

    async fn apply_remote(
        &self,
        _: Request<v1::ApplyRemoteRequest>,
    ) -> Result<Response<v1::ApplyRemoteReply>, Status> {
        Err(Status::unimplemented("not asked by the door"))
    }

    async fn record_sync(
        &self,
        _: Request<v1::RecordSyncRequest>,
    ) -> Result<Response<v1::RecordSyncReply>, Status> {
        Err(Status::unimplemented("not asked by the door"))
    }

    async fn list_unsynced(
        &self,
        _: Request<v1::ListUnsyncedRequest>,
    ) -> Result<Response<v1::ListUnsyncedReply>, Status> {
        Err(Status::unimplemented("not asked by the door"))
    }

    async fn list_events(
        &self,
        _: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsReply>, Status> {
        Err(Status::unimplemented("not asked by the door"))
    }
}

pub struct Analytics;

#[tonic::async_trait]
impl AnalyticsService for Analytics {
    async fn submissions_per_day(
        &self,
        _: Request<v1::SubmissionsPerDayRequest>,
    ) -> Result<Response<v1::SubmissionsPerDayReply>, Status> {
        let count = |day: &str, status: &str, count| v1::DayStatusCount {
            day: day.to_owned(),
            status: status.to_owned(),
            count,
        };
        let counts = vec![
            count("2026-11-21", "new", 3),
            count("2026-11-22", "new", 4),
            count("2026-11-22", "qualified", 1),
        ];
        Ok(Response::new(v1::SubmissionsPerDayReply {
            counts,
            as_of_sequence: 8,
        }))
    }

    async fn rebuild(
        &self,
        _: Request<v1::RebuildRequest>,
    ) -> Result<Response<v1::RebuildReply>, Status> {
        Err(Status::unimplemented("not asked by the door"))
    }
}
