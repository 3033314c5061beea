//! Virtual time for a whole system: its timers, its clock and the simulator's clock move together, while PostgreSQL and the
//! sockets are real.
//!
//! Time stands still until a ticker moves it: far when everybody waits, by a step when something is at work for long. Everybody
//! waits when the runtime has been parked for a moment and no connection to PostgreSQL is in use; everything else that answers
//! lives in the same runtime. So a minute takes about a second of the machine, and no call times out because the machine is
//! slow. What PostgreSQL itself dates (the leases of messages on the bus) follows the machine's clock.

use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup_sim::Sim;
use keylight_runtime::clock::{Clock, SystemClock};
use sqlx::PgPool;
use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::runtime::{Builder, RuntimeMetrics};
use tokio::sync::mpsc;
use uuid::Uuid;

/// How often the ticker looks, by the machine's clock.
const LOOK: Duration = Duration::from_micros(400);
/// Shortest and longest leap when everybody waits.
const LEAPS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(160));
/// Work that lasts longer than this by the machine's clock lets as much time pass.
const WORK: Duration = Duration::from_millis(20);

/// The time of one runtime.
pub struct VirtualTime {
    began: DateTime<Utc>,
    origin: tokio::time::Instant,
    dice: Mutex<Dice>,
    pools: Mutex<Vec<PgPool>>,
    held: AtomicBool,
}

/// Runs `world` in a runtime of its own on this thread, with virtual time whose randomness follows `seed`.
pub fn run<F: Future>(seed: u64, world: impl FnOnce(Arc<VirtualTime>) -> F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let out = runtime.block_on(async {
        // tokio moves a paused clock by itself whenever its runtime is idle, but not while blocking work is under way
        let (release, held) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || held.recv());
        let time = Arc::new(VirtualTime {
            began: Utc::now(),
            origin: tokio::time::Instant::now(),
            dice: Mutex::new(Dice::new(seed)),
            pools: Mutex::default(),
            held: AtomicBool::new(false),
        });
        let (leaps, mut leap) = mpsc::channel(1);
        let metrics = tokio::runtime::Handle::current().metrics();
        let watched = time.clone();
        std::thread::spawn(move || tick(&watched, &metrics, &leaps));
        let driving = tokio::spawn(async move {
            while let Some(by) = leap.recv().await {
                tokio::time::advance(by).await;
            }
        });
        let out = world(time).await;
        driving.abort();
        drop(release);
        out
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    out
}

/// Moves time until the runtime is gone.
fn tick(time: &VirtualTime, metrics: &RuntimeMetrics, leaps: &mpsc::Sender<Duration>) {
    let (mut before, mut moved, mut leap) = (None, Instant::now(), LEAPS.0);
    loop {
        std::thread::sleep(LOOK);
        let parked = metrics.worker_park_unpark_count(0);
        let waits = before == Some(parked) && !parked.is_multiple_of(2) && time.no_query();
        before = Some(parked);
        let by = if waits {
            leap
        } else if moved.elapsed() > WORK {
            WORK
        } else {
            continue;
        };
        leap = if waits {
            (leap * 2).min(LEAPS.1)
        } else {
            LEAPS.0
        };
        if leaps.blocking_send(by).is_err() {
            return;
        }
        (before, moved) = (None, Instant::now());
    }
}

impl VirtualTime {
    /// Time stands still while a connection of this pool is in use.
    pub fn waits_for(&self, pool: &PgPool) {
        lock(&self.pools).push(pool.clone());
    }

    /// Time does not leap during this work: it asks somebody whom [`Self::waits_for`] does not know yet.
    pub async fn still<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        self.held.store(true, Ordering::SeqCst);
        let done = work.await;
        self.held.store(false, Ordering::SeqCst);
        done
    }

    fn no_query(&self) -> bool {
        if self.held.load(Ordering::SeqCst) {
            return false;
        }
        lock(&self.pools)
            .iter()
            .all(|pool| usize::try_from(pool.size()).is_ok_and(|size| size == pool.num_idle()))
    }

    /// Lets the clock of a simulator follow this one.
    pub fn move_along(self: &Arc<Self>, sim: Sim) {
        let time = self.clone();
        sim.use_virtual_time(Some(time.now().timestamp_millis()));
        tokio::spawn(async move {
            loop {
                let lag = time.now().timestamp_millis() - sim.now_ms();
                match u64::try_from(lag) {
                    Ok(lag) if lag > 0 => sim.advance(Duration::from_millis(lag)).await,
                    _ => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        });
    }

    /// Time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Waits until so much has passed since the beginning.
    pub async fn reaches(&self, at: Duration) {
        tokio::time::sleep_until(self.origin + at).await;
    }
}

impl Clock for VirtualTime {
    fn now(&self) -> DateTime<Utc> {
        self.began + TimeDelta::from_std(self.origin.elapsed()).unwrap()
    }

    fn new_id(&self) -> Uuid {
        SystemClock.new_id()
    }

    #[allow(clippy::cast_precision_loss)]
    fn jitter(&self) -> f64 {
        lock(&self.dice).roll(1 << 20) as f64 / f64::from(1 << 20)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A small random source, so that a run can be repeated.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // neighbouring seeds are to give different beginnings
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// From 0 to below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// One of several.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}
