//! A stand-in for entity-service that serves an event log, and analytics on a database of its own.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test binary uses a part; a failure should panic"
)]

use analytics::{Config, app, daily_counts::projector::Projector};
use chrono::{NaiveDate, Utc};
use keylight_contracts::{
    events::{self, SubmissionFacts},
    time::to_wire,
    v1::{self, analytics_service_client::AnalyticsServiceClient, entity_service_server as server},
};
use keylight_messaging::{
    Message, MessageBus,
    postgres::{PgBus, Wake},
};
use keylight_rpc::client::Channel;
use keylight_runtime::{clock::SystemClock, lifecycle::Lifecycle};
use keylight_testkit::postgres::Database;
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub const LONG: Duration = Duration::from_secs(240);

/// Counts by day and status.
pub type Counts = BTreeMap<(String, String), i64>;

/// The event log of the stand-in, and the submissions as they stand.
#[derive(Default)]
pub struct Log {
    events: Mutex<Vec<v1::Event>>,
    submissions: Mutex<BTreeMap<i64, (NaiveDate, &'static str)>>,
    pub reads: AtomicUsize,
    pub away: AtomicBool,
    /// An earlier transaction has not ended: no event is shown yet.
    pub held_back: AtomicBool,
}

pub const STATUSES: [&str; 4] = ["new", "reviewed", "qualified", "contacted"];

pub fn day(number: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, u32::try_from(number.rem_euclid(20)).unwrap() + 1).unwrap()
}

impl Log {
    fn append(&self, kind: &str, id: i64, status: &str, previous: Option<&str>) {
        let mut events = self.events.lock().unwrap();
        let sequence = i64::try_from(events.len()).unwrap() + 1;
        let facts = SubmissionFacts {
            submission_id: id,
            version: 1,
            created_on: day(id),
            status: status.to_owned(),
            previous_status: previous.map(str::to_owned),
            buyer_category: "homebuyer".to_owned(),
            actor: "public".to_owned(),
        };
        events.push(v1::Event {
            // several events to a transaction
            position: Some(v1::EventPosition {
                transaction: 700 + u64::try_from(sequence).unwrap() / 3,
                sequence,
            }),
            id: Uuid::now_v7().to_string(),
            r#type: kind.to_owned(),
            submission_id: id,
            time: Some(to_wire(Utc::now())),
            data: serde_json::to_string(&facts).unwrap(),
            correlation_id: "c".to_owned(),
        });
    }

    pub fn append_unreadable(&self) {
        self.append(events::SUBMISSION_CREATED, 1, "new", None);
        self.events.lock().unwrap().last_mut().unwrap().data = "{}".to_owned();
    }

    pub fn create(&self, id: i64) {
        self.append(events::SUBMISSION_CREATED, id, "new", None);
        self.submissions
            .lock()
            .unwrap()
            .insert(id, (day(id), "new"));
    }

    pub fn change(&self, id: i64, status: &'static str) {
        let (_, previous) = self.submissions.lock().unwrap()[&id];
        self.append(
            events::SUBMISSION_STATUS_CHANGED,
            id,
            status,
            Some(previous),
        );
        self.submissions
            .lock()
            .unwrap()
            .insert(id, (day(id), status));
    }

    pub fn delete(&self, id: i64) {
        let (_, status) = self.submissions.lock().unwrap().remove(&id).unwrap();
        self.append(events::SUBMISSION_DELETED, id, status, None);
    }

    /// Some life: creations, changes, deletions, the same for the same range of ids.
    pub fn live(&self, ids: std::ops::Range<i64>) {
        for id in ids {
            self.create(id);
            if id % 2 == 0 {
                self.change(id, STATUSES[usize::try_from(id).unwrap() / 2 % 4]);
            }
            if id % 7 == 0 {
                self.delete(id);
            }
        }
    }

    pub fn len(&self) -> i64 {
        i64::try_from(self.events.lock().unwrap().len()).unwrap()
    }

    /// The counts as somebody would make them who looks at the submissions.
    pub fn truth(&self) -> Counts {
        let mut counts = Counts::new();
        for (day, status) in self.submissions.lock().unwrap().values() {
            *counts
                .entry((day.to_string(), (*status).to_owned()))
                .or_insert(0) += 1;
        }
        counts
    }
}

struct EntityDouble(Arc<Log>);

