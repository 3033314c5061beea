//! One request, one answer: where every call goes through.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{StatusCode, redirect};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tracing::Instrument as _;
use url::{Host, Url};

use crate::call::{Call, Pace, Payload};
use crate::download::{self, Addresses};
use crate::error::{Class, ClickUpError, Sent, SetupError};
use crate::rate::{RateInfo, retry_after};
use crate::token;

/// Limits of every call.
#[derive(Debug, Clone)]
pub struct Options {
    /// For the connection alone.
    pub connect_timeout: Duration,
    /// From the first byte sent to the last byte read.
    pub timeout: Duration,
    /// The same for pages of lists, which are slow far from the start.
    pub page_timeout: Duration,
    /// The same for files, up and down, however large.
    pub transfer_timeout: Duration,
    /// Longest answer that is read, in bytes. A page of 100 tasks has been seen to take 1.1 MB.
    pub body_limit: usize,
    /// Further origins that files may be fetched from, for a simulator that keeps them elsewhere. Everywhere else TLS and a public
    /// address are asked for, except at the API's own origin.
    pub file_origins: Vec<Url>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(20),
            page_timeout: Duration::from_secs(60),
            transfer_timeout: Duration::from_mins(10),
            body_limit: 16 * 1024 * 1024,
            file_origins: Vec::new(),
        }
    }
}

/// Longest body of a refusal that is looked at for an error code, in bytes.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

/// What a call gave, with the state of the rate budget after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    /// The result.
    pub value: T,
    /// The rate-limit headers.
    pub rate: RateInfo,
    /// HTTP status.
    pub status: u16,
    /// Method and route template of the call.
    pub route: &'static str,
}

impl<T> Answer<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        Answer {
            value: change(self.value),
            rate: self.rate,
            status: self.status,
            route: self.route,
        }
    }
}

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct ClickUp {
    http: reqwest::Client,
    /// Without the token.
    pub(crate) files: reqwest::Client,
    pub(crate) addresses: Addresses,
    base: Url,
    pub(crate) options: Options,
}

impl fmt::Debug for ClickUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClickUp")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// A complete answer with a status of success.
struct Success {
    status: u16,
    rate: RateInfo,
    body: Vec<u8>,
}

impl ClickUp {
    /// A client for the API at `base`, `https://api.clickup.com/api` for the real one.
    ///
    /// A TLS provider must have been installed for the process.
    ///
    /// # Errors
    /// When the token or the address cannot be used.
    pub fn new(base: &Url, token: &SecretString, options: Options) -> Result<Self, SetupError> {
        let usable = matches!(base.scheme(), "http" | "https")
            && base.has_host()
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if !usable {
            return Err(SetupError::BaseUrl);
        }
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, token::authorization(token)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // formally required even by some calls without a body
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("keylight/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            // a redirect could carry the token to another host
            .redirect(redirect::Policy::none())
            // whether to send again is decided by who owns the budget
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(30));
        if is_loopback(base) {
            // the token must not leave the machine through a proxy on its way to a simulator
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(SetupError::Http)?;
        let addresses = Addresses::new(base, &options.file_origins);
        Ok(Self {
            http,
            files: download::client(&addresses, base, &options)?,
            addresses,
            base: base.clone(),
            options,
        })
    }

    /// Sends a call and reads its JSON answer.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
    ) -> Result<Answer<T>, ClickUpError> {
        let route = call.route;
        let success = self.send(call).await?;
        decoded(success, route)
    }

    /// Sends a call whose answer says nothing but success: `{}`, or nothing at all after some deletions. A page of somebody
    /// else with status 200 says nothing about ClickUp.
    pub(crate) async fn run(&self, call: Call<'_>) -> Result<Answer<()>, ClickUpError> {
        let route = call.route;
        let mut success = self.send(call).await?;
        if success.body.is_empty() {
            success.body = b"null".as_slice().into();
        }
        let answer = decoded::<serde::de::IgnoredAny>(success, route)?;
        Ok(Answer {
            value: (),
            rate: answer.rate,
            status: answer.status,
            route,
        })
    }

    async fn send(&self, call: Call<'_>) -> Result<Success, ClickUpError> {
        observed(call.route, self.exchange(call), |success| success.status).await
    }

    async fn exchange(&self, call: Call<'_>) -> Result<Success, ClickUpError> {
        let route = call.route;
        let url = call.url(&self.base)?;
        let timeout = match call.pace {
            Pace::Usual => self.options.timeout,
            Pace::Page => self.options.page_timeout,
            Pace::Transfer => self.options.transfer_timeout,
        };
        let request = self.http.request(call.method, url).timeout(timeout);
        let request = match call.payload {
            None => request,
            Some(Payload::Json(body)) => request.body(body),
            Some(Payload::Form { content_type, body }) => {
                request.header(CONTENT_TYPE, content_type).body(body)
            }
        };
        let response = request
            .send()
            .await
            .map_err(|error| no_answer(route, error))?;

        let status = response.status();
        let rate = RateInfo::of(response.headers());
        let retry_after = retry_after(response.headers());
        if status.is_success() {
            let body = read_bounded(response, self.options.body_limit).await;
            return match body {
                Ok(body) => Ok(Success {
                    status: status.as_u16(),
                    rate,
                    body,
                }),
                Err(problem) => Err(ClickUpError {
                    class: problem.class(),
                    status: Some(status.as_u16()),
                    ecode: None,
                    sent: Sent::Maybe,
                    retry_after: None,
                    rate,
                    route,
                    source: Some(problem.into_source()),
                }),
            };
        }
        // whatever the body is, and whether it arrives at all: the status stands
        let body = read_bounded(response, ERROR_BODY_LIMIT)
            .await
            .unwrap_or_default();
        let ecode = error_code(&body);
        let class = match ecode {
            // v3 has no codes: its 404 may be a task that never was, or a list; the route itself was found
            None if status == StatusCode::NOT_FOUND && is_v3_error(&body) => Class::Forbidden,
            _ => Class::of(status.as_u16(), ecode.as_deref()),
        };
        Err(ClickUpError {
            class,
            status: Some(status.as_u16()),
            sent: executed(status),
            ecode,
            retry_after,
            rate,
            route,
            source: None,
        })
    }
}

