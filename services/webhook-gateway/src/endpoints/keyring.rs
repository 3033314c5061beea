//! The known endpoints, and asking for them.
//!
//! Asking is bounded whatever strangers send: one question at a time, each name at most once a second, and only so many
//! names at all.

use super::{Endpoint, table};
use keylight_contracts::v1::{GetWebhookRequest, sync_service_client::SyncServiceClient};
use keylight_rpc::client::Channel;
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, sealed};
use secrecy::SecretString;
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Least time between two questions about one name.
const QUIET: Duration = Duration::from_secs(1);
/// Longest time for one question.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest time for writing down what was told: it counts without that too.
const KEEPING: Duration = Duration::from_millis(500);
/// Longest time for a question with all those before it; ClickUp waits 7 s for the answer.
const LONGEST: Duration = Duration::from_secs(3);
/// Names that may have been asked about within [`QUIET`].
const MOST_ASKED: usize = 64;
/// Secrets that a webhook may have.
const MOST_SECRETS: usize = 4;

/// What is known of a name after asking.
#[derive(Debug, Clone)]
pub enum Asked {
    /// It has these secrets.
    Known(Arc<Endpoint>),
    /// There is no such webhook.
    NoSuch,
    /// Nobody can tell.
    Unanswered,
}

/// Whether a body is signed by whoever may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// It is.
    Signed,
    /// It is not, or there is no such webhook.
    Forged,
    /// Nobody who could tell was reached.
    Unanswered,
}

/// Knows endpoints by name.
pub struct Keyring {
    /// Whether the table was read in this process.
    remembered: AtomicBool,
    known: RwLock<HashMap<String, Arc<Endpoint>>>,
    asked: Mutex<HashMap<String, (Instant, Asked)>>,
    sync: SyncServiceClient<Channel>,
    pool: PgPool,
    seal: sealed::Keyring,
    clock: Arc<dyn Clock>,
}

impl Keyring {
    /// A keyring that asks through `sync` and keeps the answers in `pool`, sealed.
    #[must_use]
    pub fn new(pool: PgPool, seal: sealed::Keyring, sync: Channel, clock: Arc<dyn Clock>) -> Self {
        Self {
            remembered: AtomicBool::new(false),
            known: RwLock::default(),
            asked: Mutex::default(),
            sync: SyncServiceClient::new(sync),
            pool,
            seal,
            clock,
        }
    }

    /// Remembers what was told before the last restart.
    ///
    /// # Errors
    /// When the database does not answer, or a secret does not open.
    pub async fn remember(&self) -> Result<(), StoreError> {
        let endpoints = table::all(&self.pool, &self.seal).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (name, endpoint) in endpoints {
            known.entry(name).or_insert_with(|| Arc::new(endpoint));
        }
        self.remembered.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether [`Keyring::remember`] has succeeded. Before, a name that is not known may well be one of ours.
    #[must_use]
    pub fn has_remembered(&self) -> bool {
        self.remembered.load(Ordering::Acquire)
    }

    /// Whether the secret of `name` has signed `body`, asking where that is needed.
    pub async fn judge(&self, name: &str, body: &[u8], signature: &str) -> Judged {
        let judged = |endpoint: &Endpoint| match endpoint.has_signed(body, signature) {
            true => Judged::Signed,
            false => Judged::Forged,
        };
        if let Some(known) = self.known(name)
            && judged(&known) == Judged::Signed
        {
            return Judged::Signed;
        }
        match self.ask(name).await {
            Asked::Known(renewed) => judged(&renewed),
            Asked::NoSuch => Judged::Forged,
            Asked::Unanswered => Judged::Unanswered,
        }
    }

    /// What is known of a name without asking.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<Arc<Endpoint>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// Asks about a name. Who comes while somebody asks, or shortly after, gets the same answer.
    pub async fn ask(&self, name: &str) -> Asked {
        match timeout(LONGEST, self.ask_in_turn(name)).await {
            Ok(asked) => asked,
            Err(_) => Asked::Unanswered,
        }
    }

    async fn ask_in_turn(&self, name: &str) -> Asked {
        let mut asked = self.asked.lock().await;
        asked.retain(|_, (at, _)| at.elapsed() < QUIET);
        if let Some((_, answer)) = asked.get(name) {
            return answer.clone();
        }
        if asked.len() >= MOST_ASKED {
            return Asked::Unanswered;
        }
        // noted before asking: if whoever sent this goes away meanwhile, the question still counts
        asked.insert(name.to_owned(), (Instant::now(), Asked::Unanswered));
        let answer = self.question(name).await;
        asked.insert(name.to_owned(), (Instant::now(), answer.clone()));
        answer
    }

    async fn question(&self, name: &str) -> Asked {
        let request = GetWebhookRequest {
            name: name.to_owned(),
        };
        let reply = match timeout(PATIENCE, self.sync.clone().get_webhook(request)).await {
            Ok(Ok(reply)) => reply.into_inner(),
            Ok(Err(status)) => {
                tracing::warn!(code = ?status.code(), "clickup-sync does not tell the webhook's secrets");
                return Asked::Unanswered;
            }
            Err(_) => {
                tracing::warn!("clickup-sync does not tell the webhook's secrets in time");
                return Asked::Unanswered;
            }
        };
        if !reply.found {
            self.set(name, None).await;
            return Asked::NoSuch;
        }
        let endpoint = Arc::new(Endpoint {
            webhook_id: reply.webhook_id,
            secrets: reply
                .secrets
                .into_iter()
                .take(MOST_SECRETS)
                .map(SecretString::from)
                .collect(),
        });
        self.set(name, Some(endpoint.clone())).await;
        Asked::Known(endpoint)
    }

    /// Takes what was told. A database that is away is no reason not to go by it.
    async fn set(&self, name: &str, endpoint: Option<Arc<Endpoint>>) {
        let before = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            match &endpoint {
                Some(endpoint) => known.insert(name.to_owned(), endpoint.clone()),
                None => known.remove(name),
            }
        };
        let keeping = async {
            match &endpoint {
                Some(endpoint) => {
                    table::keep(&self.pool, &self.seal, name, endpoint, self.clock.now()).await
                }
                None if before.is_none() => Ok(()),
                None => table::forget(&self.pool, name).await,
            }
        };
        let kept = timeout(KEEPING, keeping)
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".to_owned())));
        if let Err(error) = kept {
            tracing::warn!(error = %error, "the webhook's secrets are known but not kept");
        }
        if before.is_some() != endpoint.is_some() {
            tracing::info!(
                webhook = name,
                known = endpoint.is_some(),
                "webhook appeared or disappeared"
            );
        }
    }

    /// Asks about every known name, every `period`.
    ///
    /// # Errors
    /// Never: without an answer, what was told before counts.
    pub async fn renew(
        self: Arc<Self>,
        period: Duration,
        stopping: CancellationToken,
    ) -> anyhow::Result<()> {
        while timeout(period, stopping.cancelled()).await.is_err() {
            let names: Vec<String> = self
                .known
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .keys()
                .cloned()
                .collect();
            for name in names {
                let _ = self.ask(&name).await;
            }
        }
        Ok(())
    }
}
