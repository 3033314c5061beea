//! Names and declaration of exchange and queues.
//!
//! Declaring is idempotent: whoever comes first creates, the others find everything as it should be. A queue that exists with
//! other arguments is an error that says so; changing arguments means a new name or deleting the queue when it is empty.

use super::message::RETRY_TIERS;
use crate::{Queue, topology};
use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use std::time::Duration;

/// Names on the broker.
#[derive(Debug, Clone)]
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    pub(super) fn exchange(&self) -> String {
        format!("{}{}", self.prefix, topology::EXCHANGE)
    }

    pub(super) fn work(&self, queue: &Queue) -> String {
        format!("{}{}", self.prefix, queue.name)
    }

    pub(super) fn dead(&self, queue: &Queue) -> String {
        format!("{}{}.dead", self.prefix, queue.name)
    }

    pub(super) fn retry(&self, queue: &Queue, tier: Duration) -> String {
        format!("{}{}.retry.{}s", self.prefix, queue.name, tier.as_secs())
    }

    /// All queues of one work queue.
    pub(super) fn group(&self, queue: &Queue) -> Vec<String> {
        let mut names = vec![self.work(queue), self.dead(queue)];
        names.extend(RETRY_TIERS.iter().map(|tier| self.retry(queue, *tier)));
        names
    }
}

/// Declares the exchange and all of `queues`.
pub(super) async fn all(channel: &Channel, names: &Names, queues: &[&Queue]) -> lapin::Result<()> {
    exchange(channel, names).await?;
    for queue in queues {
        group(channel, names, queue).await?;
    }
    Ok(())
}

/// Declares what a consumer of `queue` needs.
pub(super) async fn for_consumer(
    channel: &Channel,
    names: &Names,
    queue: &Queue,
) -> lapin::Result<()> {
    exchange(channel, names).await?;
    group(channel, names, queue).await
}

async fn exchange(channel: &Channel, names: &Names) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    channel
        .exchange_declare(
            names.exchange().into(),
            ExchangeKind::Topic,
            options,
            FieldTable::default(),
        )
        .await
}

async fn group(channel: &Channel, names: &Names, queue: &Queue) -> lapin::Result<()> {
    let work = names.work(queue);
    declare(channel, &names.dead(queue), quorum()).await?;
    for tier in RETRY_TIERS {
        let mut arguments = dead_letter_to(&work);
        arguments.insert(
            "x-message-ttl".into(),
            AMQPValue::LongLongInt(tier.as_millis().try_into().unwrap_or(i64::MAX)),
        );
        declare(channel, &names.retry(queue, tier), arguments).await?;
    }
    // our consumers give up by themselves before the broker does; the limit is for those that die again and again
    let mut arguments = dead_letter_to(&names.dead(queue));
    arguments.insert(
        "x-delivery-limit".into(),
        AMQPValue::LongInt(queue.max_attempts.try_into().unwrap_or(i32::MAX)),
    );
    declare(channel, &work, arguments).await?;
    for binding in queue.bindings {
        channel
            .queue_bind(
                work.as_str().into(),
                names.exchange().into(),
                (*binding).into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
    }
    Ok(())
}

async fn declare(channel: &Channel, name: &str, arguments: FieldTable) -> lapin::Result<()> {
    channel
        .queue_declare(name.into(), QueueDeclareOptions::durable(), arguments)
        .await?;
    Ok(())
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

/// A quorum queue whose expired or refused messages go to queue `target` and are kept until they have arrived there.
fn dead_letter_to(target: &str) -> FieldTable {
    let mut arguments = quorum();
    // the default exchange: straight to that queue
    arguments.insert("x-dead-letter-exchange".into(), text(""));
    arguments.insert("x-dead-letter-routing-key".into(), text(target));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    // the broker demands this for at-least-once
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.as_bytes().into())
}
