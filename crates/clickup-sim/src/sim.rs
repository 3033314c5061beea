//! The simulator as a value: state, clock, rate windows, faults, request log and deliveries.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::clock::SimClock;
use crate::config::{SimConfig, WebhookRetry};
use crate::errors::ApiError;
use crate::faults::Faults;
use crate::rate::Rates;
use crate::requests::RequestLog;
use crate::state::World;
use crate::state::snapshot::snapshot;
use crate::webhooks::delivery::Deliveries;
use crate::webhooks::{self, Event};

/// A simulator. Clones share everything.
#[derive(Clone, Debug)]
pub struct Sim {
    inner: Arc<Inner>,
}

/// Why a simulator could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The state file is unreadable, unwritable or not a state file.
    #[error("the simulator's state file {path} cannot be used")]
    State {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

#[derive(Debug)]
struct Inner {
    world: Mutex<World>,
    clock: SimClock,
    rates: Mutex<Rates>,
    log: RequestLog,
    faults: Faults,
    deliveries: Deliveries,
    webhook_retry: Mutex<WebhookRetry>,
    token_leaks: AtomicU64,
    snapshots: Mutex<BTreeMap<String, Value>>,
    config: SimConfig,
}

impl Sim {
    /// Makes a simulator with the default workspace, or with what the state file holds.
    ///
    /// # Errors
    /// [`SimError::State`] when the state file cannot be used.
    pub fn new(config: SimConfig) -> Result<Self, SimError> {
        let world = World::open(config.seed, config.options.clone(), config.state.as_deref())
            .map_err(|source| SimError::State {
                path: config
                    .state
                    .as_deref()
                    .map(|path| path.display().to_string())
                    .unwrap_or_default(),
                source,
            })?;
        Ok(Self {
            inner: Arc::new(Inner {
                world: Mutex::new(world),
                clock: SimClock::default(),
                rates: Mutex::new(Rates::new(config.rate_limit, config.window)),
                log: RequestLog::default(),
                faults: Faults::new(config.seed),
                deliveries: Deliveries::default(),
                token_leaks: AtomicU64::new(0),
                snapshots: Mutex::default(),
                webhook_retry: Mutex::new(config.webhook_retry.clone()),
                config,
            }),
        })
    }

    /// Writes the state file anew, without out-of-date lines. A clean stop does this.
    pub fn save(&self) {
        self.world().compact();
    }

    /// Epoch milliseconds on the simulator's clock.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    pub(crate) fn clock(&self) -> &SimClock {
        &self.inner.clock
    }

    pub(crate) fn config(&self) -> &SimConfig {
        &self.inner.config
    }

    pub(crate) fn log(&self) -> &RequestLog {
        &self.inner.log
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    pub(crate) fn deliveries(&self) -> &Deliveries {
        &self.inner.deliveries
    }

    /// How often a token was sent to where attachments are served.
    #[must_use]
    pub fn token_leaks(&self) -> u64 {
        self.inner.token_leaks.load(Ordering::Relaxed)
    }

    pub(crate) fn note_token_leak(&self) {
        self.inner.token_leaks.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        lock(&self.inner.snapshots)
    }

    /// The state as one value without secrets, for [`crate::state::differences`].
    #[must_use]
    pub fn snapshot(&self) -> Value {
        self.read(|world| snapshot(world, self.now_ms()))
    }

    /// Everything, in the form of the state file. Secrets of webhooks are in it.
    #[must_use]
    pub fn save_state(&self) -> Vec<u8> {
        self.read(World::export)
    }

    /// Takes the place of the state by what [`Sim::save_state`] gave.
    ///
    /// # Errors
    /// It is something else; then nothing has changed.
    pub fn load_state(&self, text: &[u8]) -> serde_json::Result<()> {
        self.world().import(text)
    }

    /// How deliveries are tried again.
    #[must_use]
    pub fn webhook_retry(&self) -> WebhookRetry {
        lock(&self.inner.webhook_retry).clone()
    }

    /// Changes how deliveries are tried again, from their next attempt on.
    pub fn set_webhook_retry(&self, retry: WebhookRetry) {
        *lock(&self.inner.webhook_retry) = retry;
    }

    pub(crate) fn rates(&self) -> MutexGuard<'_, Rates> {
        lock(&self.inner.rates)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.inner.world)
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world())
    }

    /// Changes the state. When this returns, the change is in the state file and its webhook
    /// deliveries are queued.
    pub(crate) fn change<T>(
        &self,
        act: impl FnOnce(&mut Change<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut world = self.world();
        let now = self.now_ms();
        let out = act(&mut Change {
            world: &mut world,
            now,
        });
        let events: Vec<Event> = std::mem::take(&mut world.events);
        let jobs: VecDeque<_> = events
            .iter()
            .flat_map(|event| webhooks::jobs_for(&world, event))
            .collect();
        world.settle();
        // Queued under the lock, so that deliveries of one task start in the order of its changes.
        self.inner.deliveries.push(jobs);
        out
    }
}

/// A running change: the state and the moment.
pub(crate) struct Change<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) now: i64,
}

/// A poisoned lock means a handler panicked between two consistent states at worst; a simulator
/// goes on.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
