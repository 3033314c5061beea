//! The simulator's own clock: wall time plus an offset, because ClickUp's clock is not ours, or
//! virtual time, which stands still until it is told to go on.
//!
//! Everything in the simulator that waits waits here: pauses between delivery attempts, delayed
//! deliveries, delayed answers. So an hour of retries takes as long as its requests take.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::sim::lock;

/// Milliseconds since the epoch, shifted by an offset, or set by hand.
#[derive(Debug)]
pub(crate) struct SimClock {
    hands: Mutex<Hands>,
    /// Changes whenever virtual time moves or the mode changes, to wake the sleepers.
    moved: watch::Sender<u64>,
}

#[derive(Debug)]
struct Hands {
    /// `None` while time is virtual.
    running_since: Option<Instant>,
    /// Milliseconds that have passed since the clock was made, up to `running_since`.
    passed_ms: i64,
    /// Real mode: what is added to the machine's time.
    offset_ms: i64,
    /// Virtual mode: the time of day.
    virtual_now_ms: i64,
    sleepers: BTreeMap<u64, Sleeper>,
    next_sleeper: u64,
}

#[derive(Debug, Clone, Copy)]
struct Sleeper {
    wakes_at: i64,
    who: Who,
}

/// Who waits: [`SimClock::is_settled`] asks about both in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A webhook delivery.
    Delivery,
    /// An API request.
    Request,
}

/// A wait that is over. While it lives, its owner counts as awake and at work.
#[derive(Debug)]
pub(crate) struct Awake<'a> {
    clock: &'a SimClock,
    id: u64,
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        lock(&self.clock.hands).sleepers.remove(&self.id);
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self {
            hands: Mutex::new(Hands {
                running_since: Some(Instant::now()),
                passed_ms: 0,
                offset_ms: 0,
                virtual_now_ms: 0,
                sleepers: BTreeMap::new(),
                next_sleeper: 0,
            }),
            moved: watch::Sender::new(0),
        }
    }
}

impl SimClock {
    pub(crate) fn now_ms(&self) -> i64 {
        lock(&self.hands).now_ms()
    }

    /// Milliseconds since the clock was made; never goes back, whatever is done to the time of day.
    pub(crate) fn passed_ms(&self) -> i64 {
        lock(&self.hands).passed_ms()
    }

    pub(crate) fn is_virtual(&self) -> bool {
        lock(&self.hands).running_since.is_none()
    }

    /// Real time from now on, shifted.
    pub(crate) fn set_offset_ms(&self, offset: i64) {
        let mut hands = lock(&self.hands);
        hands.run();
        hands.offset_ms = offset;
        drop(hands);
        self.wake();
    }

    /// Time stands still from now on, at `now` or where it is.
    pub(crate) fn set_virtual(&self, now: Option<i64>) {
        let mut hands = lock(&self.hands);
        hands.virtual_now_ms = now.unwrap_or_else(|| hands.now_ms());
        hands.passed_ms = hands.passed_ms();
        hands.running_since = None;
        drop(hands);
        self.wake();
    }

    /// Time runs again, from where it stands.
    pub(crate) fn set_real(&self) {
        let mut hands = lock(&self.hands);
        if hands.running_since.is_none() {
            hands.offset_ms = hands.virtual_now_ms - machine_ms();
            hands.run();
        }
        drop(hands);
        self.wake();
    }

    /// Moves virtual time to the next moment at which somebody wakes, at most by `most_ms`. Gives
    /// how far it went; nothing in real mode.
    pub(crate) fn step(&self, most_ms: i64) -> i64 {
        let mut hands = lock(&self.hands);
        if hands.running_since.is_some() {
            return most_ms;
        }
        let now = hands.passed_ms;
        let next = hands
            .sleepers
            .values()
            .map(|sleeper| sleeper.wakes_at - now)
            .filter(|wait| *wait > 0)
            .min();
        let step = next.unwrap_or(most_ms).min(most_ms);
        hands.passed_ms += step;
        hands.virtual_now_ms += step;
        drop(hands);
        self.wake();
        step
    }

