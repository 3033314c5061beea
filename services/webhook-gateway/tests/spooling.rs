//! The database is away: deliveries are taken all the same, and reach the ledger later.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use futures::future::join_all;
use keylight_messaging::postgres::{PgBus, Wake};
use keylight_runtime::lifecycle::Lifecycle;
use keylight_testkit::{postgres::Database, proxy::FaultProxy, wait::wait_until};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use support::{
    Gateway, LONG, SECRET, Told, config, fresh_database, nowhere, serve_sync, small_pool,
    status_change,
};
use webhook_gateway::{
    Config,
    spool::{self, queue::Queue},
};

/// A database behind a proxy that cuts it off.
struct Away {
    database: Database,
    proxy: FaultProxy,
    url: String,
    folder: tempfile::TempDir,
}

impl Away {
    async fn new() -> Self {
        let database = fresh_database().await;
        let mut url: url::Url = database.url.parse().unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let proxy = FaultProxy::before(target).await.unwrap();
        url.set_port(Some(proxy.address().port())).unwrap();
        Self {
            database,
            proxy,
            url: url.into(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn config(&self, sync: &str, bytes: u64) -> Config {
        Config {
            spool: Some(spool::Config {
                folder: self.folder.path().to_owned(),
                bytes,
            }),
            ..config(sync)
        }
    }

    /// A gateway with a spool, and clickup-sync beside it.
    async fn gateway(&self, bytes: u64) -> Gateway {
        let told = Arc::new(Told::default());
        told.set("intake", &[SECRET]);
        let lifecycle = Lifecycle::new();
        let sync = serve_sync(told.clone(), &lifecycle).await;
        self.gateway_with(&self.config(&sync, bytes), told, lifecycle)
            .await
    }

    /// A gateway with a spool that nobody tells anything.
    async fn gateway_alone(&self) -> Gateway {
        let config = self.config(&nowhere(), 1 << 20);
        self.gateway_with(&config, Arc::default(), Lifecycle::new())
            .await
    }

    async fn gateway_with(
        &self,
        config: &Config,
        told: Arc<Told>,
        lifecycle: Lifecycle,
    ) -> Gateway {
        let pool = small_pool(&self.url, 4).await;
        let bus = PgBus::new(pool.clone(), Wake::InProcess);
        Gateway::configured(config, pool, bus, told, lifecycle).await
    }

    /// Tasks in the ledger, past the proxy.
    async fn tasks(&self) -> BTreeSet<String> {
        let tasks: Vec<String> = sqlx::query_scalar(
            "SELECT object_id FROM webhook.deliveries WHERE object_id IS NOT NULL",
        )
        .fetch_all(&self.database.pool)
        .await
        .unwrap();
        tasks.into_iter().collect()
    }

    async fn wait_for_tasks(&self, expected: &BTreeSet<String>) {
        wait_until("all that was answered is in the ledger", LONG, || async {
            let tasks = self.tasks().await;
            let missing = expected.difference(&tasks).count();
            match missing {
                0 => Ok(()),
                missing => Err(format!("{missing} of {} missing", expected.len())),
            }
        })
        .await;
        assert_eq!(&self.tasks().await, expected);
    }

    async fn wait_until_empty(&self, queue: &str) {
        wait_until("the spool is empty", LONG, || async {
            match self.files(queue).len() {
                0 => Ok(()),
                files => Err(format!("{files} files")),
            }
        })
        .await;
    }

    fn files(&self, queue: &str) -> Vec<PathBuf> {
        files(&self.folder.path().join(queue))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn named(numbers: std::ops::Range<usize>) -> BTreeSet<String> {
    numbers.map(|n| format!("t{n}")).collect()
}

async fn post(gateway: &Gateway, n: usize, secret: &str) -> StatusCode {
    let body = status_change("taskUpdated", &format!("t{n}"), &n.to_string());
    gateway.signed("intake", &body, secret).await
}

async fn post_all(gateway: &Gateway, numbers: std::ops::Range<usize>) -> Vec<StatusCode> {
    join_all(numbers.map(|n| post(gateway, n, SECRET))).await
}

/// Stops a gateway as a signal does, and waits until it has ended.
async fn stop(gateway: Gateway) {
    let Gateway {
        routes, lifecycle, ..
    } = gateway;
    lifecycle.stop();
    drop(routes);
    lifecycle.finished(LONG).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_taken_and_told_later() {
    let away = Away::new().await;
    let gateway = away.gateway(1 << 24).await;
    assert_eq!(post(&gateway, 0, SECRET).await, StatusCode::OK);

    away.proxy.refuse();
    let statuses = post_all(&gateway, 1..300).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    assert!(!away.files("signed").is_empty());
    assert_eq!(
        post(&gateway, 1, "guessed").await,
        StatusCode::FORBIDDEN,
        "signatures count as ever"
    );
    // the same again, while it waits on disk
    assert_eq!(post(&gateway, 5, SECRET).await, StatusCode::OK);
    assert_eq!(away.tasks().await, named(0..1));

    away.proxy.pass();
    // and more while the disk is being emptied
    let statuses = post_all(&gateway, 300..600).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    away.wait_for_tasks(&named(0..600)).await;
    gateway.hints(600).await;
    away.wait_until_empty("signed").await;
    // back to the direct way
    assert_eq!(post(&gateway, 600, SECRET).await, StatusCode::OK);
    assert_eq!(away.tasks().await, named(0..601), "stored when answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_silent_costs_a_moment_once() {
    let away = Away::new().await;
    let gateway = away.gateway(1 << 24).await;
    assert_eq!(post(&gateway, 0, SECRET).await, StatusCode::OK);
    away.proxy.pause();
    let began = Instant::now();
    assert_eq!(post(&gateway, 1, SECRET).await, StatusCode::OK);
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "clickup waits 7 s: {:?}",
        began.elapsed()
    );
    let began = Instant::now();
    for n in 2..20 {
        assert_eq!(post(&gateway, n, SECRET).await, StatusCode::OK);
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "what follows does not wait: {:?}",
        began.elapsed()
    );
    away.proxy.cut();
    away.wait_for_tasks(&named(0..20)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_is_told_and_recovers() {
    let away = Away::new().await;
    let gateway = away.gateway(64 << 10).await;
    assert_eq!(post(&gateway, 0, SECRET).await, StatusCode::OK);
    away.proxy.refuse();
    let statuses = post_all(&gateway, 1..300).await;
    let taken: BTreeSet<String> = (1..300)
        .zip(&statuses)
        .filter(|(_, status)| **status == StatusCode::OK)
        .map(|(n, _)| format!("t{n}"))
        .collect();
    assert!((20..200).contains(&taken.len()), "{} taken", taken.len());
    assert!(
        statuses
            .iter()
            .all(|status| [StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE].contains(status))
    );
    let bytes: u64 = away
        .files("signed")
        .iter()
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert!(bytes <= 32 << 10, "{bytes} bytes in half of the space");
    away.proxy.pass();
    let expected = taken.into_iter().chain(["t0".to_owned()]).collect();
    away.wait_for_tasks(&expected).await;
    // what was refused is taken when ClickUp repeats it
    wait_until("everything is taken", LONG, || async {
        let statuses = post_all(&gateway, 0..300).await;
        match statuses.iter().filter(|s| **s != StatusCode::OK).count() {
            0 => Ok(()),
            left => Err(format!("{left} refused")),
        }
    })
    .await;
    away.wait_for_tasks(&named(0..300)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_outage_keeps_all_for_the_next_start() {
    let away = Away::new().await;
    let gateway = away.gateway(1 << 24).await;
    assert_eq!(post(&gateway, 0, SECRET).await, StatusCode::OK);
    away.proxy.refuse();
    let statuses = post_all(&gateway, 1..100).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    stop(gateway).await;
    assert!(!away.files("signed").is_empty());

    away.proxy.pass();
    let next = away.gateway_alone().await;
    away.wait_for_tasks(&named(0..100)).await;
    next.hints(100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_empties_the_spool_when_the_database_is_there() {
    let away = Away::new().await;
    let gateway = away.gateway(1 << 24).await;
    assert_eq!(post(&gateway, 0, SECRET).await, StatusCode::OK);
    away.proxy.refuse();
    let statuses = post_all(&gateway, 1..1500).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    away.proxy.pass();
    stop(gateway).await;
    assert!(away.files("signed").is_empty());
    assert_eq!(away.tasks().await, named(0..1500));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_database_and_secrets_deliveries_are_judged_later() {
    let away = Away::new().await;
    // an earlier process was told the secret
    let earlier = away.gateway(1 << 24).await;
    assert_eq!(post(&earlier, 0, SECRET).await, StatusCode::OK);
    earlier.hints(1).await;
    stop(earlier).await;

    away.proxy.refuse();
    let gateway = away.gateway_alone().await;
    assert!(
        gateway.lifecycle.readiness().is_ready(),
        "a proxy in front must not turn clickup away"
    );
    // a name that nobody will tell about does not hold up the others
    let body = status_change("taskUpdated", "stranger", "0");
    assert_eq!(
        gateway.signed("nobody", &body, "guessed").await,
        StatusCode::OK
    );
    let signed = join_all((1..50).map(|n| post(&gateway, n, SECRET))).await;
    let forged = join_all((50..100).map(|n| post(&gateway, n, "guessed"))).await;
    assert!(
        signed
            .iter()
            .chain(&forged)
            .all(|status| *status == StatusCode::OK),
        "nobody can tell them apart yet"
    );
    for hopeless in ["", "abc"] {
        let (status, _) = gateway.post("intake", "{}", Some(hopeless)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "no secret makes it right");
    }
    assert!(!away.files("unchecked").is_empty());
    assert!(away.files("signed").is_empty());

    away.proxy.pass();
    away.wait_for_tasks(&named(0..50)).await;
    gateway.hints(49).await;
    // with the secret at hand the door decides again
    wait_until("forged ones are refused", LONG, || async {
        match post(&gateway, 200, "guessed").await {
            StatusCode::FORBIDDEN => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    assert_eq!(away.tasks().await, named(0..50));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_crowd_out_what_is_signed() {
    let away = Away::new().await;
    away.proxy.refuse();
    let told = Arc::new(Told::default());
    let lifecycle = Lifecycle::new();
    let sync = nowhere();
    let gateway = away
        .gateway_with(&away.config(&sync, 64 << 10), told, lifecycle)
        .await;
    let statuses = join_all((0..300).map(|n| post(&gateway, n, "guessed"))).await;
    assert!(statuses.contains(&StatusCode::SERVICE_UNAVAILABLE));
    let bytes = |queue: &str| -> u64 {
        away.files(queue)
            .iter()
            .map(|file| file.metadata().unwrap().len())
            .sum()
    };
    assert!(bytes("unchecked") <= 16 << 10);
    assert_eq!(bytes("signed"), 0);
    stop(gateway).await;
    // nobody tells about the name, but the ledger is never touched by it
    away.proxy.pass();
    let next = away.gateway(64 << 10).await;
    away.wait_until_empty("unchecked").await;
    assert!(away.tasks().await.is_empty());
    next.hints(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_is_set_aside_and_does_not_stop_the_rest() {
    let away = Away::new().await;
    let gateway = away.gateway(1 << 24).await;
    assert_eq!(post(&gateway, 0, SECRET).await, StatusCode::OK);
    sqlx::query("ALTER TABLE webhook.deliveries ADD CONSTRAINT no_seven CHECK (object_id <> 't7')")
        .execute(&away.database.pool)
        .await
        .unwrap();
    away.proxy.refuse();
    let statuses = post_all(&gateway, 1..20).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    away.proxy.pass();
    let mut expected = named(0..20);
    expected.remove("t7");
    away.wait_for_tasks(&expected).await;
    stop(gateway).await;
    let refused = Queue::open("refused", away.folder.path().join("refused"), 1 << 20).unwrap();
    let front = refused.read(10).unwrap().unwrap();
    assert_eq!(front.len(), 1);
    let body = &front.records().next().unwrap().delivery.body;
    assert!(String::from_utf8_lossy(body).contains("\"t7\""));
}
