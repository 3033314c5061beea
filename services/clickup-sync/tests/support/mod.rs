//! The sync worker with a real database and a real simulator; entity-service and the webhook gateway are stand-ins.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test binary uses a part; a failure should panic"
)]

pub mod entity;
pub mod virtual_time;

use axum::{Router, body::Bytes, extract::State, routing::post};
use chrono::{TimeDelta, Utc};
use clickup_sync::{app, config};
use entity::{Contract, Entity};
use keylight_clickup::delivery::Delivery;
use keylight_clickup_sim::{Sim, SimConfig};
use keylight_contracts::events::{
    CLICKUP_TASK_HINT, CONTENT_TYPE, CloudEvent, HistoryItem, TaskHint,
};
use keylight_contracts::v1::entity_service_server::EntityServiceServer;
use keylight_messaging::postgres::{PgBus, Wake};
use keylight_messaging::{Message, MessageBus};
use keylight_runtime::{
    clock::{Clock, SystemClock},
    lifecycle::Lifecycle,
};
use keylight_store::sealed::{self, Keyring};
use keylight_testkit::postgres::{Database, database};
use keylight_testkit::wait::wait_until;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;
use uuid::Uuid;
use virtual_time::VirtualTime;

pub const LONG: Duration = Duration::from_secs(240);
pub const LIST: &str = "901001001";

/// How a system is set up.
pub struct Setup {
    pub rate_limit: u32,
    pub window: Duration,
    pub webhook: bool,
    pub sweep_interval: Duration,
    pub mapping_check_interval: Duration,
    pub call_timeout: Duration,
    pub lease: TimeDelta,
    /// one connection for bus and worker together, as in the embedded set-up
    pub one_connection: bool,
    /// none, unless a test is about it: most count calls
    pub canary_interval: Duration,
    /// what takes the place of the machine's time
    pub time: Option<Arc<VirtualTime>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            rate_limit: 10_000,
            window: Duration::from_secs(60),
            webhook: true,
            // off, unless a test is about it
            sweep_interval: Duration::from_secs(3600),
            mapping_check_interval: Duration::from_secs(3600),
            call_timeout: Duration::from_millis(800),
            lease: TimeDelta::seconds(5),
            one_connection: false,
            canary_interval: Duration::ZERO,
            time: None,
        }
    }
}

#[derive(Clone)]
struct Gateway {
    bus: Arc<dyn MessageBus>,
    deaf: Arc<AtomicBool>,
}

pub struct System {
    pub database: Database,
    /// what the workers use
    pub pool: PgPool,
    pub bus: Arc<dyn MessageBus>,
    pub entity: Arc<Entity>,
    pub gateway_deaf: Arc<AtomicBool>,
    pub sim: Sim,
    pub sim_url: String,
    pub http: reqwest::Client,
    entity_url: Url,
    webhook_url: Option<Url>,
    setup: Setup,
    clock: Arc<dyn Clock>,
    /// where the last worker answers gRPC
    sync_url: String,
    lives: Vec<Lifecycle>,
    _stop: DropGuard,
}

