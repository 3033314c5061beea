//! A door on its own, and ways to knock.

use crate::{
    accounts::{Accounts, Book},
    doubles::{Analytics, Entity, Store},
};
use axum::{Router, body::Body};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use intake_api::{
    app::{self, Deps},
    config::Config,
};
use keylight_contracts::v1::{
    access_service_server::AccessServiceServer, analytics_service_server::AnalyticsServiceServer,
    entity_service_server::EntityServiceServer,
};
use keylight_rpc::server::{self, Services};
use keylight_runtime::{config::Reader, lifecycle::Lifecycle};
use serde_json::{Value, json};
use std::{collections::HashMap, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use url::Url;

pub const TOKEN: &str = "a-token-for-tests";
pub const SITE: &str = "https://www.example.com";

/// A door in production mode with a store behind it.
pub struct Door {
    pub router: Router,
    pub accounts: Arc<Book>,
    pub store: Arc<Store>,
    pub config: Config,
    pub lifecycle: Lifecycle,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// The frame's `message`.
    pub fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The frame's `details`.
    pub fn details(&self) -> Vec<String> {
        serde_json::from_value(self.json()["details"].clone()).unwrap_or_default()
    }
}

/// Settings with the given variables on top of what tests need.
pub fn config(entity: SocketAddr, analytics: SocketAddr, variables: &[(&str, &str)]) -> Config {
    let mut env: HashMap<String, String> = HashMap::from([
        ("KEYLIGHT_ADMIN_TOKEN".to_owned(), TOKEN.to_owned()),
        (
            "KEYLIGHT_SERVICE_TOKEN".to_owned(),
            "a-token-between-services".to_owned(),
        ),
        (
            "FRONTEND_URL".to_owned(),
            format!("https://other.example, {SITE}"),
        ),
    ]);
    env.extend(
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let mut reader = Reader::new(env);
    let mut config = Config::read(&mut reader);
    assert_eq!(reader.problems(intake_api::config::TABLES), []);
    config.entity_url = Url::parse(&format!("http://{entity}")).unwrap();
    config.analytics_url = Url::parse(&format!("http://{analytics}")).unwrap();
    // a port on which nobody listens
    config.sync_url = Url::parse("http://127.0.0.1:1").unwrap();
    config
}

impl Door {
    pub async fn open() -> Self {
        Self::open_with(&[]).await
    }

    pub async fn open_with(variables: &[(&str, &str)]) -> Self {
        let store = Arc::new(Store::default());
        let (entity, analytics) = (listener().await, listener().await);
        let config = config(
            entity.local_addr().unwrap(),
            analytics.local_addr().unwrap(),
            variables,
        );
        let lifecycle = Lifecycle::new();
        let accounts = Arc::new(Book::default());
        let services = Services::new(&config.rpc)
            .with(EntityServiceServer::new(Entity(store.clone())))
            .with(AccessServiceServer::new(Accounts(accounts.clone())));
        server::serve_all("entity-double", services, entity, &lifecycle).unwrap();
        let service = AnalyticsServiceServer::new(Analytics);
        server::serve(
            "analytics-double",
            service,
            &config.rpc,
            analytics,
            &lifecycle,
        )
        .unwrap();
        let router = app::build(&config, Deps::connect(&config).unwrap()).unwrap();
        Self {
            router,
            accounts,
            store,
            config,
            lifecycle,
        }
    }

    /// A door behind which nobody answers.
    pub async fn open_alone() -> Self {
        // a port that was free a moment ago, and on which nobody listens now
        let nobody = listener().await.local_addr().unwrap();
        let config = config(nobody, nobody, &[]);
        let router = app::build(&config, Deps::connect(&config).unwrap()).unwrap();
        Self {
            router,
            accounts: Arc::default(),
            store: Arc::default(),
            config,
            lifecycle: Lifecycle::new(),
        }
    }

    pub async fn knock(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        let request: Request<Body> = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// As anybody.
    pub async fn get(&self, path: &str) -> Answer {
        self.knock(Request::builder().uri(path), Body::empty())
            .await
    }

    /// As somebody with the admin token.
    pub async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {TOKEN}"));
        match body {
            Some(body) => {
                self.knock(
                    request.header("content-type", "application/json"),
                    body.to_string(),
                )
                .await
            }
            None => self.knock(request, Body::empty()).await,
        }
    }

    pub async fn post(&self, body: &Value) -> Answer {
        self.post_raw("application/json", body.to_string()).await
    }

    pub async fn post_raw(&self, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method("POST").uri("/api/submissions");
        self.knock(request.header("content-type", content_type), body)
            .await
    }

    /// Stores an application with this address and gives its JSON.
    pub async fn stored(&self, email: &str) -> Value {
        let mut body = good();
        body["email_address"] = json!(email);
        let answer = self.post(&body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["data"].clone()
    }
}

pub async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A complete application.
pub fn good() -> Value {
    json!({
        "full_name": "Ada Probe", "email_address": "ada@example.com", "phone_number": "555-123-4567",
        "buyer_category": "homebuyer", "financing_plan": "self_funding", "land_status": "own_land", "lot_address": "1 Elm St",
        "build_budget": "350k_400k", "construction_timeline": "6_to_12_months", "project_description": "A small house."
    })
}

/// The same with one field changed.
pub fn with(field: &str, value: Value) -> Value {
    let mut body = good();
    body[field] = value;
    body
}

/// The same as a form.
pub fn as_form(fields: &Value) -> String {
    let pairs: Vec<_> = fields
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name, value.as_str().unwrap()))
        .collect();
    serde_urlencoded::to_string(pairs).unwrap()
}