    /// Whether nobody is at work: everybody who was to wake has gone on and finished or sleeps
    /// again. `deliveries` is the number of deliveries that are not finished.
    pub(crate) fn is_settled(&self, deliveries: usize) -> bool {
        let hands = lock(&self.hands);
        let now = hands.passed_ms();
        let mut asleep = 0;
        for sleeper in hands.sleepers.values() {
            match (sleeper.who, sleeper.wakes_at > now) {
                (Who::Delivery, true) => asleep += 1,
                (Who::Request, true) => {}
                (_, false) => return false,
            }
        }
        asleep >= deliveries
    }

    /// Requests and deliveries that wait on this clock.
    pub(crate) fn waiting(&self) -> usize {
        let hands = lock(&self.hands);
        let now = hands.passed_ms();
        hands
            .sleepers
            .values()
            .filter(|sleeper| sleeper.wakes_at > now)
            .count()
    }

    /// Waits on this clock.
    pub(crate) async fn sleep(&self, who: Who, wait: Duration) -> Awake<'_> {
        let mut moved = self.moved.subscribe();
        let (awake, wakes_at) = {
            let mut hands = lock(&self.hands);
            let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 4);
            let wakes_at = hands.passed_ms().saturating_add(wait);
            let id = hands.next_sleeper;
            hands.next_sleeper += 1;
            hands.sleepers.insert(id, Sleeper { wakes_at, who });
            (Awake { clock: self, id }, wakes_at)
        };
        loop {
            let (left, is_virtual) = {
                let hands = lock(&self.hands);
                (wakes_at - hands.passed_ms(), hands.running_since.is_none())
            };
            if left <= 0 {
                return awake;
            }
            if is_virtual {
                // The sender lives in `self`, so this cannot fail while we are borrowed.
                let _ = moved.changed().await;
            } else {
                let left = Duration::from_millis(left.unsigned_abs());
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = moved.changed() => {}
                }
            }
        }
    }

    fn wake(&self) {
        self.moved.send_modify(|moves| *moves += 1);
    }
}

impl Hands {
    fn now_ms(&self) -> i64 {
        match self.running_since {
            Some(_) => machine_ms() + self.offset_ms,
            None => self.virtual_now_ms,
        }
    }

    fn passed_ms(&self) -> i64 {
        let running = self.running_since.map_or(0, |since| {
            i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX / 4)
        });
        self.passed_ms + running
    }

    fn run(&mut self) {
        if self.running_since.is_none() {
            self.running_since = Some(Instant::now());
        }
    }
}

fn machine_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn virtual_time_moves_from_one_sleeper_to_the_next() {
        let clock = Arc::new(SimClock::default());
        clock.set_virtual(Some(1_000));
        let sleep = |ms| {
            let clock = Arc::clone(&clock);
            tokio::spawn(async move {
                let _awake = clock.sleep(Who::Delivery, Duration::from_millis(ms)).await;
                clock.now_ms()
            })
        };
        let (late, early) = (sleep(3_600_000), sleep(250));
        while !clock.is_settled(2) {
            tokio::task::yield_now().await;
        }
        assert_eq!(clock.step(10_000_000), 250);
        assert_eq!(early.await.ok(), Some(1_250));
        assert!(!late.is_finished());
        assert_eq!(clock.step(100), 100, "nobody wakes so soon");
        assert_eq!(clock.step(10_000_000), 3_599_650);
        assert_eq!(late.await.ok(), Some(3_601_000));
        assert_eq!(clock.step(5), 5);
        clock.set_real();
        assert!((3_601_005..3_611_005).contains(&clock.now_ms()));
    }

    #[tokio::test]
    async fn sleepers_go_on_when_time_runs_again() {
        let clock = SimClock::default();
        clock.set_virtual(None);
        let slept = clock.sleep(Who::Request, Duration::from_millis(20));
        let ((), _awake) = tokio::join!(async { clock.set_real() }, slept);
        assert!(clock.passed_ms() >= 20);
        assert!(!clock.is_settled(0), "a request at work is not settled");
    }
}