impl System {
    /// Everything but a worker.
    pub async fn prepare(setup: Setup) -> Self {
        keylight_runtime::tls::install();
        let database = database(|pool: PgPool| async move {
            keylight_store::migrate::migrate(&pool, &keylight_messaging::postgres::MIGRATOR, "bus")
                .await?;
            keylight_store::migrate::migrate(&pool, &app::MIGRATIONS, app::SCHEMA).await
        })
        .await;
        let (pool, wake) = if setup.one_connection {
            let options = sqlx::postgres::PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(Duration::from_secs(5));
            (
                options.connect(&database.url).await.unwrap(),
                Wake::InProcess,
            )
        } else if setup.time.is_some() {
            // nothing outside of the runtime may wake it but the answers that are waited for
            (database.pool.clone(), Wake::InProcess)
        } else {
            (database.pool.clone(), Wake::Listen)
        };
        let clock: Arc<dyn Clock> = match &setup.time {
            Some(time) => {
                time.waits_for(&pool);
                time.waits_for(&database.pool);
                time.clone()
            }
            None => Arc::new(SystemClock),
        };
        let bus: Arc<dyn MessageBus> = PgBus::new(pool.clone(), wake);
        let stop = CancellationToken::new();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sim_url = format!("http://{}", listener.local_addr().unwrap());
        let sim = Sim::new(SimConfig {
            rate_limit: setup.rate_limit,
            window: setup.window,
            ..SimConfig::default()
        })
        .unwrap();
        if let Some(time) = &setup.time {
            time.move_along(sim.clone());
        }
        tokio::spawn(keylight_clickup_sim::serve(
            listener,
            sim.clone(),
            stop.child_token(),
        ));

        let entity = Arc::new(Entity::new(bus.clone(), clock.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let entity_url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let life = Lifecycle::new();
        let contract = EntityServiceServer::new(Contract(entity.clone()));
        keylight_rpc::server::serve("entity", contract, &rpc(), listener, &life).unwrap();

        let gateway = Gateway {
            bus: bus.clone(),
            deaf: Arc::default(),
        };
        let gateway_deaf = gateway.deaf.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook_url = format!(
            "http://{}/webhooks/clickup/intake",
            listener.local_addr().unwrap()
        );
        let router = Router::new()
            .route("/webhooks/clickup/intake", post(receive))
            .with_state(gateway);
        let stopped = stop.child_token();
        tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped.cancelled_owned())
                .await
        });
        let webhook_url = setup.webhook.then(|| Url::parse(&webhook_url).unwrap());
        Self {
            database,
            pool,
            bus,
            entity,
            gateway_deaf,
            sim,
            sim_url,
            http: reqwest::Client::new(),
            entity_url,
            webhook_url,
            setup,
            clock,
            sync_url: String::new(),
            lives: vec![life],
            _stop: stop.drop_guard(),
        }
    }

    /// Everything with one worker that has looked around.
    pub async fn start(setup: Setup) -> Self {
        let mut system = Self::prepare(setup).await;
        system.worker().await;
        system.ready().await;
        system
    }

    pub async fn ready(&self) {
        if self.webhook_url.is_some() {
            wait_until("the webhook is registered", LONG, || async {
                let count = self
                    .count("SELECT count(*) FROM sync.webhooks WHERE sealed_secret IS NOT NULL")
                    .await;
                if count == 1 {
                    Ok(())
                } else {
                    Err(format!("{count} webhooks"))
                }
            })
            .await;
        }
        self.clear_log().await;
    }

    pub fn config(&self) -> config::Config {
        config::Config {
            grpc_addr: "127.0.0.1:0".parse().unwrap(),
            entity_url: self.entity_url.clone(),
            account: Some(config::Account {
                base_url: Url::parse(&format!("{}/api", self.sim_url)).unwrap(),
                token: "pk_1_SERVICE".into(),
                team_id: None,
                list_id: LIST.to_owned(),
                webhook_url: self.webhook_url.clone(),
                rules: Default::default(),
                call_timeout: self.setup.call_timeout,
            }),
            connection: config::Connection {
                base_url: Url::parse(&format!("{}/api", self.sim_url)).unwrap(),
                webhook_url: self.webhook_url.clone(),
                rules: Default::default(),
                call_timeout: self.setup.call_timeout,
            },
            sweep_interval: self.setup.sweep_interval,
            sweep_overlap: TimeDelta::seconds(60),
            concurrency: 8,
            lease: self.setup.lease,
            settle: TimeDelta::milliseconds(500),
            repair_interval: Duration::from_millis(500),
            call_log: config::CallLogKept {
                age: TimeDelta::days(7),
                rows: 500_000,
            },
            mapping_check_interval: self.setup.mapping_check_interval,
            canary_interval: self.setup.canary_interval,
            rpc: rpc(),
            keyring: keyring(),
        }
    }

    /// Starts another worker process.
    pub async fn worker(&mut self) -> Lifecycle {
        self.worker_with(self.config()).await
    }

    /// The same with other settings.
    pub async fn worker_with(&mut self, config: config::Config) -> Lifecycle {
        let life = Lifecycle::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.sync_url = format!("http://{}", listener.local_addr().unwrap());
        let resources = app::Resources {
            pool: self.pool.clone(),
            bus: self.bus.clone(),
            listener,
            clock: self.clock.clone(),
        };
        app::run(config, resources, &life).await.unwrap();
        self.lives.push(life.clone());
        life
    }

    pub fn sync_url(&self) -> String {
        self.sync_url.clone()
    }

    /// A channel to the last worker, as other services have one.
    pub fn channel(&self) -> keylight_rpc::client::Channel {
        keylight_rpc::client::channel(&Url::parse(&self.sync_url).unwrap(), &rpc()).unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let text = self
            .http
            .get(format!("{}{path}", self.sim_url))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"))
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let response = self
            .http
            .post(format!("{}{path}", self.sim_url))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn fault(&self, fault: Value) {
        self.post("/_sim/faults", json!({ "faults": [fault] }))
            .await;
    }

    pub async fn no_faults(&self) {
        self.http
            .delete(format!("{}/_sim/faults", self.sim_url))
            .send()
            .await
            .unwrap();
    }

    /// A webhook that does not say what happened to a task.
    pub async fn vague_hint(&self, task: &str) {
        let hint = TaskHint {
            delivery_id: Uuid::now_v7(),
            webhook: "intake".into(),
            event: "taskUpdated".into(),
            task_id: task.into(),
            history: Vec::new(),
        };
        publish(&self.bus, hint).await;
    }

    pub async fn down(&self, mode: &str) {
        self.post("/_sim/down", json!({ "mode": mode })).await;
    }

    pub async fn up(&self) {
        self.post("/_sim/up", json!({})).await;
    }

    pub async fn clear_log(&self) {
        self.http
            .delete(format!("{}/_sim/log", self.sim_url))
            .send()
            .await
            .unwrap();
    }

    pub async fn log(&self) -> Vec<Value> {
        let log = self.get("/_sim/log?limit=100000").await;
        log["entries"].as_array().unwrap().clone()
    }

    /// Calls that touch tasks, as `METHOD /path`, without the list queries of sweeps and searches.
    pub async fn task_calls(&self) -> Vec<String> {
        self.log()
            .await
            .iter()
            .map(|entry| {
                format!(
                    "{} {}",
                    entry["method"].as_str().unwrap(),
                    entry["path"].as_str().unwrap()
                )
            })
            .filter(|line| line.contains("/task") && !line.starts_with("GET /api/v2/list"))
            .collect()
    }

    pub async fn tasks(&self) -> Vec<Value> {
        self.tasks_in(LIST).await
    }

    pub async fn tasks_in(&self, list: &str) -> Vec<Value> {
        let tasks = self.get(&format!("/_sim/tasks?list={list}")).await;
        tasks["tasks"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("{tasks}"))
    }

    pub async fn task(&self, id: &str) -> Value {
        let tasks = self.tasks().await;
        tasks.into_iter().find(|task| task["id"] == id).unwrap()
    }

    /// Waits until every submission is synchronised.
    pub async fn synced(&self) {
        wait_until("everything is synchronised", LONG, || async {
            let waiting: Vec<String> = self
                .entity
                .all()
                .iter()
                .filter(|submission| submission.sync_state != "synced")
                .map(|submission| format!("{} {}", submission.id, submission.sync_state))
                .collect();
            if waiting.is_empty() {
                Ok(())
            } else {
                Err(format!("{waiting:?}"))
            }
        })
        .await;
    }

    /// Waits until nothing is due, no message is on its way and every webhook is delivered, twice in a row.
    pub async fn at_rest(&self) {
        let calm = AtomicBool::new(false);
        wait_until("the system is at rest", LONG, || async {
            let due = self
                .count("SELECT count(*) FROM sync.links WHERE due_at IS NOT NULL")
                .await;
            let health = self.get("/_sim/health").await;
            let messages = self
                .bus
                .depth(&keylight_messaging::topology::CHANGES)
                .await
                .unwrap();
            let hints = self
                .bus
                .depth(&keylight_messaging::topology::HINTS)
                .await
                .unwrap();
            let waiting = messages.ready + messages.delayed + hints.ready + hints.delayed;
            let deliveries = health["deliveries"].to_string();
            let busy = health["deliveries"].as_object().is_some_and(|view| {
                view.iter()
                    .any(|(key, value)| key.contains("waiting") && value.as_u64() > Some(0))
            });
            tokio::time::sleep(Duration::from_millis(100)).await;
            if due == 0 && waiting == 0 && !busy {
                if calm.swap(true, Ordering::SeqCst) {
                    return Ok(());
                }
            } else {
                calm.store(false, Ordering::SeqCst);
            }
            Err(format!(
                "{due} due, {waiting} messages, deliveries {deliveries}"
            ))
        })
        .await;
    }

    /// Exactly one task for each submission, with equal status and drop-downs.
    pub async fn assert_equal(&self) {
        let tasks = self.tasks().await;
        let submissions = self.entity.all();
        assert_eq!(tasks.len(), submissions.len(), "one task each");
        for submission in submissions {
            let id = submission.clickup_task_id.clone().unwrap();
            let task = tasks.iter().find(|task| task["id"] == id.as_str()).unwrap();
            assert_eq!(
                task["status"]["status"].as_str(),
                submission.status.as_deref()
            );
            assert!(
                task["name"]
                    .as_str()
                    .unwrap()
                    .starts_with(&submission.full_name),
                "{}",
                task["name"]
            );
            let text = task["description"].as_str().unwrap();
            assert!(text.contains(&format!("KL-{}-", submission.id)), "{text}");
            assert!(text.contains(&submission.email_address), "{text}");
            assert!(submission.clickup_url.as_deref().unwrap().contains(&id));
            let budget = chosen(task, "Budget").unwrap();
            let expected = keylight_domain::sync::labels::label(
                keylight_domain::sync::Field::Budget,
                &submission.build_budget,
            );
            assert_eq!(budget, expected);
        }
    }

    pub async fn assert_no_refusals(&self) {
        let refused = self
            .log()
            .await
            .iter()
            .filter(|entry| entry["status"] == 429)
            .count();
        assert_eq!(refused, 0, "the rate limit was hit");
    }
}

