//! The outbox relay beside a bare publisher: same broker, same kind of queue, same confirm window, in the same run.

use crate::{System, median};
use anyhow::Context as _;
use bytes::Bytes;
use futures::{StreamExt as _, stream::FuturesUnordered};
use keylight_messaging::{
    MessageBus as _, Queue,
    rabbitmq::{RabbitBus, RabbitOptions},
    relay::{self, RelayOptions},
};
use keylight_store::outbox::{Outbox, OutboxMessage, Schema};
use lapin::{
    BasicProperties, Connection, ConnectionProperties, ExchangeKind,
    options::{
        BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use secrecy::SecretString;
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const MESSAGES: usize = 30_000;
/// As in the adapter.
const WINDOW: usize = 1000;
const TOPIC: &str = "bench.relay.v1";

static QUEUE: Queue = Queue {
    name: "bench.relay",
    bindings: &["bench.relay.#"],
    purpose: "measures the relay",
    guarantee: "none",
    max_attempts: 1,
    prefetch: 200,
};

static QUEUES: &[&Queue] = &[&QUEUE];

pub async fn run(system: &System) -> anyhow::Result<()> {
    // about what an event of ours weighs
    let payload = Bytes::from(vec![b'x'; 420]);
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect(&system.database_url)
        .await?;
    let (mut bare, mut single, mut packed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=system.rounds {
        bare.push(bare_publisher(&system.amqp_url, &payload, WINDOW, MESSAGES).await?);
        single.push(through_relay(system, &pool, &payload, 1).await?);
        packed.push(through_relay(system, &pool, &payload, RelayOptions::default().pack).await?);
        println!(
            "round {round}: bare {:.0}/s, relay {:.0}/s, relay packing {:.0}/s",
            bare[round - 1],
            single[round - 1],
            packed[round - 1]
        );
    }
    let reference = median(bare);
    println!(
        "\n# relay: {MESSAGES} events of {} bytes, quorum queue, confirms, window {WINDOW}, {} rounds",
        payload.len(),
        system.rounds
    );
    println!("bare lapin publisher            {reference:>9.0} messages/s");
    let one = median(single);
    println!(
        "relay, one event per message    {one:>9.0} messages/s = {:.2} of bare",
        one / reference
    );
    let many = median(packed);
    println!(
        "relay, packing under backlog    {many:>9.0} events/s   = {:.2} of bare",
        many / reference
    );
    Ok(())
}

/// Messages per second of a loop that publishes with confirms to a quorum queue of its own, `window` of them in flight.
pub async fn bare_publisher(
    url: &str,
    payload: &Bytes,
    window: usize,
    messages: usize,
) -> anyhow::Result<f64> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let (exchange, queue) = ("bench.bare", "bench.bare");
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    channel
        .exchange_declare(
            exchange.into(),
            ExchangeKind::Topic,
            durable,
            FieldTable::default(),
        )
        .await?;
    let mut arguments = FieldTable::default();
    arguments.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    let options = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    channel
        .queue_declare(queue.into(), options, arguments)
        .await?;
    channel
        .queue_bind(
            queue.into(),
            exchange.into(),
            "bench.relay.#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let properties = BasicProperties::default().with_delivery_mode(2);
    let publish = BasicPublishOptions {
        mandatory: true,
        ..Default::default()
    };
    let began = Instant::now();
    let mut confirms = FuturesUnordered::new();
    for _ in 0..messages {
        if confirms.len() == window {
            let _: Option<lapin::Result<lapin::Confirmation>> = confirms.next().await;
        }
        let confirm = channel
            .basic_publish(
                exchange.into(),
                TOPIC.into(),
                publish,
                payload,
                properties.clone(),
            )
            .await?;
        confirms.push(confirm);
    }
    while let Some(confirm) = confirms.next().await {
        confirm?;
    }
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    channel
        .queue_delete(queue.into(), QueueDeleteOptions::default())
        .await?;
    connection.close(200, "done".into()).await?;
    Ok(rate)
}

async fn through_relay(
    system: &System,
    pool: &PgPool,
    payload: &Bytes,
    pack: usize,
) -> anyhow::Result<f64> {
    let outbox = Outbox::new(Schema::Webhook, Uuid::now_v7());
    // says that it lives before it has rows, so that nobody adopts them
    outbox.heartbeat(pool).await?;
    for _ in 0..MESSAGES / 1000 {
        let messages: Vec<OutboxMessage> = (0..1000)
            .map(|_| OutboxMessage {
                message_id: Uuid::now_v7(),
                topic: TOPIC.to_owned(),
                payload: payload.to_vec(),
                traceparent: None,
            })
            .collect();
        let mut transaction = pool.begin().await?;
        outbox.append(&mut transaction, &messages).await?;
        transaction.commit().await?;
    }
    let stop = CancellationToken::new();
    let options = RabbitOptions {
        prefix: format!("bench-{}-", Uuid::now_v7().simple()),
        queues: QUEUES,
        ..Default::default()
    };
    let bus = RabbitBus::connect(&SecretString::from(system.amqp_url.clone()), options, &stop)?;
    let began = Instant::now();
    while !bus.connected() {
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(30),
            "the broker does not answer"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let began = Instant::now();
    let options = RelayOptions {
        pack,
        ..Default::default()
    };
    let running = tokio::spawn(relay::run_with(
        outbox.clone(),
        pool.clone(),
        bus.clone(),
        options,
        stop.clone(),
    ));
    loop {
        let left: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM webhook.outbox WHERE origin = $1)")
                .bind(outbox.origin)
                .fetch_one(pool)
                .await?;
        if !left {
            break;
        }
        anyhow::ensure!(
            began.elapsed() < Duration::from_secs(120),
            "the relay did not finish"
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let rate = MESSAGES as f64 / began.elapsed().as_secs_f64();
    if pack == 1 {
        let depth = bus.depth(&QUEUE).await?;
        anyhow::ensure!(
            depth.ready == MESSAGES as u64,
            "{} messages in the queue instead of {MESSAGES}",
            depth.ready
        );
    }
    stop.cancel();
    running.await.context("relay")??;
    Ok(rate)
}
