//! The HTTP side: `POST /webhooks/clickup/{name}`.
//!
//! | answer | when | ClickUp |
//! |---|---|---|
//! | 200 `{}` | stored in the database, now or before, or synced to disk ([`crate::spool`]) | is content |
//! | 403 | the signature is missing or wrong, or there is no webhook of that name | repeats, then gives up |
//! | 408 | the body did not come in time | repeats |
//! | 413 | the body is larger than 1 MiB | repeats, then gives up |
//! | 429 with `Retry-After` | the client address has sent too many wrong signatures, if there is a limit | repeats, then gives up |
//! | 500 | the database refuses the delivery (a defect) | repeats |
//! | 503 with `Retry-After` | too much at once; database away and no spool, or it is full; or the name is not known and `clickup-sync` cannot be asked | repeats |
//!
//! Deliveries that come before this process has read any secret, while nobody can be asked, are kept with their signature
//! and judged later: then 200 means only that, and a forged one is dropped without effect.
//!
//! ClickUp does not sign what its automations send ("call webhook"), so that is refused like anything unsigned. A signed
//! body of a form that is not known is kept in the ledger as `unknown` and told to nobody.
//!
//! Whether a name exists is not told: an unknown one is answered like a wrong signature.

mod outcome;

use crate::{
    deliveries::{
        body::Kind,
        delivery::Delivery,
        gatherer::{Intake, Stored},
    },
    endpoints::{
        self, Endpoint,
        keyring::{Asked, Judged, Keyring},
    },
};
use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, header},
    routing::post,
};
use futures::StreamExt as _;
use keylight_clickup::signature;
use keylight_runtime::{clock::Clock, trace};
use keylight_web::{
    rate_limit::{self, RateLimit},
    server::Peer,
};
use outcome::Outcome;
use std::{net::IpAddr, sync::Arc, time::Duration};
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
    /// Whether there is a spool for the time when the database is away.
    spooled: bool,
    forgers: Forgers,
}

/// Who has sent wrong signatures. Only those count: what ClickUp sends must never be limited, however much it is.
#[derive(Clone)]
pub struct Forgers {
    /// The limit, if there is one.
    pub limit: Option<Arc<RateLimit>>,
    /// Reverse proxies in front.
    pub proxies: usize,
}

/// What is known of a name before its body is read.
enum Secrets {
    /// From an earlier answer.
    Known(Arc<Endpoint>),
    /// From an answer just now.
    Asked(Arc<Endpoint>),
    /// None was read yet, and nobody answers.
    NoneYet,
}

impl Door {
    /// A door that checks with `keyring` and hands on to `intake`, once `prepared` or at once when things can be `spooled`.
    #[must_use]
    pub fn new(
        keyring: Arc<Keyring>,
        intake: Intake,
        clock: Arc<dyn Clock>,
        prepared: watch::Receiver<bool>,
        spooled: bool,
        forgers: Forgers,
    ) -> Self {
        Self {
            keyring,
            intake,
            clock,
            room: Arc::new(Semaphore::new(ROOM)),
            prepared,
            spooled,
            forgers,
        }
    }

    /// The routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/webhooks/clickup/{name}", post(deliver))
            .with_state(self)
    }
}

async fn deliver(
    State(door): State<Door>,
    Path(name): Path<String>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Outcome {
    let began = Instant::now();
    let client = peer.map(|Extension(Peer(peer))| {
        rate_limit::client_address(peer.ip(), &headers, door.forgers.proxies)
    });
    if door.forgers.are_too_many(client) {
        metrics::counter!("keylight_webhook_deliveries_total", "outcome" => Outcome::Limited.as_str())
            .increment(1);
        return Outcome::Limited;
    }
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
    if outcome == Outcome::Forged {
        door.forgers.count(client);
    }
    metrics::counter!("keylight_webhook_deliveries_total", "outcome" => outcome.as_str())
        .increment(1);
    metrics::histogram!("keylight_webhook_answer_seconds").record(began.elapsed().as_secs_f64());
    outcome
}

impl Forgers {
    fn are_too_many(&self, client: Option<IpAddr>) -> bool {
        let (Some(limit), Some(client)) = (&self.limit, client) else {
            return false;
        };
        limit.wait(client, Instant::now().into_std()).is_some()
    }

    fn count(&self, client: Option<IpAddr>) {
        if let (Some(limit), Some(client)) = (&self.limit, client) {
            // refused means that others of the same client came first, which were counted
            let _ = limit.take(client, Instant::now().into_std());
        }
    }
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
        if !*self.prepared.borrow() && !self.spooled {
            return Outcome::Away;
        }
        let secrets = match self.keyring.known(&name) {
            Some(endpoint) => Secrets::Known(endpoint),
            None => match self.keyring.ask(&name).await {
                Asked::Known(endpoint) => Secrets::Asked(endpoint),
                Asked::NoSuch => return Outcome::Forged,
                Asked::Unanswered if self.spooled && !self.keyring.has_remembered() => {
                    Secrets::NoneYet
                }
                Asked::Unanswered => return Outcome::Unasked,
            },
        };
        let (body, room) = match timeout(BODY_PATIENCE, self.collect(headers, body)).await {
            Ok(Ok(collected)) => collected,
            Ok(Err(outcome)) => return outcome,
            Err(_) => return Outcome::TooSlow,
        };
        let signed = match secrets {
            Secrets::Known(endpoint) => {
                // it may have been replaced, and asking tells
                endpoint.has_signed(&body, signature)
                    || self.keyring.judge(&name, &body, signature).await == Judged::Signed
            }
            Secrets::Asked(endpoint) => endpoint.has_signed(&body, signature),
            Secrets::NoneYet => {
                let delivery = self.delivery(name, body);
                return self.keep_unchecked(delivery, signature, room).await;
            }
        };
        if !signed {
            return Outcome::Forged;
        }
        self.store(self.delivery(name, body), room).await
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

    fn delivery(&self, webhook: String, body: Vec<u8>) -> Delivery {
        Delivery {
            id: self.clock.new_id(),
            webhook,
            received_at: self.clock.now(),
            traceparent: trace::current_traceparent(),
            body,
        }
    }

    async fn store(&self, delivery: Delivery, room: OwnedSemaphorePermit) -> Outcome {
        let entry = delivery.into_entry();
        let unread = entry.kind == Kind::Unknown.as_str();
        match self.intake.store(entry, room).await {
            Ok(Stored::Fresh) if unread => Outcome::StoredUnread,
            Ok(Stored::Fresh) => Outcome::Stored,
            Ok(Stored::Repetition) => Outcome::Repetition,
            Ok(Stored::Spooled) => Outcome::Spooled,
            Err(error) => error.into(),
        }
    }

    async fn keep_unchecked(
        &self,
        delivery: Delivery,
        signature: &str,
        room: OwnedSemaphorePermit,
    ) -> Outcome {
        let signature = signature.trim().to_owned();
        match self.intake.keep_unchecked(delivery, signature, room).await {
            Ok(_) => Outcome::SpooledUnchecked,
            Err(error) => error.into(),
        }
    }
}
