//! Deliveries: one POST per event and webhook, tried again, and the health that follows from it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, redirect};
use serde::Serialize;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::signature::sign;
use super::{HookStatus, Webhook};
use crate::clock::Who;
use crate::config::WebhookRetry;
use crate::faults::DeliveryPlan;
use crate::sim::{Sim, lock};

/// Deliveries waiting at most; more are lost, as a receiver must expect anyway.
const MOST_WAITING: usize = 100_000;
/// Deliveries in work at most, counting those that wait for their next attempt.
const MOST_IN_WORK: usize = 10_000;
/// POSTs under way at once.
const MOST_AT_ONCE: usize = 32;
/// Attempts remembered for the control interface.
const ATTEMPTS_KEPT: usize = 2_000;

/// One event for one webhook.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) seq: u64,
    pub(crate) webhook: String,
    pub(crate) event: &'static str,
    /// Id of the task or list.
    pub(crate) subject: String,
    pub(crate) body: Bytes,
}

/// One attempt, for the control interface.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Attempt {
    pub(crate) seq: u64,
    pub(crate) delivery: u64,
    pub(crate) webhook: String,
    pub(crate) event: &'static str,
    pub(crate) subject: String,
    pub(crate) attempt: u32,
    /// `None` when there was no answer.
    pub(crate) status: Option<u16>,
    pub(crate) at: i64,
    pub(crate) ms: u64,
}

/// The queue of deliveries and what came of them.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    queue: Mutex<Queue>,
    wake: Notify,
    tried: Notify,
    attempts: Mutex<Attempts>,
    /// Whether somebody carries the deliveries out.
    carried: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Job>,
    last_seq: u64,
    /// Deliveries whose first attempt is not over.
    untried: BTreeSet<u64>,
    /// Deliveries not finished.
    open: usize,
    overflowed: u64,
}

#[derive(Debug, Default)]
struct Attempts {
    ring: VecDeque<Attempt>,
    last_seq: u64,
}

/// Numbers for the control interface.
#[derive(Debug, Serialize)]
pub(crate) struct QueueView {
    pub(crate) open: usize,
    pub(crate) overflowed: u64,
}

