//! The two services with a database of their own, and ways to ask.

use async_trait::async_trait;
use axum::{Router, body::Body};
use entity_service::app::{MIGRATIONS, SCHEMA};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use keylight_messaging::{BusError, Depth, Message, MessageBus, PublishError, Queue, Subscription};
use keylight_runtime::{clock::SystemClock, config::Reader, lifecycle::Lifecycle};
use keylight_testkit::{postgres::Database, wait::wait_until};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use url::Url;

pub const TOKEN: &str = "an admin token for tests";
const PATIENCE: Duration = Duration::from_secs(240);

/// Takes everything and keeps nothing.
struct Nowhere;

#[async_trait]
impl MessageBus for Nowhere {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), PublishError>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn subscribe(&self, _: &'static Queue) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError("nothing ever comes".to_owned()))
    }

    async fn depth(&self, _: &'static Queue) -> Result<Depth, BusError> {
        Ok(Depth::default())
    }

    fn connected(&self) -> bool {
        true
    }
}

pub struct System {
    router: Router,
    lifecycle: Lifecycle,
    // dropped last
    _database: Database,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
}

impl Answer {
    /// Insists on a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.json);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub fn data(&self) -> &Value {
        &self.json["data"]
    }

    /// The ids of a list.
    pub fn ids(&self) -> Vec<i64> {
        let rows = self.data().as_array().unwrap();
        rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }

    /// The frame's code and message.
    pub fn told(&self) -> (&str, &str) {
        (
            self.json["code"].as_str().unwrap_or_default(),
            self.json["message"].as_str().unwrap_or_default(),
        )
    }
}

impl System {
    pub async fn start() -> Self {
        let migrate =
            |pool: PgPool| async move { keylight_store::migrate(&pool, &MIGRATIONS, SCHEMA).await };
        let database = keylight_testkit::postgres::database(migrate).await;
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_secs(20))
            .connect(&database.url)
            .await
            .unwrap();
        let env: HashMap<String, String> = [
            ("KEYLIGHT_SERVICE_TOKEN", "a service token for tests"),
            ("KEYLIGHT_ADMIN_TOKEN", TOKEN),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let lifecycle = Lifecycle::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let resources = entity_service::app::Resources {
            pool,
            bus: Arc::new(Nowhere),
            listener,
            clock: Arc::new(SystemClock),
            alone: true,
            announce: None,
        };
        let config = entity_service::config::Config::read(&mut Reader::new(env.clone()));
        entity_service::app::run(&config, resources, &lifecycle).unwrap();
        let mut config = intake_api::config::Config::read(&mut Reader::new(env));
        config.entity_url = Url::parse(&format!("http://{address}")).unwrap();
        let deps = intake_api::app::Deps::connect(&config).unwrap();
        let router = intake_api::app::build(&config, deps).unwrap();
        wait_until("the services are ready", PATIENCE, || async {
            let readiness = lifecycle.readiness();
            if readiness.is_ready() {
                Ok(())
            } else {
                Err(format!("{readiness:?}"))
            }
        })
        .await;
        Self {
            router,
            lifecycle,
            _database: database,
        }
    }

    /// A request with headers, as somebody with the admin token.
    pub async fn with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: if bytes.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("no JSON: {bytes:?}"))
            },
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.with("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.with("POST", path, &[], Some(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.with("PATCH", path, &[], Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.with("PUT", path, &[], Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.with("DELETE", path, &[], None).await
    }

    /// Stores an application and gives it.
    pub async fn applied(&self, email: &str) -> Value {
        let mut body = application();
        body["email_address"] = json!(email);
        let answer = self.post("/api/submissions", body).await.expect(201);
        answer.data().clone()
    }

    /// Makes a person and gives it.
    pub async fn user(&self, name: &str, email: &str) -> Value {
        let body = json!({"full_name": name, "email_address": email});
        self.post("/api/users", body)
            .await
            .expect(201)
            .data()
            .clone()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

/// A complete application.
pub fn application() -> Value {
    json!({
        "full_name": "Ada Probe", "email_address": "ada@example.com", "phone_number": "555-123-4567",
        "buyer_category": "homebuyer", "financing_plan": "self_funding", "land_status": "own_land",
        "lot_address": "1 Elm St", "build_budget": "350k_400k", "construction_timeline": "6_to_12_months",
        "project_description": "A small house."
    })
}
