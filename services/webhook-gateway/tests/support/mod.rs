//! A gateway on a database of its own, with a stand-in for clickup-sync, as a sender of webhooks sees it.
#![allow(
    dead_code,
    missing_docs,
    clippy::unwrap_used,
    reason = "each test binary uses a part; a failure should panic"
)]

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use keylight_clickup::signature;
use keylight_contracts::{
    events::{self, CloudEvent},
    v1::{
        GetLinkRequest, GetSyncStatusRequest, GetWebhookReply, GetWebhookRequest, Link,
        ListApiCallsReply, ListApiCallsRequest, SyncStatus,
        sync_service_server::{SyncService, SyncServiceServer},
    },
};
use keylight_messaging::{
    MessageBus,
    postgres::{PgBus, Wake},
    topology,
};
use keylight_runtime::{clock::SystemClock, lifecycle::Lifecycle};
use keylight_store::sealed::{self, Keyring};
use keylight_testkit::{postgres::Database, wait::wait_until};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;
use tonic::{Response, Status};
use tower::ServiceExt as _;
use webhook_gateway::{Config, app};

pub const LONG: Duration = Duration::from_secs(240);
pub const SECRET: &str = "first-secret";

/// What the stand-in for clickup-sync knows.
#[derive(Default)]
pub struct Told {
    pub secrets: Mutex<HashMap<String, Vec<String>>>,
    pub asked: AtomicUsize,
}

impl Told {
    pub fn set(&self, name: &str, secrets: &[&str]) {
        let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        self.secrets
            .lock()
            .unwrap()
            .insert(name.to_owned(), secrets);
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

struct SyncDouble(Arc<Told>);

#[tonic::async_trait]
impl SyncService for SyncDouble {
    async fn get_webhook(
        &self,
        request: tonic::Request<GetWebhookRequest>,
    ) -> Result<Response<GetWebhookReply>, Status> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let secrets = self
            .0
            .secrets
            .lock()
            .unwrap()
            .get(&request.into_inner().name)
            .cloned();
        Ok(Response::new(GetWebhookReply {
            found: secrets.is_some(),
            webhook_id: "w-1".to_owned(),
            secrets: secrets.unwrap_or_default(),
        }))
    }

    async fn get_link(&self, _: tonic::Request<GetLinkRequest>) -> Result<Response<Link>, Status> {
        Err(Status::unimplemented("not asked by the gateway"))
    }

    async fn get_sync_status(
        &self,
        _: tonic::Request<GetSyncStatusRequest>,
    ) -> Result<Response<SyncStatus>, Status> {
        Err(Status::unimplemented("not asked by the gateway"))
    }

    async fn list_api_calls(
        &self,
        _: tonic::Request<ListApiCallsRequest>,
    ) -> Result<Response<ListApiCallsReply>, Status> {
        Err(Status::unimplemented("not asked by the gateway"))
    }
}

pub fn rpc_config() -> keylight_rpc::config::Config {
    keylight_rpc::config::Config {
        token: "a-token-for-tests-only".into(),
        deadline: Duration::from_secs(5),
    }
}

/// The same keys for all gateways of a test.
pub fn keyring() -> Keyring {
    static KEYS: LazyLock<Keyring> =
        LazyLock::new(|| Keyring::parse(&sealed::new_key("test")).unwrap());
    KEYS.clone()
}

/// Serves the stand-in until the lifecycle ends; returns its URL.
pub async fn serve_sync(told: Arc<Told>, lifecycle: &Lifecycle) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = SyncServiceServer::new(SyncDouble(told));
    keylight_rpc::server::serve("sync-double", service, &rpc_config(), listener, lifecycle)
        .unwrap();
    format!("http://{address}")
}

/// An URL where nobody answers.
pub fn nowhere() -> String {
    format!("http://127.0.0.1:{}", keylight_testkit::free_port())
}

pub fn config(sync_url: &str) -> Config {
    Config {
        addr: "127.0.0.1:0".parse().unwrap(),
        grpc_addr: "127.0.0.1:0".parse().unwrap(),
        sync_url: sync_url.parse().unwrap(),
        retention: Duration::from_secs(3600),
        renewal: Duration::from_secs(3600),
        rpc: rpc_config(),
        keyring: keyring(),
        spool: None,
        forged_limit: 0,
        trusted_proxies: 0,
    }
}

pub async fn resources(pool: PgPool) -> app::Resources {
    app::Resources {
        bus: PgBus::new(pool.clone(), Wake::InProcess),
        pool,
        grpc: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        clock: Arc::new(SystemClock),
        alone: false,
    }
}

pub struct Gateway {
    pub routes: Router,
    pub pool: PgPool,
    pub bus: Arc<dyn MessageBus>,
    pub lifecycle: Lifecycle,
    pub told: Arc<Told>,
    grpc: SocketAddr,
}