impl Drop for System {
    fn drop(&mut self) {
        for life in &self.lives {
            life.stop();
        }
    }
}

/// The name of the option that a task shows for a drop-down.
pub fn chosen(task: &Value, field: &str) -> Option<String> {
    let field = task["custom_fields"]
        .as_array()?
        .iter()
        .find(|one| one["name"] == field)?;
    let place = field.get("value")?;
    let option = field["type_config"]["options"]
        .as_array()?
        .iter()
        .find(|option| option["orderindex"] == *place)?;
    Some(option["name"].as_str()?.to_owned())
}

/// The same keys for all workers of a test.
pub fn keyring() -> Keyring {
    static KEYS: LazyLock<Keyring> =
        LazyLock::new(|| Keyring::parse(&sealed::new_key("test")).unwrap());
    KEYS.clone()
}

fn rpc() -> keylight_rpc::config::Config {
    keylight_rpc::config::Config {
        token: "a-token-for-tests-only".into(),
        deadline: Duration::from_secs(5),
    }
}

/// What the gateway does, without its ledger.
async fn receive(State(gateway): State<Gateway>, body: Bytes) -> axum::http::StatusCode {
    if gateway.deaf.load(Ordering::SeqCst) {
        // the webhook is lost, and its sender thinks it is not
        return axum::http::StatusCode::OK;
    }
    let delivery: Delivery = serde_json::from_slice(&body).unwrap();
    let Some(task_id) = delivery.task_id.clone() else {
        return axum::http::StatusCode::OK;
    };
    let history = delivery.history_items.iter().map(|item| HistoryItem {
        id: item.id.clone(),
        field: item.field.clone(),
        custom_field_id: item.custom_field_id().map(ToOwned::to_owned),
        after: matches!(item.field.as_str(), "status" | "priority" | "custom_field")
            .then(|| item.after.clone()),
        date_ms: item.date,
        user_id: item.user_id(),
    });
    let hint = TaskHint {
        delivery_id: Uuid::now_v7(),
        webhook: "intake".into(),
        event: delivery.event.clone(),
        task_id: task_id.clone(),
        history: history.collect(),
    };
    publish(&gateway.bus, hint).await;
    axum::http::StatusCode::OK
}

async fn publish(bus: &Arc<dyn MessageBus>, hint: TaskHint) {
    let subject = format!("task/{}", hint.task_id);
    let mut event = CloudEvent::new(
        Uuid::now_v7(),
        "/webhook-gateway",
        CLICKUP_TASK_HINT,
        subject,
        Utc::now(),
        "c".into(),
    );
    event.data = serde_json::to_value(hint).unwrap();
    let message = Message {
        id: event.id,
        topic: CLICKUP_TASK_HINT.to_owned(),
        content_type: CONTENT_TYPE.to_owned(),
        payload: serde_json::to_vec(&event).unwrap().into(),
        traceparent: None,
    };
    for result in bus.publish(vec![message]).await {
        result.unwrap();
    }
}
