//! The HTTP side: `POST /webhooks/clickup/{name}`.
//!
//! | answer | when | ClickUp |
//! |---|---|---|
//! | 200 `{}` | stored, now or before | is content |
//! | 403 | the signature is missing or wrong, or there is no webhook of that name | repeats, then gives up |
//! | 408 | the body did not come in time | repeats |
//! | 413 | the body is larger than 1 MiB | repeats, then gives up |
//! | 500 | the database refuses the delivery (a defect) | repeats |
//! | 503 with `Retry-After` | database away, too much at once, or the name is not known and `clickup-sync` cannot be asked | repeats |
//!
//! Whether a name exists is not told: an unknown one is answered like a wrong signature.

use crate::{
    deliveries::{
        body::{self, Kind},
        gatherer::{Intake, NotStored, Stored},
        hint,
        ledger::Entry,
        sameness::sameness,
    },
    endpoints::{
        self, Endpoint,
        keyring::{Asked, Keyring},
    },
};
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use futures::StreamExt as _;
use keylight_clickup::signature;
use keylight_runtime::{clock::Clock, trace};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, timeout},
};
use tracing::Instrument as _;

/// Largest body; ClickUp's own are a few kilobytes.
pub const LARGEST_BODY: usize = 1 << 20;
/// Memory for all bodies in hand.
const ROOM: usize = 64 << 20;
/// Longest wait for a body.
const BODY_PATIENCE: Duration = Duration::from_secs(3);

/// What the handler needs.
#[derive(Clone)]
pub struct Door {
    keyring: Arc<Keyring>,
    intake: Intake,
    clock: Arc<dyn Clock>,
    room: Arc<Semaphore>,
    prepared: watch::Receiver<bool>,
}

impl Door {
    /// A door that checks with `keyring` and hands on to `intake`, once `prepared`.
    #[must_use]
    pub fn new(
        keyring: Arc<Keyring>,
        intake: Intake,
        clock: Arc<dyn Clock>,
        prepared: watch::Receiver<bool>,
    ) -> Self {
        Self {
            keyring,
            intake,
            clock,
            room: Arc::new(Semaphore::new(ROOM)),
            prepared,
        }
    }

    /// The routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/webhooks/clickup/{name}", post(deliver))
            .with_state(self)
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Stored,
    StoredUnread,
    Repetition,
    Forged,
    TooLarge,
    Broken,
    TooSlow,
    Full,
    Away,
    Unasked,
    Refused,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Outcome::Stored => "stored",
            Outcome::StoredUnread => "stored_unknown",
            Outcome::Repetition => "repetition",
            Outcome::Forged => "forged",
            Outcome::TooLarge => "too_large",
            Outcome::Broken => "broken",
            Outcome::TooSlow => "too_slow",
            Outcome::Full => "full",
            Outcome::Away => "database_away",
            Outcome::Unasked => "secret_unknown",
            Outcome::Refused => "refused",
        }
    }

    const fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Outcome::Stored | Outcome::StoredUnread | Outcome::Repetition => (StatusCode::OK, "{}"),
            Outcome::Forged => (
                StatusCode::FORBIDDEN,
                r#"{"error":"the signature does not match"}"#,
            ),
            Outcome::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                r#"{"error":"the body is larger than 1 MiB"}"#,
            ),
            Outcome::Broken => (StatusCode::BAD_REQUEST, r#"{"error":"the body broke off"}"#),
            Outcome::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                r#"{"error":"the body did not come in time"}"#,
            ),
            Outcome::Full | Outcome::Away | Outcome::Unasked => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"error":"please repeat the delivery later"}"#,
            ),
            Outcome::Refused => (
                StatusCode::INTERNAL_SERVER_ERROR,
                r#"{"error":"the delivery cannot be stored"}"#,
            ),
        }
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        let (status, text) = self.answer();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

