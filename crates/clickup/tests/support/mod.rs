//! Servers that answer as a test wants, and a client for them.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use keylight_clickup::{ClickUp, Options};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path_and_query: String,
    pub authorization: Option<String>,
    pub content_type: Option<String>,
    pub body: String,
}

/// A server that gives every request the same answer and remembers them.
pub struct Server {
    pub client: ClickUp,
    /// Scheme, host and port.
    pub origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

type Answerer = Arc<dyn Fn(&Seen) -> Response + Send + Sync>;

#[derive(Clone)]
struct Shared {
    answer: Answerer,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn handle(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| {
        head.headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let seen = Seen {
        method: head.method.to_string(),
        path_and_query: head.uri.to_string(),
        authorization: header("authorization"),
        content_type: header("content-type"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    shared.seen.lock().unwrap().push(seen.clone());
    (shared.answer)(&seen)
}

pub fn options() -> Options {
    Options {
        connect_timeout: Duration::from_millis(500),
        timeout: Duration::from_millis(500),
        page_timeout: Duration::from_millis(800),
        transfer_timeout: Duration::from_secs(5),
        body_limit: 100_000,
        file_origins: Vec::new(),
    }
}

pub fn client_at(base: &str, token: &str) -> ClickUp {
    let _ = rustls::crypto::ring::default_provider().install_default();
    ClickUp::new(
        &Url::parse(base).unwrap(),
        &SecretString::from(token),
        options(),
    )
    .unwrap()
}

/// A server whose every answer is made by `answer`.
pub async fn serve(answer: impl Fn() -> Response + Send + Sync + 'static) -> Server {
    serve_by(move |_| answer()).await
}

/// A server whose answer is made from the request.
pub async fn serve_by(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Server {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let shared = Shared {
        answer: Arc::new(answer),
        seen: seen.clone(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().fallback(handle).with_state(shared)).await
    });
    Server {
        client: client_at(&format!("http://{address}/api"), "pk_1_TEST"),
        origin: format!("http://{address}"),
        seen,
    }
}

/// A server with one fixed answer.
pub async fn answering(
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &str,
) -> Server {
    let (headers, body) = (headers.to_vec(), body.to_owned());
    serve(move || {
        let mut response = Response::builder().status(status);
        for (name, value) in &headers {
            response = response.header(*name, *value);
        }
        response.body(Body::from(body.clone())).unwrap()
    })
    .await
}

/// A raw server: reads the head of each request, then does `then` with the connection.
pub async fn raw<F, Fut>(then: F) -> ClickUp
where
    F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            tokio::spawn(then(stream));
        }
    });
    client_at(&format!("http://{address}/api"), "pk_1_TEST")
}

/// Writes text and closes the connection.
pub async fn write_and_close(mut stream: TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}
