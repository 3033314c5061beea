//! The running service with a database of its own, and a bus that remembers.

use async_trait::async_trait;
use entity_service::{
    access::first_start::Announce,
    app::{self, MIGRATIONS, Resources, SCHEMA},
    config::Config,
};
use keylight_contracts::{
    events::{CloudEvent, decode},
    v1::{self, entity_service_client::EntityServiceClient},
};
use keylight_domain::error::DomainError;
use keylight_messaging::{BusError, Depth, Message, MessageBus, PublishError, Queue, Subscription};
use keylight_rpc::{client, status::error_of};
use keylight_runtime::{clock::SystemClock, config::Reader, lifecycle::Lifecycle};
use keylight_testkit::{postgres::Database, proxy::FaultProxy, wait::wait_until};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;
use url::Url;

/// Long enough for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(240);
const TOKEN: &str = "a service token for tests";

pub type Client = EntityServiceClient<client::Channel>;

/// Remembers what was published, or refuses everything.
#[derive(Default)]
pub struct Recorder {
    published: Mutex<Vec<Message>>,
    pub away: AtomicBool,
}

impl Recorder {
    pub fn events(&self) -> Vec<CloudEvent> {
        let published = self.published.lock().unwrap();
        published
            .iter()
            .flat_map(|message| decode(&message.content_type, &message.payload).unwrap())
            .collect()
    }
}

#[async_trait]
impl MessageBus for Recorder {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        if self.away.load(Ordering::SeqCst) {
            return messages
                .iter()
                .map(|_| Err(PublishError::NotConnected))
                .collect();
        }
        let results = messages.iter().map(|_| Ok(())).collect();
        self.published.lock().unwrap().extend(messages);
        results
    }

    async fn subscribe(&self, _: &'static Queue) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError("this bus only remembers".to_owned()))
    }

    async fn depth(&self, _: &'static Queue) -> Result<Depth, BusError> {
        Ok(Depth::default())
    }

    fn connected(&self) -> bool {
        !self.away.load(Ordering::SeqCst)
    }
}

pub struct System {
    pub client: Client,
    /// For the clients of the other services on the same listener.
    pub channel: client::Channel,
    pub address: String,
    /// For looking behind the scenes.
    pub pool: PgPool,
    pub bus: Arc<Recorder>,
    pub lifecycle: Lifecycle,
    // dropped last
    pub database: Arc<Database>,
}

impl System {
    pub async fn start() -> Self {
        Self::start_with(8, |_| {}).await
    }

    /// With so many connections, after `adjust` has had its way with the settings.
    pub async fn start_with(connections: u32, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::on(Self::database().await, connections, adjust).await
    }

    /// A database with the schema in it.
    pub async fn database() -> Arc<Database> {
        let migrate =
            |pool: PgPool| async move { keylight_store::migrate(&pool, &MIGRATIONS, SCHEMA).await };
        Arc::new(keylight_testkit::postgres::database(migrate).await)
    }

    /// With one connection, for which nobody waits longer than this.
    pub async fn start_impatient(wait: Duration) -> Self {
        let database = Self::database().await;
        let url = database.url.clone();
        Self::over(database, &url, 1, wait, |_| {}).await
    }

