//! Speaks to the running system as clients of the predecessor do.

use crate::answers::Answer;
use anyhow::Context as _;
use keylight_e2e::web::Web;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An origin that the system is started with; the second one of a list with a blank after the comma.
pub const ORIGIN: &str = "https://www.example.com";
pub const SECOND_ORIGIN: &str = "https://admin.example.com";
/// Where applications go and come from.
pub const SUBMISSIONS: &str = "/api/submissions";

/// The front door, with the key to the admin endpoints.
pub struct Api {
    base: String,
    token: String,
    http: reqwest::Client,
    next: AtomicU64,
}

impl Api {
    /// The door at `base`; `token` opens the admin endpoints.
    pub fn new(base: &str, token: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            http: keylight_e2e::web::client(),
            next: AtomicU64::new(1),
        }
    }

    /// The door of a running system.
    pub fn of(web: &Web) -> Self {
        let request = web.admin(Method::GET, "/").build().unwrap();
        let credential = request.headers()["authorization"].to_str().unwrap();
        Self::new(web.base(), credential.trim_start_matches("Bearer "))
    }

    /// A number that nobody else gets, for names and addresses.
    pub fn unique(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// A request just as given.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(
            Method::from_bytes(method.as_bytes())?,
            format!("{}{path}", self.base),
        );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.into();
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{method} {path}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response
            .text()
            .await
            .with_context(|| format!("body of {method} {path}"))?;
        Ok(answer(method, path, status, headers, text))
    }

    /// A request with the admin token.
    pub async fn admin(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(
            method,
            path,
            &headers,
            body.map(|body| body.to_string()).unwrap_or_default(),
        )
        .await
    }

    /// An admin's GET.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.admin("GET", path, None).await
    }

    /// Everybody's GET.
    pub async fn open(&self, path: &str) -> anyhow::Result<Answer> {
        self.send("GET", path, &[], "").await
    }

    /// The public POST with a body of some type.
    pub async fn post_as(
        &self,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        self.send(
            "POST",
            SUBMISSIONS,
            &[("content-type", content_type), ("origin", ORIGIN)],
            body,
        )
        .await
    }

    /// The public POST.
    pub async fn post(&self, body: &Value) -> anyhow::Result<Answer> {
        self.post_as("application/json", body.to_string()).await
    }

    /// An application that nobody made before, with some fields changed.
    pub fn application(&self, changes: Value) -> Value {
        let mut body = json!({
            "full_name": "Ada Probe", "email_address": self.email(), "phone_number": "555-123-4567", "buyer_category": "homebuyer",
            "financing_plan": "self_funding", "land_status": "own_land", "lot_address": "1 Elm St", "build_budget": "350k_400k",
            "construction_timeline": "6_to_12_months", "project_description": "A small house.",
        });
        if let (Some(fields), Value::Object(changes)) = (body.as_object_mut(), changes) {
            fields.extend(changes);
        }
        body
    }

    /// An e-mail address that nobody used before.
    pub fn email(&self) -> String {
        format!("probe{}@example.com", self.unique())
    }

    /// Posts an application with some fields changed; must be accepted. Its JSON.
    pub async fn accepted(&self, changes: Value) -> anyhow::Result<Value> {
        Ok(self
            .post(&self.application(changes))
            .await?
            .status(201)?
            .data()?
            .clone())
    }

    /// One submission, as an admin sees it.
    pub async fn submission(&self, id: &Value) -> anyhow::Result<Value> {
        Ok(self
            .get(&format!("{SUBMISSIONS}/{id}"))
            .await?
            .status(200)?
            .data()?
            .clone())
    }

    /// Bytes on the wire, for what an HTTP client would put right. `path` is what the frame should tell.
    pub async fn raw(&self, method: &str, path: &str) -> anyhow::Result<Answer> {
        let address = self.base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await??;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").context("no end of headers")?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .context("no status")?
            .parse()?;
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            headers.append(
                reqwest::header::HeaderName::from_bytes(name.as_bytes())?,
                value.trim().parse()?,
            );
        }
        Ok(answer(method, path, status, headers, body.to_owned()))
    }
}

fn answer(method: &str, path: &str, status: u16, headers: HeaderMap, text: String) -> Answer {
    let json = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer {
        method: method.to_owned(),
        path: path.to_owned(),
        status,
        headers,
        text,
        json,
    }
}
