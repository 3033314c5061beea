//! The system's public door, as a browser or a script uses it.

use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::Value;
use std::time::{Duration, Instant};

/// An HTTP client for tests. Installs the TLS provider that it wants even for plain HTTP.
///
/// # Panics
/// When the client cannot be built.
#[must_use]
pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(Duration::from_secs(30))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client without options can be built")
}

/// An answer, and how long it took.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: StatusCode,
    /// Headers.
    pub headers: header::HeaderMap,
    /// Body as text.
    pub text: String,
    /// From the request to the last byte.
    pub took: Duration,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| {
            panic!("{} answered no JSON ({error}): {}", self.status, self.text)
        })
    }

    /// The header's text, empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Password of the first staff account, `admin`, in every system that tests start.
pub const ADMIN_PASSWORD: &str = "end to end password";

/// The public address, with the admin token.
#[derive(Debug, Clone)]
pub struct Web {
    base: String,
    token: String,
    client: Client,
}

impl Web {
    /// A door at `base`, such as `http://127.0.0.1:8080`.
    #[must_use]
    pub fn new(base: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            token: token.into(),
            client: client(),
        }
    }

    /// Its address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request without credentials.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// A request with the admin token.
    pub fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.token)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let began = Instant::now();
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer {
            status,
            headers,
            text,
            took: began.elapsed(),
        })
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn send(request: RequestBuilder) -> Answer {
        Self::try_send(request)
            .await
            .unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// `POST /api/submissions` with a JSON body.
    pub async fn post(&self, body: &Value) -> Answer {
        Self::send(self.request(Method::POST, "/api/submissions").json(body)).await
    }

    /// `POST /api/submissions` that may find nobody there.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn try_post(&self, body: &Value) -> Result<Answer, reqwest::Error> {
        Self::try_send(self.request(Method::POST, "/api/submissions").json(body)).await
    }

    /// Posts an application and gives its id.
    ///
    /// # Panics
    /// When it is not accepted.
    pub async fn submit(&self, body: &Value) -> i64 {
        let answer = self.post(body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["data"]["id"]
            .as_i64()
            .expect("an id is a number")
    }

    /// `GET` with the admin token.
    pub async fn get(&self, path: &str) -> Answer {
        Self::send(self.admin(Method::GET, path)).await
    }

    /// One submission.
    ///
    /// # Panics
    /// When there is none with this id.
    pub async fn submission(&self, id: i64) -> Value {
        let answer = self.get(&format!("/api/submissions/{id}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["data"].clone()
    }

    /// Every submission, page by page.
    ///
    /// # Errors
    /// With the answer, when a page is not given now.
    pub async fn submissions(&self) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("/api/submissions?pageSize=100&page={page}");
            let answer = Self::try_send(self.admin(Method::GET, &path))
                .await
                .map_err(|error| format!("{error:?}"))?;
            if answer.status != StatusCode::OK {
                return Err(format!("{} {}", answer.status, answer.text));
            }
            let body = answer.json();
            all.extend(body["data"].as_array().cloned().unwrap_or_default());
            if body["pagination"]["hasNext"] != Value::Bool(true) {
                break;
            }
        }
        Ok(all)
    }

    /// Changes a submission's status as staff do.
    pub async fn put_status(&self, id: i64, status: &str) -> Answer {
        let body = serde_json::json!({ "status": status });
        Self::send(
            self.admin(Method::PUT, &format!("/api/submissions/{id}/status"))
                .json(&body),
        )
        .await
    }

    /// The console's first page, after signing in as the first account.
    ///
    /// # Panics
    /// When the sign-in is refused.
    pub async fn console(&self) -> String {
        let mut form = reqwest::Url::parse("http://form.invalid/").expect("a constant URL");
        form.query_pairs_mut()
            .append_pair("username", "admin")
            .append_pair("password", ADMIN_PASSWORD);
        let sign_in = self
            .request(Method::POST, "/console/login")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.query().unwrap_or_default().to_owned());
        let answer = Self::send(sign_in).await;
        let cookie = answer.header("set-cookie").split(';').next();
        let cookie = cookie.unwrap_or_default().to_owned();
        assert!(
            answer.status.is_redirection() && !cookie.is_empty(),
            "sign-in: {} {}",
            answer.status,
            answer.text
        );
        let page = self
            .request(Method::GET, "/console")
            .header(header::COOKIE, cookie);
        Self::send(page).await.text
    }
}