    /// The same, with a proxy before the database.
    pub async fn start_behind_proxy(wait: Duration) -> (Self, FaultProxy) {
        let database = Self::database().await;
        let mut url = Url::parse(&database.url).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let proxy = FaultProxy::before(target).await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(proxy.address().port())).unwrap();
        let system = Self::over(database, url.as_str(), 1, wait, |_| {}).await;
        (system, proxy)
    }

    /// One more process on the same database.
    pub async fn on(
        database: Arc<Database>,
        connections: u32,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        let url = database.url.clone();
        Self::over(database, &url, connections, Duration::from_secs(10), adjust).await
    }

    /// The same with somebody who is told the first password.
    pub async fn announcing(database: Arc<Database>, announce: Announce) -> Self {
        let url = database.url.clone();
        let wait = Duration::from_secs(10);
        Self::told(database, &url, 4, wait, |_| {}, Some(announce)).await
    }

    async fn over(
        database: Arc<Database>,
        url: &str,
        connections: u32,
        wait: Duration,
        adjust: impl FnOnce(&mut Config),
    ) -> Self {
        Self::told(database, url, connections, wait, adjust, None).await
    }

    async fn told(
        database: Arc<Database>,
        url: &str,
        connections: u32,
        wait: Duration,
        adjust: impl FnOnce(&mut Config),
        announce: Option<Announce>,
    ) -> Self {
        let env = HashMap::from([("KEYLIGHT_SERVICE_TOKEN".to_owned(), TOKEN.to_owned())]);
        let mut reader = Reader::new(env);
        let mut config = Config::read(&mut reader);
        adjust(&mut config);
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(wait)
            .test_before_acquire(false)
            .connect(url)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (bus, lifecycle) = (Arc::new(Recorder::default()), Lifecycle::new());
        let resources = Resources {
            pool,
            bus: bus.clone(),
            listener,
            clock: Arc::new(SystemClock),
            alone: false,
            announce,
        };
        app::run(&config, resources, &lifecycle).unwrap();
        let channel = client::channel(&url, &config.rpc).unwrap();
        let client = EntityServiceClient::new(channel.clone());
        wait_until("the service is ready", PATIENCE, || async {
            let readiness = lifecycle.readiness();
            if readiness.is_ready() {
                Ok(())
            } else {
                Err(format!("{readiness:?}"))
            }
        })
        .await;
        Self {
            client,
            channel,
            address: url.to_string(),
            pool: database.pool.clone(),
            bus,
            lifecycle,
            database,
        }
    }

    pub async fn create(
        &self,
        request: v1::CreateSubmissionRequest,
    ) -> Result<v1::Submission, DomainError> {
        let answer = self.client.clone().create_submission(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| error_of(&status))
    }

    pub async fn get(&self, id: i64) -> Result<v1::Submission, DomainError> {
        let answer = self
            .client
            .clone()
            .get_submission(v1::GetSubmissionRequest {
                id,
                ..Default::default()
            })
            .await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| error_of(&status))
    }

    pub async fn update(
        &self,
        id: i64,
        status: &str,
        notes: Option<&str>,
    ) -> Result<v1::Submission, DomainError> {
        let request = v1::UpdateSubmissionStatusRequest {
            id,
            status: status.to_owned(),
            admin_notes: notes.map(ToOwned::to_owned),
            actor: "admin-token".to_owned(),
            correlation_id: String::new(),
            ..Default::default()
        };
        let answer = self.client.clone().update_submission_status(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| error_of(&status))
    }

    pub async fn delete(&self, id: i64) -> Result<v1::Submission, DomainError> {
        let request = v1::DeleteSubmissionRequest {
            id,
            actor: "admin-token".to_owned(),
            correlation_id: String::new(),
            ..Default::default()
        };
        let answer = self.client.clone().delete_submission(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| error_of(&status))
    }

    /// Rows of one of the service's tables.
    pub async fn count(&self, table: &'static str) -> i64 {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM entity.{table}"));
        sqlx::query_scalar(statement)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// A staff account that can be assigned to.
    pub async fn assignee(&self) -> String {
        let id = uuid::Uuid::now_v7();
        sqlx::query(
            "INSERT INTO entity.staff (id, username, full_name, role, password_hash, must_change_password, created_at, updated_at)
             VALUES ($1, 'ada-' || left($1::text, 13), 'Ada', 'manager', '$argon2id$', false, now(), now())",
        )
        .bind(id)
        .execute(&self.pool)
        .await
        .unwrap();
        id.to_string()
    }

    /// Waits until the outbox is empty and gives every event that was published.
    pub async fn published(&self) -> Vec<CloudEvent> {
        wait_until("the outbox is empty", PATIENCE, || async {
            match self.count("outbox").await {
                0 => Ok(()),
                rows => Err(format!("{rows} rows")),
            }
        })
        .await;
        self.bus.events()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// What a call came to.
pub fn told<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> Result<T, DomainError> {
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| error_of(&status))
}

/// Somebody of the staff, with a reason.
pub fn staff() -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: "staff:ada".to_owned(),
        reason: "asked for on the phone".to_owned(),
        ..Default::default()
    })
}

/// A request that may come twice.
pub fn key(key: &str, request: &str) -> Option<v1::Idempotency> {
    Some(v1::Idempotency {
        key: key.to_owned(),
        fingerprint: request.as_bytes().to_vec(),
    })
}

/// A complete application of this address.
pub fn application(email: &str) -> v1::CreateSubmissionRequest {
    v1::CreateSubmissionRequest {
        full_name: "Ada Probe".to_owned(),
        email_address: email.to_owned(),
        phone_number: "555-123-4567".to_owned(),
        company_name: None,
        buyer_category: "homebuyer".to_owned(),
        financing_plan: "self_funding".to_owned(),
        interested_in_preferred_lender: false,
        land_status: "own_land".to_owned(),
        lot_address: Some("1 Elm St".to_owned()),
        needs_help_finding_land: false,
        preferred_area_description: None,
        build_budget: "350k_400k".to_owned(),
        construction_timeline: "6_to_12_months".to_owned(),
        project_description: "A small house.".to_owned(),
        referral_source: String::new(),
        correlation_id: String::new(),
        ..Default::default()
    }
}
