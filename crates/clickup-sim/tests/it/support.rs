//! A simulator on a free port, a client for it, and a receiver for its webhooks.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use keylight_clickup_sim::{Sim, SimConfig, WebhookRetry, serve};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const SERVICE: &str = "pk_1_SERVICE";
pub const STAFF: &str = "pk_2_STAFF";
pub const TEAM: &str = "9001001";
pub const LIST: &str = "901001001";
pub const PROJECTS: &str = "901001002";

pub struct Running {
    pub base: String,
    pub http: Client,
    stop: CancellationToken,
    served: JoinHandle<anyhow::Result<()>>,
}

/// One answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

pub fn config() -> SimConfig {
    SimConfig {
        rate_limit: 100_000,
        webhook_retry: WebhookRetry {
            backoff: Duration::from_millis(5),
            timeout: Duration::from_millis(400),
            ..WebhookRetry::default()
        },
        ..SimConfig::default()
    }
}

pub async fn start() -> Running {
    start_with(config()).await
}

pub async fn start_with(config: SimConfig) -> Running {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let sim = Sim::new(config).unwrap();
    let served = tokio::spawn(serve(listener, sim, stop.clone()));
    Running {
        base,
        http: Client::builder().no_proxy().build().unwrap(),
        stop,
        served,
    }
}

impl Running {
    pub async fn stop(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let token = (!path.starts_with("/_sim")).then_some(SERVICE);
        read(self.send(method, path, token, body).await.unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// A new task in the intake list, as the service user makes it.
    pub async fn task(&self, body: Value) -> Value {
        self.post(&format!("/api/v2/list/{LIST}/task"), body)
            .await
            .ok()
    }

    /// The field of the intake or project list with this name.
    pub async fn field(&self, list: &str, name: &str) -> Value {
        let fields = self.get(&format!("/api/v2/list/{list}/field")).await.ok();
        let found = fields["fields"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["name"] == name);
        found.unwrap().clone()
    }

    pub async fn log(&self) -> Vec<Value> {
        let log = self.get("/_sim/log").await.ok();
        log["entries"].as_array().unwrap().clone()
    }

    pub async fn faults(&self, faults: Value) {
        self.post("/_sim/faults", json!({"faults": faults}))
            .await
            .ok();
    }

    /// Registers a webhook for the receiver and returns its object.
    pub async fn webhook(&self, receiver: &Receiver, events: Value) -> Value {
        let path = format!("/api/v2/team/{TEAM}/webhook");
        let body = json!({"endpoint": receiver.url, "events": events});
        self.post(&path, body).await.ok()["webhook"].clone()
    }

    pub async fn health(&self) -> Value {
        self.get("/_sim/webhooks").await.ok()["webhooks"][0]["health"].clone()
    }
}

impl Answer {
    /// The body of a success.
    pub fn ok(self) -> Value {
        assert!(self.status < 300, "{self:?}");
        self.body
    }

    /// Status and code of an error.
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.body["ECODE"].as_str().unwrap_or("none"))
    }
}

pub async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        headers,
        body,
    }
}

/// Waits for a condition; the deadline only ends a test that has failed.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, probe: impl Fn() -> F) -> T {
    // a slow machine must not make a test fail
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A webhook receiver that answers as told and keeps what it got.
pub struct Receiver {
    pub url: String,
    kept: Arc<Kept>,
}

struct Kept {
    got: Mutex<Vec<Delivery>>,
    answers: Mutex<Vec<u16>>,
    otherwise: Mutex<u16>,
    hold: Mutex<Duration>,
}

#[derive(Debug, Clone)]
pub struct Delivery {
    /// Name of the header that the signature came in.
    pub header: &'static str,
    pub signature: String,
    pub raw: Bytes,
    pub body: Value,
    pub at: Instant,
}

impl Receiver {
    pub async fn start() -> Self {
        let kept = Arc::new(Kept {
            got: Mutex::default(),
            answers: Mutex::default(),
            otherwise: Mutex::new(200),
            hold: Mutex::new(Duration::ZERO),
        });
        let app = Router::new().fallback(take).with_state(Arc::clone(&kept));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, kept }
    }

    /// Answers of the next deliveries, then `otherwise`.
    pub fn answers(&self, answers: &[u16], otherwise: u16) {
        *self.kept.answers.lock().unwrap() = answers.iter().rev().copied().collect();
        *self.kept.otherwise.lock().unwrap() = otherwise;
    }

    pub fn hold(&self, hold: Duration) {
        *self.kept.hold.lock().unwrap() = hold;
    }

    pub fn got(&self) -> Vec<Delivery> {
        self.kept.got.lock().unwrap().clone()
    }

    pub fn events(&self) -> Vec<String> {
        let mut events: Vec<String> = self
            .got()
            .iter()
            .map(|delivery| delivery.body["event"].as_str().unwrap().to_owned())
            .collect();
        events.sort();
        events
    }

    pub async fn wait_for(&self, count: usize) -> Vec<Delivery> {
        eventually(&format!("{count} deliveries"), || async {
            Some(self.got()).filter(|got| got.len() >= count)
        })
        .await
    }
}

async fn take(State(kept): State<Arc<Kept>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let names = ["x-signature", "x-ck-signature"];
    let header = names
        .into_iter()
        .find(|name| headers.contains_key(*name))
        .unwrap();
    let signature = headers[header].to_str().unwrap();
    kept.got.lock().unwrap().push(Delivery {
        header,
        signature: signature.to_owned(),
        body: serde_json::from_slice(&raw).unwrap(),
        raw,
        at: Instant::now(),
    });
    let hold = *kept.hold.lock().unwrap();
    tokio::time::sleep(hold).await;
    let answer = kept.answers.lock().unwrap().pop();
    StatusCode::from_u16(answer.unwrap_or(*kept.otherwise.lock().unwrap())).unwrap()
}
