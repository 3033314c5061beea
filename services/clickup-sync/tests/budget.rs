//! How much of the allowed calls a backlog gets, whatever the number of workers, and how soon somebody who waits is served
//! in the middle of it. Takes minutes of real time: `cargo test -p clickup-sync --test budget -- --ignored --nocapture`.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::events::SUBMISSION_IMPORTED;
use serde_json::Value;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use support::{LONG, Setup, System};
use tokio_util::sync::CancellationToken;

/// The window of the real service.
const WINDOW: Duration = Duration::from_secs(60);
/// Windows that are looked at.
const WINDOWS: u32 = 3;

/// A worker that can be killed: a runtime of its own, and dropping it drops every task in the middle of what it does.
struct Mortal {
    kill: CancellationToken,
    thread: std::thread::JoinHandle<()>,
}

impl Mortal {
    fn start(system: &System) -> Self {
        let (config, url, kill) = (
            system.config(),
            system.database.url.clone(),
            CancellationToken::new(),
        );
        let killed = kill.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let pool = sqlx::postgres::PgPoolOptions::new()
                    .max_connections(4)
                    .connect(&url)
                    .await
                    .unwrap();
                let bus = keylight_messaging::postgres::PgBus::new(
                    pool.clone(),
                    keylight_messaging::postgres::Wake::Listen,
                );
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let resources = clickup_sync::app::Resources {
                    pool,
                    bus,
                    listener,
                    clock: std::sync::Arc::new(keylight_runtime::clock::SystemClock),
                };
                let life = keylight_runtime::lifecycle::Lifecycle::new();
                clickup_sync::app::run(config, resources, &life)
                    .await
                    .unwrap();
                killed.cancelled().await;
            });
            runtime.shutdown_timeout(Duration::ZERO);
        });
        Self { kill, thread }
    }

    async fn kill(self) {
        self.kill.cancel();
        tokio::task::spawn_blocking(|| self.thread.join())
            .await
            .unwrap()
            .unwrap();
    }
}

/// Calls of our token in each window, and how many were refused.
fn windows(log: &[Value]) -> (Vec<u32>, u32) {
    let (mut used, mut refused, mut ends) = (Vec::new(), 0, i64::MIN);
    for entry in log.iter().filter(|entry| entry["user"] == 1) {
        let at = entry["at"].as_i64().unwrap();
        if at >= ends {
            ends = at + i64::try_from(WINDOW.as_millis()).unwrap();
            used.push(0);
        }
        if entry["status"] == 429 {
            refused += 1;
        } else {
            *used.last_mut().unwrap() += 1;
        }
    }
    (used, refused)
}

async fn put_of(system: &System, task: &str) -> bool {
    let wanted = format!("PUT /api/v2/task/{task}");
    system
        .task_calls()
        .await
        .iter()
        .any(|call| call.starts_with(&wanted))
}

async fn measure(workers: usize, limit: u32) -> String {
    let setup = Setup {
        rate_limit: limit,
        window: WINDOW,
        webhook: false,
        sweep_interval: Duration::from_secs(10),
        ..Setup::default()
    };
    let system = System::prepare(setup).await;
    system.entity.imported.store(true, Ordering::SeqCst);
    let backlog = i64::from(limit * (WINDOWS + 1)).max(1_000);
    system.entity.mute.store(true, Ordering::SeqCst);
    for id in 1..=backlog {
        system.entity.create(id).await;
    }
    system.entity.mute.store(false, Ordering::SeqCst);
    for id in 1..=backlog {
        system.entity.tell(id, SUBMISSION_IMPORTED).await;
    }
    let mut mortals: Vec<Mortal> = (0..workers).map(|_| Mortal::start(&system)).collect();
    let began = Instant::now();

    // killed in the middle of the first window
    tokio::time::sleep(WINDOW / 2).await;
    mortals.pop().unwrap().kill().await;
    if mortals.is_empty() {
        mortals.push(Mortal::start(&system));
    }
    // and people change something in each of the next two
    let mut latencies = Vec::new();
    for at in [1.25, 1.5, 1.75, 2.25, 2.5, 2.75] {
        tokio::time::sleep(WINDOW.mul_f64(at).saturating_sub(began.elapsed())).await;
        let linked = system.entity.all();
        let done = linked
            .iter()
            .filter(|submission| {
                submission.sync_state == "synced" && submission.status.as_deref() == Some("new")
            })
            .nth(latencies.len())
            .expect("some have their task by now");
        let task = done.clickup_task_id.clone().unwrap();
        let changed = Instant::now();
        system.entity.set_status(done.id, "reviewed").await;
        while !put_of(&system, &task).await {
            assert!(changed.elapsed() < LONG, "a change was not sent at all");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        latencies.push(changed.elapsed());
    }
    let end = WINDOW * WINDOWS + Duration::from_secs(3);
    tokio::time::sleep(end.saturating_sub(began.elapsed())).await;
    let (used, refused) = windows(&system.log().await);
    let whole = &used[..used.len() - 1];
    let share = f64::from(whole.iter().sum::<u32>())
        / f64::from(limit * u32::try_from(whole.len()).unwrap());
    for mortal in mortals {
        mortal.kill().await;
    }
    let slowest = latencies.iter().max().unwrap().as_secs_f64();
    let told = format!(
        "{workers} workers, {limit} calls a minute: {:.2} % of the allowed calls in {} windows {whole:?}, {refused} refused, \
         changes by people sent within {slowest:.1} s",
        share * 100.0,
        whole.len(),
    );
    println!("{told}");
    told + if share >= 0.99 && refused == 0 && slowest < 3.0 {
        ""
    } else {
        "  <- MISSED"
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement of four minutes"]
async fn a_backlog_gets_nearly_every_call_and_people_do_not_wait_for_it() {
    let mut runs = Vec::new();
    for limit in [100, 1_000] {
        let (one, two, eight) =
            tokio::join!(measure(1, limit), measure(2, limit), measure(8, limit));
        runs.extend([one, two, eight]);
    }
    println!("\n{}", runs.join("\n"));
    assert!(!runs.iter().any(|run| run.contains("MISSED")), "{runs:#?}");
}