pub async fn fresh_database() -> Database {
    keylight_testkit::postgres::database(|pool| async move {
        keylight_store::migrate(&pool, &keylight_messaging::postgres::MIGRATOR, "bus").await
    })
    .await
}

pub async fn small_pool(url: &str, size: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(2))
        .test_before_acquire(false)
        .connect_lazy(url)
        .unwrap()
}

impl Gateway {
    /// With a stand-in that knows `intake` with [`SECRET`].
    pub async fn start(database: &Database) -> Self {
        let told = Arc::new(Told::default());
        told.set("intake", &[SECRET]);
        let lifecycle = Lifecycle::new();
        let url = serve_sync(told.clone(), &lifecycle).await;
        Self::start_with(database.pool.clone(), &url, told, lifecycle).await
    }

    pub async fn start_with(
        pool: PgPool,
        sync_url: &str,
        told: Arc<Told>,
        lifecycle: Lifecycle,
    ) -> Self {
        let bus: Arc<dyn MessageBus> = PgBus::new(pool.clone(), Wake::InProcess);
        let config = config(sync_url);
        Self::configured(&config, pool, bus, told, lifecycle).await
    }

    pub async fn configured(
        config: &Config,
        pool: PgPool,
        bus: Arc<dyn MessageBus>,
        told: Arc<Told>,
        lifecycle: Lifecycle,
    ) -> Self {
        let resources = app::Resources {
            bus: bus.clone(),
            ..resources(pool.clone()).await
        };
        let grpc = resources.grpc.local_addr().unwrap();
        let routes = app::build(config, resources, &lifecycle).unwrap();
        wait_until("the gateway is ready", LONG, || async {
            if lifecycle.readiness().is_ready() {
                Ok(())
            } else {
                Err("not ready".to_owned())
            }
        })
        .await;
        Self {
            routes,
            pool,
            bus,
            lifecycle,
            told,
            grpc,
        }
    }

    /// A channel to its gRPC listener, as other programs have one.
    pub fn grpc(&self) -> keylight_rpc::client::Channel {
        let url = format!("http://{}", self.grpc).parse().unwrap();
        keylight_rpc::client::channel(&url, &rpc_config()).unwrap()
    }

    /// Sends a body as ClickUp does.
    pub async fn post(
        &self,
        name: &str,
        body: &str,
        signature: Option<&str>,
    ) -> (StatusCode, String) {
        let mut request = Request::post(format!("/webhooks/clickup/{name}"))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(signature) = signature {
            request = request.header("X-Signature", signature);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    pub async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        assert!(
            status != StatusCode::UNAUTHORIZED && status != StatusCode::GONE,
            "clickup would suspend the webhook"
        );
        assert_eq!(
            response.headers().contains_key(header::RETRY_AFTER),
            [
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::TOO_MANY_REQUESTS
            ]
            .contains(&status)
        );
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    pub async fn signed(&self, name: &str, body: &str, secret: &str) -> StatusCode {
        let signature = signature::sign(secret.as_bytes(), body.as_bytes());
        self.post(name, body, Some(&signature)).await.0
    }

    pub async fn ledger(&self) -> Vec<(String, Option<String>, Option<String>)> {
        sqlx::query_as(
            "SELECT kind, event, object_id FROM webhook.deliveries ORDER BY received_at, id",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// The hints that were published, `expected` of them and not one more.
    pub async fn hints(&self, expected: usize) -> Vec<CloudEvent> {
        wait_until("the outbox is empty", LONG, || async {
            let left: i64 = sqlx::query_scalar("SELECT count(*) FROM webhook.outbox")
                .fetch_one(&self.pool)
                .await
                .unwrap();
            if left == 0 {
                Ok(())
            } else {
                Err(format!("{left} rows"))
            }
        })
        .await;
        let mut subscription = self.bus.subscribe(&topology::HINTS).await.unwrap();
        let mut hints = Vec::new();
        while hints.len() < expected {
            let deliveries = tokio::time::timeout(LONG, subscription.next_batch(100))
                .await
                .expect("hints come");
            for delivery in deliveries {
                hints.extend(
                    events::decode(&delivery.message.content_type, &delivery.message.payload)
                        .unwrap(),
                );
                delivery.ack().await;
            }
        }
        assert_eq!(hints.len(), expected);
        let depth = self.bus.depth(&topology::HINTS).await.unwrap();
        assert_eq!((depth.ready, depth.delayed, depth.dead), (0, 0, 0));
        hints
    }
}

pub fn status_change(event: &str, task: &str, item: &str) -> String {
    format!(
        r#"{{"event":"{event}","task_id":"{task}","webhook_id":"w-1","history_items":[{{"id":"{item}","field":"status","date":"1642735110657","user":{{"id":183,"username":"Jane Doe"}},"after":{{"status":"reviewed"}}}}]}}"#
    )
}