impl Deliveries {
    pub(crate) fn push(&self, jobs: VecDeque<Job>) {
        if jobs.is_empty() {
            return;
        }
        let mut queue = lock(&self.queue);
        for mut job in jobs {
            queue.last_seq += 1;
            job.seq = queue.last_seq;
            if queue.waiting.len() == MOST_WAITING {
                queue.overflowed += 1;
                continue;
            }
            queue.untried.insert(job.seq);
            queue.open += 1;
            queue.waiting.push_back(job);
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Deliveries in work; none while nobody carries them out. Those that wait for a place behind
    /// ten thousand sleeping ones do not count, because they cannot begin before time moves.
    pub(crate) fn open(&self) -> usize {
        if self.carried.load(Ordering::Acquire) {
            lock(&self.queue).open.min(MOST_IN_WORK)
        } else {
            0
        }
    }

    pub(crate) fn view(&self) -> QueueView {
        let queue = lock(&self.queue);
        QueueView {
            open: queue.open,
            overflowed: queue.overflowed,
        }
    }

    pub(crate) fn attempts_after(&self, seq: u64, limit: usize) -> Vec<Attempt> {
        let attempts = lock(&self.attempts);
        let skip = attempts.ring.partition_point(|attempt| attempt.seq <= seq);
        attempts
            .ring
            .iter()
            .skip(skip)
            .take(limit)
            .cloned()
            .collect()
    }

    /// Waits until everything queued by now was tried once.
    pub(crate) async fn wait_for_first_attempts(&self, patience: Duration) {
        let upto = lock(&self.queue).last_seq;
        let done = async {
            loop {
                let tried = self.tried.notified();
                tokio::pin!(tried);
                tried.as_mut().enable();
                let first = lock(&self.queue).untried.first().copied();
                if first.is_none_or(|first| first > upto) {
                    return;
                }
                tried.await;
            }
        };
        let _ = tokio::time::timeout(patience, done).await;
    }

    fn pop(&self) -> Option<Job> {
        lock(&self.queue).waiting.pop_front()
    }

    fn mark_tried(&self, seq: u64) {
        lock(&self.queue).untried.remove(&seq);
        self.tried.notify_waiters();
    }

    fn mark_closed(&self, seq: u64) {
        let mut queue = lock(&self.queue);
        queue.untried.remove(&seq);
        queue.open = queue.open.saturating_sub(1);
        drop(queue);
        self.tried.notify_waiters();
    }

    fn remember(&self, mut attempt: Attempt) {
        let mut attempts = lock(&self.attempts);
        attempts.last_seq += 1;
        attempt.seq = attempts.last_seq;
        if attempts.ring.len() == ATTEMPTS_KEPT {
            attempts.ring.pop_front();
        }
        attempts.ring.push_back(attempt);
    }
}

/// Sends queued deliveries until told to stop. What is not delivered then is lost: the real
/// service gives no promise either.
///
/// # Errors
/// The HTTP client cannot be made.
pub(crate) async fn run(sim: Sim, stop: CancellationToken) -> anyhow::Result<()> {
    // An error only says that a provider is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()?;
    let in_work = Arc::new(Semaphore::new(MOST_IN_WORK));
    let at_once = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let in_turn = Arc::new(Semaphore::new(1));
    let tracker = TaskTracker::new();
    sim.deliveries().carried.store(true, Ordering::Release);
    let pump = async {
        loop {
            let Some(job) = sim.deliveries().pop() else {
                sim.deliveries().wake.notified().await;
                continue;
            };
            let Ok(place) = Arc::clone(&in_work).acquire_owned().await else {
                return;
            };
            let courier = Courier {
                sim: sim.clone(),
                client: client.clone(),
                at_once: Arc::clone(&at_once),
                in_turn: Arc::clone(&in_turn),
            };
            // Here and not in the courier, so that the dice fall in the order of the changes.
            let plan = sim.faults().plan_delivery(job.event);
            let stop = stop.clone();
            tracker.spawn(async move {
                let seq = job.seq;
                stop.run_until_cancelled(courier.carry(job, plan)).await;
                courier.sim.deliveries().mark_closed(seq);
                drop(place);
            });
        }
    };
    stop.run_until_cancelled(pump).await;
    sim.deliveries().carried.store(false, Ordering::Release);
    tracker.close();
    tracker.wait().await;
    Ok(())
}

struct Courier {
    sim: Sim,
    client: Client,
    at_once: Arc<Semaphore>,
    /// Under virtual time there is one POST at a time: what happens at the same moment then happens
    /// in the same order in every run.
    in_turn: Arc<Semaphore>,
}

/// What an attempt says about the receiver.
enum Answer {
    Good,
    Bad,
    /// 401 or 410: the receiver wants no more.
    Unwanted,
}

impl Courier {
    async fn carry(&self, job: Job, plan: DeliveryPlan) {
        if plan.drop {
            return;
        }
        let pause = plan.delay_ms + plan.reorder_ms;
        if pause > 0 {
            self.pause(Duration::from_millis(pause)).await;
        }
        if plan.duplicate {
            let _ = self.attempt(&job, 1).await;
        }
        let WebhookRetry {
            attempts, backoff, ..
        } = self.sim.webhook_retry();
        for attempt in 1..=attempts {
            let answer = self.attempt(&job, attempt).await;
            self.sim.deliveries().mark_tried(job.seq);
            match answer {
                None => return,
                Some(Answer::Good) => return self.health(&job.webhook, succeeded),
                Some(Answer::Unwanted) => {
                    return self.health(&job.webhook, |webhook| {
                        webhook.status = HookStatus::Suspended;
                    });
                }
                Some(Answer::Bad) => self.health(&job.webhook, |webhook| {
                    webhook.status = HookStatus::Failing;
                }),
            }
            if attempt < attempts {
                let doubled = 2_u32.saturating_pow(attempt - 1);
                self.pause(backoff.saturating_mul(doubled)).await;
            }
        }
        let most = self.sim.webhook_retry().suspend_after;
        self.health(&job.webhook, |webhook| {
            webhook.fail_count += 1;
            if webhook.fail_count >= most {
                webhook.status = HookStatus::Suspended;
            }
        });
    }

    async fn pause(&self, wait: Duration) {
        let _awake = self.sim.clock().sleep(Who::Delivery, wait).await;
    }

    /// One POST; `None` when the webhook is gone or suspended by now.
    async fn attempt(&self, job: &Job, attempt: u32) -> Option<Answer> {
        let turns = if self.sim.clock().is_virtual() {
            &self.in_turn
        } else {
            &self.at_once
        };
        let _permit = turns.acquire().await.ok()?;
        let (endpoint, secret, header) = self.sim.read(|world| {
            let header = if world.options.ck_signature {
                "x-ck-signature"
            } else {
                "x-signature"
            };
            let webhook = world.webhooks.iter().find(|hook| hook.id == job.webhook)?;
            (webhook.status != HookStatus::Suspended)
                .then(|| (webhook.endpoint.clone(), webhook.secret.clone(), header))
        })?;
        let at = self.sim.now_ms();
        let started = self.sim.clock().passed_ms();
        let answer = self
            .client
            .post(&endpoint)
            .header("content-type", "application/json")
            .header(header, sign(&secret, &job.body))
            .timeout(self.sim.webhook_retry().timeout)
            .body(job.body.clone())
            .send()
            .await;
        let status = answer
            .ok()
            .map(|answer| answer.status().as_u16())
            .filter(|_| !self.sim.faults().loses_answer(job.event));
        self.sim.deliveries().remember(Attempt {
            seq: 0,
            delivery: job.seq,
            webhook: job.webhook.clone(),
            event: job.event,
            subject: job.subject.clone(),
            attempt,
            status,
            at,
            ms: (self.sim.clock().passed_ms() - started).unsigned_abs(),
        });
        Some(match status {
            Some(200..=299) => Answer::Good,
            Some(401 | 410) => Answer::Unwanted,
            _ => Answer::Bad,
        })
    }

    /// Changes the health of a webhook that is not suspended; most deliveries change nothing.
    fn health(&self, id: &str, set: impl FnOnce(&mut Webhook)) {
        let healthy = self.sim.read(|world| {
            let webhook = world.webhooks.iter().find(|hook| hook.id == id)?;
            let mut new = webhook.clone();
            set(&mut new);
            let same = new.status == webhook.status && new.fail_count == webhook.fail_count;
            (!same && webhook.status != HookStatus::Suspended)
                .then_some((new.status, new.fail_count))
        });
        let Some((status, fail_count)) = healthy else {
            return;
        };
        let _ = self.sim.change(|change| {
            change.world.change_webhooks(|webhooks| {
                let hook = webhooks.iter_mut().find(|hook| hook.id == id);
                if let Some(hook) = hook.filter(|hook| hook.status != HookStatus::Suspended) {
                    hook.status = status;
                    hook.fail_count = fail_count;
                }
            });
            Ok(())
        });
    }
}

fn succeeded(webhook: &mut Webhook) {
    webhook.status = HookStatus::Active;
    webhook.fail_count = 0;
}