macro_rules! not_asked {
    ($($call:ident($request:ident) -> $reply:ident;)*) => {
        #[tonic::async_trait]
        impl server::EntityService for EntityDouble {
            async fn list_events(&self, request: Request<v1::ListEventsRequest>) -> Result<Response<v1::ListEventsReply>, Status> {
                self.0.reads.fetch_add(1, Ordering::SeqCst);
                if self.0.away.load(Ordering::SeqCst) {
                    return Err(Status::unavailable("away"));
                }
                if self.0.held_back.load(Ordering::SeqCst) {
                    return Ok(Response::new(v1::ListEventsReply::default()));
                }
                let v1::ListEventsRequest { after, limit } = request.into_inner();
                let after = after.unwrap_or_default();
                let log = self.0.events.lock().unwrap();
                let later = |event: &&v1::Event| {
                    let at = event.position.as_ref().unwrap();
                    (at.transaction, at.sequence) > (after.transaction, after.sequence)
                };
                let events = log.iter().filter(later).take(usize::try_from(limit).unwrap()).cloned().collect();
                Ok(Response::new(v1::ListEventsReply { events }))
            }
            $(async fn $call(&self, _: Request<v1::$request>) -> Result<Response<v1::$reply>, Status> {
                Err(Status::unimplemented("not asked by analytics"))
            })*
        }
    };
}
not_asked! {
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
    get_sync_view(GetSyncViewRequest) -> SyncView;
    apply_remote(ApplyRemoteRequest) -> ApplyRemoteReply;
    record_sync(RecordSyncRequest) -> RecordSyncReply;
    list_unsynced(ListUnsyncedRequest) -> ListUnsyncedReply;
}

pub fn rpc_config() -> keylight_rpc::config::Config {
    keylight_rpc::config::Config {
        token: "a-token-for-tests-only".into(),
        deadline: Duration::from_secs(5),
    }
}

pub async fn serve_entity(log: Arc<Log>, lifecycle: &Lifecycle) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = server::EntityServiceServer::new(EntityDouble(log));
    keylight_rpc::server::serve("entity-double", service, &rpc_config(), listener, lifecycle)
        .unwrap();
    format!("http://{address}")
}

pub fn channel(url: &str) -> Channel {
    keylight_rpc::client::channel(&url.parse().unwrap(), &rpc_config()).unwrap()
}

pub async fn fresh_database() -> Database {
    keylight_testkit::postgres::database(|pool| async move {
        keylight_store::migrate(&pool, &keylight_messaging::postgres::MIGRATOR, "bus").await?;
        keylight_store::migrate(&pool, &app::MIGRATIONS, app::SCHEMA).await
    })
    .await
}

pub fn projector(pool: &PgPool, url: &str, lifecycle: &Lifecycle) -> Projector {
    Projector::new(
        pool.clone(),
        channel(url),
        Arc::new(SystemClock),
        lifecycle.stopping(),
    )
}

pub async fn counted(pool: &PgPool) -> Counts {
    let rows: Vec<(NaiveDate, String, i64)> = sqlx::query_as(
        "SELECT day, status, count FROM analytics.submissions_daily WHERE count <> 0",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(day, status, count)| ((day.to_string(), status), count))
        .collect()
}

/// The whole service.
pub struct Running {
    pub client: AnalyticsServiceClient<Channel>,
    pub bus: Arc<dyn MessageBus>,
    pub lifecycle: Lifecycle,
}

impl Running {
    pub async fn start(database: &Database, entity_url: &str, look_interval: Duration) -> Self {
        let lifecycle = Lifecycle::new();
        // as in one process: one connection for everything
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy(&database.url)
            .unwrap();
        let bus: Arc<dyn MessageBus> = PgBus::new(pool.clone(), Wake::InProcess);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = Config {
            grpc_addr: "127.0.0.1:0".parse().unwrap(),
            entity_url: entity_url.parse().unwrap(),
            look_interval,
            pause: Duration::from_millis(20),
            rpc: rpc_config(),
        };
        let resources = app::Resources {
            pool,
            bus: bus.clone(),
            listener,
            clock: Arc::new(SystemClock),
        };
        app::run(&config, resources, &lifecycle).unwrap();
        keylight_testkit::wait::wait_until("analytics is ready", LONG, || async {
            if lifecycle.readiness().is_ready() {
                Ok(())
            } else {
                Err("not ready".to_owned())
            }
        })
        .await;
        Self {
            client: AnalyticsServiceClient::new(channel(&url)),
            bus,
            lifecycle,
        }
    }

    /// Tells that something happened, as the relay does.
    pub async fn tell(&self) {
        let message = Message {
            id: Uuid::now_v7(),
            topic: events::SUBMISSION_CREATED.to_owned(),
            content_type: events::CONTENT_TYPE.to_owned(),
            payload: bytes::Bytes::from_static(b"whatever: it only wakes"),
            traceparent: None,
        };
        for result in self.bus.publish(vec![message]).await {
            result.unwrap();
        }
    }

    pub async fn answer(&self) -> (Counts, i64) {
        let request = v1::SubmissionsPerDayRequest {
            from: "2026-11-01".to_owned(),
            to: "2026-11-30".to_owned(),
        };
        let reply = self
            .client
            .clone()
            .submissions_per_day(request)
            .await
            .unwrap()
            .into_inner();
        let counts = reply
            .counts
            .into_iter()
            .map(|row| ((row.day, row.status), row.count))
            .collect();
        (counts, reply.as_of_sequence)
    }

    pub async fn until_counted(&self, log: &Log) {
        keylight_testkit::wait::wait_until("the log is counted in", LONG, || async {
            let (counts, as_of) = self.answer().await;
            if counts == log.truth() && as_of == log.len() {
                Ok(())
            } else {
                Err(format!("as of {as_of} of {}", log.len()))
            }
        })
        .await;
    }
}