/// The answer in a body.
fn decoded<T: DeserializeOwned>(
    success: Success,
    route: &'static str,
) -> Result<Answer<T>, ClickUpError> {
    match serde_json::from_slice(&success.body) {
        Ok(value) => Ok(Answer {
            value,
            rate: success.rate,
            status: success.status,
            route,
        }),
        Err(error) => Err(ClickUpError {
            class: Class::Unexpected,
            status: Some(success.status),
            ecode: None,
            // whole JSON of another shape: it ran. Anything else (cut JSON, a page of a gateway): it may have
            sent: if error.is_data() {
                Sent::Yes
            } else {
                Sent::Maybe
            },
            retry_after: None,
            rate: success.rate,
            route,
            // serde's message may quote the value; the place is enough
            source: Some(
                format!(
                    "answer does not decode at line {} column {}",
                    error.line(),
                    error.column()
                )
                .into(),
            ),
        }),
    }
}

/// Makes a call within its span and counts it.
pub(crate) async fn observed<T>(
    route: &'static str,
    call: impl Future<Output = Result<T, ClickUpError>>,
    status_of: impl FnOnce(&T) -> u16,
) -> Result<T, ClickUpError> {
    let (method, template) = route.split_once(' ').unwrap_or(("", route));
    let span = tracing::info_span!(
        "clickup.call",
        otel.name = route,
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        http.request.method = method,
        url.template = template,
        http.response.status_code = tracing::field::Empty,
        clickup.ecode = tracing::field::Empty,
        error.r#type = tracing::field::Empty,
    );
    let started = Instant::now();
    let result = call.instrument(span.clone()).await;
    let (status, outcome) = match &result {
        Ok(value) => (Some(status_of(value)), "ok"),
        Err(error) => {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", error.class.as_str());
            if let Some(ecode) = &error.ecode {
                span.record("clickup.ecode", &**ecode);
            }
            (error.status, error.class.as_str())
        }
    };
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    metrics::counter!("keylight_clickup_calls_total", "route" => route, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("keylight_clickup_call_duration_seconds", "route" => route)
        .record(started.elapsed().as_secs_f64());
    result
}

/// What a refusal says about the effect of the request.
fn executed(status: StatusCode) -> Sent {
    // 408: the server gave up reading or waiting, which of both is not said. Redirects and 1xx: not ClickUp's answer.
    if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
        Sent::No
    } else {
        Sent::Maybe
    }
}

fn no_answer(route: &'static str, error: reqwest::Error) -> ClickUpError {
    let (class, sent) = if error.is_builder() {
        (Class::OurFault, Sent::No)
    } else if error.is_connect() {
        (Class::Unreachable, Sent::No)
    } else {
        (Class::Retry, Sent::Maybe)
    };
    ClickUpError {
        class,
        status: None,
        ecode: None,
        sent,
        retry_after: None,
        rate: RateInfo::default(),
        route,
        // the URL may hold a marker or a name that was searched for
        source: Some(Box::new(error.without_url())),
    }
}

enum BodyProblem {
    Cut(reqwest::Error),
    TooLong,
}

impl BodyProblem {
    fn class(&self) -> Class {
        match self {
            BodyProblem::Cut(_) => Class::Retry,
            BodyProblem::TooLong => Class::Unexpected,
        }
    }

    fn into_source(self) -> Box<dyn std::error::Error + Send + Sync> {
        match self {
            BodyProblem::Cut(error) => Box::new(error.without_url()),
            BodyProblem::TooLong => "answer is longer than the limit".into(),
        }
    }
}

async fn read_bounded(
    mut response: reqwest::Response,
    limit: usize,
) -> Result<Vec<u8>, BodyProblem> {
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    if announced > limit {
        return Err(BodyProblem::TooLong);
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(BodyProblem::Cut)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyProblem::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The code of an error body, if it is JSON with one that looks like a code.
fn error_code(body: &[u8]) -> Option<Box<str>> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = json.get("ECODE").or_else(|| json.get("ecode"))?.as_str()?;
    let plausible = (3..=40).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    plausible.then(|| code.into())
}

/// The frame of v3: status, message, `trace_id`, timestamp.
fn is_v3_error(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|json| json.get("trace_id").is_some() && json.get("message").is_some())
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_plausible_codes_are_kept() {
        assert_eq!(
            error_code(br#"{"err":"x","ECODE":"ITEM_013"}"#).as_deref(),
            Some("ITEM_013")
        );
        for body in [
            &br#"{"ECODE":"call Ann Lee, 555-123-4567"}"#[..],
            br#"{"ECODE":7}"#,
            b"404 page not found",
            b"<html>",
            b"",
            b"[]",
        ] {
            assert_eq!(error_code(body), None);
        }
    }
}