async fn deliver(
    State(door): State<Door>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Outcome {
    let began = Instant::now();
    // a span costs, and without a collector nobody would see it
    let outcome = if trace::is_enabled() {
        let span = tracing::info_span!(
            "webhook",
            otel.name = "POST /webhooks/clickup/{name}",
            otel.kind = "server"
        );
        if let Some(parent) = headers
            .get(trace::TRACEPARENT)
            .and_then(|value| value.to_str().ok())
        {
            trace::set_parent(&span, parent);
        }
        door.take(name, &headers, body).instrument(span).await
    } else {
        door.take(name, &headers, body).await
    };
    metrics::counter!("keylight_webhook_deliveries_total", "outcome" => outcome.as_str())
        .increment(1);
    metrics::histogram!("keylight_webhook_answer_seconds").record(began.elapsed().as_secs_f64());
    outcome
}

impl Door {
    async fn take(&self, name: String, headers: &HeaderMap, body: Body) -> Outcome {
        // what no secret can make right is refused before anything is read or asked
        let signature = headers
            .get(signature::HEADER)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !endpoints::is_name(&name) || signature.trim().len() != 64 {
            return Outcome::Forged;
        }
        if !*self.prepared.borrow() {
            return Outcome::Away;
        }
        let known = match self.keyring.known(&name) {
            Some(endpoint) => Ok(endpoint),
            None => match self.keyring.ask(&name).await {
                Asked::Known(endpoint) => Err(endpoint),
                Asked::NoSuch => return Outcome::Forged,
                Asked::Unanswered => return Outcome::Unasked,
            },
        };
        let (body, room) = match timeout(BODY_PATIENCE, self.collect(headers, body)).await {
            Ok(Ok(collected)) => collected,
            Ok(Err(outcome)) => return outcome,
            Err(_) => return Outcome::TooSlow,
        };
        if !self.is_signed(&name, known, &body, signature).await {
            return Outcome::Forged;
        }
        self.store(name, body, room).await
    }

    /// Reads a body within its limit and within the memory for all of them.
    async fn collect(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Vec<u8>, OwnedSemaphorePermit), Outcome> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok())
            .unwrap_or(0);
        if announced > LARGEST_BODY {
            return Err(Outcome::TooLarge);
        }
        let take_room = |bytes: usize| {
            let bytes = u32::try_from(bytes).map_err(|_| Outcome::TooLarge)?;
            self.room
                .clone()
                .try_acquire_many_owned(bytes)
                .map_err(|_| Outcome::Full)
        };
        let mut room = take_room(0)?;
        let mut collected = Vec::new();
        let mut parts = body.into_data_stream();
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| Outcome::Broken)?;
            if collected.len() + part.len() > LARGEST_BODY {
                return Err(Outcome::TooLarge);
            }
            // for what is here, not for what is announced: promises must not use up the room
            room.merge(take_room(part.len())?);
            collected.extend_from_slice(&part);
        }
        Ok((collected, room))
    }

    /// Whether the body is signed; `Err(endpoint)` was asked for just now. If an older one does not match, the secret
    /// may have been replaced, and asking tells.
    async fn is_signed(
        &self,
        name: &str,
        known: Result<Arc<Endpoint>, Arc<Endpoint>>,
        body: &[u8],
        signature: &str,
    ) -> bool {
        match known {
            Ok(endpoint) => {
                endpoint.has_signed(body, signature)
                    || match self.keyring.ask(name).await {
                        Asked::Known(renewed) => renewed.has_signed(body, signature),
                        Asked::NoSuch | Asked::Unanswered => false,
                    }
            }
            Err(asked) => asked.has_signed(body, signature),
        }
    }

    async fn store(&self, name: String, body: Vec<u8>, room: OwnedSemaphorePermit) -> Outcome {
        let (id, received_at) = (self.clock.new_id(), self.clock.now());
        let reading = body::read(&body);
        let traceparent = trace::current_traceparent();
        let event = hint::event(&reading, &name, id, received_at, traceparent.clone());
        let unread = reading.kind == Kind::Unknown;
        let entry = Entry {
            id,
            webhook: name,
            sameness: sameness(&reading, &body, received_at),
            kind: reading.kind.as_str(),
            event: (!unread).then_some(reading.event),
            object_id: (!unread).then_some(reading.object_id),
            body,
            received_at,
            hint: event.map(|event| serde_json::to_vec(&event).expect("an event is JSON")),
            traceparent,
        };
        match self.intake.store(entry, room).await {
            Ok(Stored::Fresh) if unread => Outcome::StoredUnread,
            Ok(Stored::Fresh) => Outcome::Stored,
            Ok(Stored::Repetition) => Outcome::Repetition,
            Err(NotStored::Full) => Outcome::Full,
            Err(NotStored::Away) => Outcome::Away,
            Err(NotStored::Refused) => Outcome::Refused,
        }
    }
}
