//! The two buses under test, each isolated from all others.

#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use keylight_messaging::{
    MessageBus, Queue,
    postgres::{MIGRATOR, PgBus, PgOptions, SCHEMA, Wake},
    rabbitmq::{RabbitBus, RabbitOptions},
};
use keylight_testkit::{postgres as test_postgres, proxy::FaultProxy, rabbit, wait::wait_until};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

pub static ORDERS: Queue = Queue {
    name: "test.orders",
    bindings: &["test.order.#"],
    purpose: "tests",
    guarantee: "tests",
    max_attempts: 3,
    prefetch: 20,
};
pub static AUDIT: Queue = Queue {
    name: "test.audit",
    bindings: &["test.order.#", "test.audit"],
    purpose: "tests",
    guarantee: "tests",
    max_attempts: 3,
    prefetch: 20,
};
pub static UNKNOWN: Queue = Queue {
    name: "test.unknown",
    ..ORDERS
};
pub static QUEUES: &[&Queue] = &[&ORDERS, &AUDIT];

/// Longest that anything here may take, on a slow machine.
///
/// Some wait through two restarts of a broker, and the testkit grants each of them two minutes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// One isolated broker or database.
#[async_trait]
pub trait Buses: Send + Sync {
    /// A bus like that of another process.
    async fn bus(&self) -> Arc<dyn MessageBus>;
    /// A bus whose leases do not end during a test, for what must not depend on them.
    async fn with_endless_leases(&self) -> Arc<dyn MessageBus>;
    /// A bus whose connections go through a proxy.
    async fn through_proxy(&self) -> (Arc<dyn MessageBus>, FaultProxy);
    /// Shortest retry that the bus can do.
    fn shortest_retry(&self) -> Duration;
}

pub async fn connected(bus: Arc<dyn MessageBus>) -> Arc<dyn MessageBus> {
    wait_until("the bus is connected", PATIENCE, || async {
        if bus.connected() {
            Ok(())
        } else {
            Err("not connected".to_owned())
        }
    })
    .await;
    bus
}

pub struct Rabbit {
    pub url: String,
    pub prefix: String,
}

impl Rabbit {
    pub async fn new() -> Self {
        Self::at(rabbit::broker_url().await)
    }

    pub fn at(url: String) -> Self {
        Self {
            url,
            prefix: format!("test-{}.", uuid::Uuid::new_v4().simple()),
        }
    }

    pub fn open(&self, url: &str) -> Arc<dyn MessageBus> {
        let options = RabbitOptions {
            prefix: self.prefix.clone(),
            queues: QUEUES,
            ..Default::default()
        };
        RabbitBus::connect(&url.to_owned().into(), options, &CancellationToken::new()).unwrap()
    }
}

/// Queues of a shared broker would pile up.
impl Drop for Rabbit {
    fn drop(&mut self) {
        let (url, prefix) = (self.url.clone(), self.prefix.clone());
        let cleaning = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let work = async {
                    let connection = lapin::Connection::connect(&url, Default::default()).await?;
                    let channel = connection.create_channel().await?;
                    for queue in QUEUES {
                        for ending in [
                            "",
                            ".dead",
                            ".retry.1s",
                            ".retry.5s",
                            ".retry.30s",
                            ".retry.300s",
                        ] {
                            let name = format!("{prefix}{}{ending}", queue.name);
                            channel
                                .queue_delete(name.into(), Default::default())
                                .await?;
                        }
                    }
                    channel
                        .exchange_delete(
                            format!("{prefix}keylight.events").into(),
                            Default::default(),
                        )
                        .await?;
                    connection.close(200, "done".into()).await
                };
                let _ = tokio::time::timeout(Duration::from_secs(10), work).await;
            });
        });
        let _ = cleaning.join();
    }
}

#[async_trait]
impl Buses for Rabbit {
    async fn bus(&self) -> Arc<dyn MessageBus> {
        connected(self.open(&self.url)).await
    }

    async fn with_endless_leases(&self) -> Arc<dyn MessageBus> {
        // a connection has no lease
        self.bus().await
    }

    async fn through_proxy(&self) -> (Arc<dyn MessageBus>, FaultProxy) {
        let at = self.url.find('@').unwrap() + 1;
        let end = at + self.url[at..].find('/').unwrap();
        let proxy = FaultProxy::before(&self.url[at..end]).await.unwrap();
        let url = format!("{}{}{}", &self.url[..at], proxy.address(), &self.url[end..]);
        (connected(self.open(&url)).await, proxy)
    }

    fn shortest_retry(&self) -> Duration {
        Duration::from_secs(1)
    }
}

pub struct Postgres {
    database: test_postgres::Database,
}

/// Short, so that tests see it end; longer than the pauses of a busy machine.
pub const LEASE: Duration = Duration::from_secs(2);

impl Postgres {
    pub async fn new() -> Self {
        let migrate =
            |pool: PgPool| async move { keylight_store::migrate(&pool, &MIGRATOR, SCHEMA).await };
        Self {
            database: test_postgres::database(migrate).await,
        }
    }

    async fn open(&self, url: &str, lease: Duration) -> Arc<dyn MessageBus> {
        let pool = PgPoolOptions::new()
            // as in the embedded set-up: one connection must be enough for everything
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect(url)
            .await
            .unwrap();
        let options = PgOptions {
            lease,
            poll: Duration::from_millis(500),
            queues: QUEUES,
        };
        PgBus::with_options(pool, Wake::Listen, options)
    }
}

#[async_trait]
impl Buses for Postgres {
    async fn bus(&self) -> Arc<dyn MessageBus> {
        self.open(&self.database.url, LEASE).await
    }

    async fn through_proxy(&self) -> (Arc<dyn MessageBus>, FaultProxy) {
        let url = &self.database.url;
        let at = url.find('@').unwrap() + 1;
        let end = at + url[at..].find('/').unwrap();
        let proxy = FaultProxy::before(&url[at..end]).await.unwrap();
        let url = format!("{}{}{}", &url[..at], proxy.address(), &url[end..]);
        (self.open(&url, LEASE).await, proxy)
    }

    async fn with_endless_leases(&self) -> Arc<dyn MessageBus> {
        self.open(&self.database.url, Duration::from_secs(3600))
            .await
    }

    fn shortest_retry(&self) -> Duration {
        Duration::from_millis(300)
    }
}
