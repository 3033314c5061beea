//! The bus that the settings name: RabbitMQ if there is a URL for it, else tables in the database.

use crate::{
    MessageBus, depth,
    postgres::{self, PgBus, Wake},
    rabbitmq::{RabbitBus, RabbitOptions},
    topology,
};
use keylight_runtime::{
    config::{Key, Reader},
    lifecycle::{Latch, Lifecycle},
};
use keylight_store::migrate::migrate_when_up;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Where the broker is.
pub const AMQP_URL: Key = Key {
    path: "bus.amqp_url",
    env: "AMQP_URL",
    default: None,
    secret: true,
    doc: "RabbitMQ, for example amqp://user:password@host:5672/%2f; unset = queues in PostgreSQL",
};
const PREFIX: Key = Key {
    path: "bus.prefix",
    env: "KEYLIGHT_AMQP_PREFIX",
    default: None,
    secret: false,
    doc: "put before the names of exchange and queues in RabbitMQ, so that several systems can share a broker",
};

/// The settings of this module.
pub const KEYS: &[Key] = &[AMQP_URL, PREFIX];

/// How often the depth of the queues is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// Which bus, and how to reach it.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// See [`AMQP_URL`].
    pub amqp_url: Option<SecretString>,
    /// See [`PREFIX`].
    pub prefix: String,
}

impl Config {
    /// Reads the settings.
    pub fn read(reader: &mut Reader) -> Self {
        let amqp_url = reader.opt_secret(&AMQP_URL);
        if amqp_url
            .as_ref()
            .is_some_and(|url| !is_amqp(url.expose_secret()))
        {
            reader.refuse(
                &AMQP_URL,
                "the value is not an AMQP URL, for example amqp://user:password@host:5672/%2f",
            );
        }
        Self {
            amqp_url,
            prefix: reader.opt_string(&PREFIX).unwrap_or_default(),
        }
    }
}

fn is_amqp(url: &str) -> bool {
    url.starts_with("amqp://") || url.starts_with("amqps://")
}

/// The bus that `config` names, with its readiness condition `message-bus` and its metrics. `name` is shown by the broker
/// beside our connections.
///
/// RabbitMQ is connected to in the background. Queues in PostgreSQL need their tables: this waits until the database
/// answers, and until they are there. A pool of one connection has none to spare for listening: all that publishes and
/// consumes must then be in this process.
///
/// # Errors
/// When the URL cannot be understood, a migration is refused, or the process was asked to stop.
pub async fn connect(
    config: &Config,
    pool: &PgPool,
    name: &str,
    lifecycle: &Lifecycle,
) -> anyhow::Result<Arc<dyn MessageBus>> {
    let latch = lifecycle.latch("message-bus");
    let stopping = lifecycle.stopping();
    let bus: Arc<dyn MessageBus> = match &config.amqp_url {
        Some(url) => rabbit(url, config, name, latch, &stopping)?,
        None => {
            migrate_when_up(pool, &postgres::MIGRATOR, postgres::SCHEMA, &stopping).await?;
            latch.set(true);
            in_database(pool)
        }
    };
    measure(&bus, lifecycle);
    Ok(bus)
}

/// The bus as in [`connect`], for a process that has to be up without it: waits for nothing, and does not decide about
/// readiness. Publishing fails until the bus is there.
///
/// # Errors
/// When the URL cannot be understood.
pub fn connect_later(
    config: &Config,
    pool: &PgPool,
    name: &str,
    lifecycle: &Lifecycle,
) -> anyhow::Result<Arc<dyn MessageBus>> {
    let latch = lifecycle.indicator("message-bus");
    let stopping = lifecycle.stopping();
    let bus: Arc<dyn MessageBus> = match &config.amqp_url {
        Some(url) => rabbit(url, config, name, latch, &stopping)?,
        None => {
            let tables = pool.clone();
            lifecycle.spawn("bus-tables", async move {
                migrate_when_up(&tables, &postgres::MIGRATOR, postgres::SCHEMA, &stopping).await?;
                latch.set(true);
                stopping.cancelled().await;
                Ok(())
            });
            in_database(pool)
        }
    };
    measure(&bus, lifecycle);
    Ok(bus)
}

fn rabbit(
    url: &SecretString,
    config: &Config,
    name: &str,
    latch: Latch,
    stopping: &CancellationToken,
) -> anyhow::Result<Arc<dyn MessageBus>> {
    let options = RabbitOptions {
        prefix: config.prefix.clone(),
        connection_name: name.to_owned(),
        latch: Some(latch),
        ..RabbitOptions::default()
    };
    Ok(RabbitBus::connect(url, options, stopping)?)
}

fn in_database(pool: &PgPool) -> Arc<dyn MessageBus> {
    let alone = pool.options().get_max_connections() == 1;
    PgBus::new(
        pool.clone(),
        if alone { Wake::InProcess } else { Wake::Listen },
    )
}

fn measure(bus: &Arc<dyn MessageBus>, lifecycle: &Lifecycle) {
    let (bus, stopping) = (bus.clone(), lifecycle.stopping());
    lifecycle.supervise("bus-depth", move || {
        depth::report(bus.clone(), topology::ALL, MEASURE_EVERY, stopping.clone())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_wrong_url_is_told_without_its_password() {
        let variables =
            HashMap::from([("AMQP_URL".to_owned(), "http://user:hunter2@host".to_owned())]);
        let mut reader = Reader::new(variables);
        Config::read(&mut reader);
        let problems = reader.problems(&[KEYS]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(!problems[0].text.contains("hunter2"), "{problems:?}");
    }
}
