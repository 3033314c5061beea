//! A connection that is made anew whenever it is lost.

use anyhow::Context as _;
use futures::StreamExt as _;
use keylight_runtime::lifecycle::Latch;
use lapin::{Connection, ConnectionBuilder, ConnectionProperties, uri::AMQPUri};
use secrecy::{ExposeSecret as _, SecretString};
use std::{future::Future, str::FromStr as _, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Shortest and longest pause before the next attempt to connect.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A connection that lived this long was a good one: the next pause is short again.
const GOOD_AFTER: Duration = Duration::from_secs(10);
/// An attempt to connect and declare that takes longer has failed.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// The state is looked at this often, should an event be missed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Seconds without a sign of life after which the other side counts as gone, unless the URL says otherwise.
const HEARTBEAT_SECONDS: u16 = 10;
/// Largest frame. lapin keeps room for 64 of them on each connection, touched from the start: with the usual 128 KiB that
/// would be 16 MB for our two connections. Larger messages travel in several frames.
const FRAME_BYTES: u32 = 32 * 1024;

type Current = Option<Arc<Connection>>;

/// One supervised connection.
#[derive(Clone)]
pub(super) struct Link {
    current: watch::Receiver<Current>,
}

/// Reads an AMQP URL. The error never shows it: it holds a password.
pub(super) fn parse(url: &SecretString) -> anyhow::Result<AMQPUri> {
    let mut uri = AMQPUri::from_str(url.expose_secret())
        .map_err(|_| anyhow::anyhow!("it has another form"))
        .context("AMQP_URL is not an AMQP URL such as amqp://user:password@host:5672/%2f")?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    uri.query.frame_max.get_or_insert(FRAME_BYTES);
    Ok(uri)
}

impl Link {
    /// Connects in the background until `stop`. `prepare` runs on every new connection before anybody else sees it.
    pub(super) fn open<P, F>(
        name: &'static str,
        uri: AMQPUri,
        application: &str,
        stop: CancellationToken,
        prepare: P,
    ) -> Self
    where
        P: Fn(Arc<Connection>) -> F + Send + Sync + 'static,
        F: Future<Output = lapin::Result<()>> + Send,
    {
        let (publish, current) = watch::channel(None);
        let title = format!("{application} {name}");
        tokio::spawn(async move {
            let keep = keep_connected(name, &uri, &title, &publish, prepare);
            let _ = stop.run_until_cancelled(keep).await;
            let last = publish.send_replace(None);
            if let Some(connection) = last {
                let _ = timeout(
                    Duration::from_secs(2),
                    connection.close(200, "stopping".into()),
                )
                .await;
            }
        });
        Self { current }
    }

    /// The connection if it is up.
    pub(super) fn now(&self) -> Current {
        self.current
            .borrow()
            .clone()
            .filter(|connection| connection.status().connected())
    }

    /// Waits until the connection is up. `None` once the link was closed.
    pub(super) async fn up(&self) -> Current {
        let mut current = self.current.clone();
        current.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Waits until this connection is no longer the current one.
    pub(super) async fn replaced(&self, connection: &Arc<Connection>) {
        let mut current = self.current.clone();
        let _ = current
            .wait_for(|now| !now.as_ref().is_some_and(|now| Arc::ptr_eq(now, connection)))
            .await;
    }

    pub(super) fn connected(&self) -> bool {
        self.now().is_some()
    }

    pub(super) fn state(&self) -> watch::Receiver<Current> {
        self.current.clone()
    }
}

/// Keeps the latch true while both links are up.
pub(super) async fn keep_latch(
    latch: Latch,
    mut one: watch::Receiver<Current>,
    mut other: watch::Receiver<Current>,
) {
    loop {
        let both = one.borrow_and_update().is_some() && other.borrow_and_update().is_some();
        latch.set(both);
        let changed = tokio::select! {
            changed = one.changed() => changed,
            changed = other.changed() => changed,
        };
        if changed.is_err() {
            latch.set(false);
            return;
        }
    }
}

async fn keep_connected<P, F>(
    name: &'static str,
    uri: &AMQPUri,
    title: &str,
    publish: &watch::Sender<Current>,
    prepare: P,
) where
    P: Fn(Arc<Connection>) -> F,
    F: Future<Output = lapin::Result<()>>,
{
    let mut pause = PAUSE.0;
    let mut told = false;
    loop {
        let attempt = async {
            let connection = Arc::new(connect(uri, title).await?);
            prepare(connection.clone()).await?;
            Ok::<_, lapin::Error>(connection)
        };
        let reason = match timeout(CONNECT_WITHIN, attempt).await {
            Ok(Ok(connection)) => {
                tracing::info!(link = name, "connected to the broker");
                metrics::counter!("keylight_bus_connects_total", "link" => name).increment(1);
                let began = Instant::now();
                publish.send_replace(Some(connection.clone()));
                let reason = lost(&connection).await;
                publish.send_replace(None);
                told = false;
                if began.elapsed() > GOOD_AFTER {
                    pause = PAUSE.0;
                }
                reason
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        if !told {
            tracing::warn!(
                link = name,
                reason,
                "no connection to the broker, trying again until there is one"
            );
            told = true;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

async fn connect(uri: &AMQPUri, title: &str) -> lapin::Result<Connection> {
    let properties = ConnectionProperties::default().with_connection_name(title.as_bytes().into());
    ConnectionBuilder::new()?
        .with_uri(uri.clone())
        .with_properties(properties)
        .connect()
        .await
}

/// Waits until the connection is lost, and says why.
async fn lost(connection: &Connection) -> String {
    let mut events = std::pin::pin!(connection.events_listener());
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        let reason = tokio::select! {
            event = events.next() => match event {
                Some(lapin::Event::Error(error)) => error.to_string(),
                Some(lapin::Event::ConnectionBlocked(reason)) => {
                    tracing::warn!(reason, "the broker holds publishers back");
                    continue;
                }
                Some(lapin::Event::ConnectionUnblocked) => {
                    tracing::info!("the broker takes messages again");
                    continue;
                }
                Some(_) => continue,
                None => "closed".to_owned(),
            },
            _ = looks.tick() => "connection is gone".to_owned(),
        };
        if !connection.status().connected() {
            return reason;
        }
    }
}
