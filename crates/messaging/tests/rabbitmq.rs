//! What can go wrong with a broker, and that nothing confirmed is lost by it.

#![allow(clippy::unwrap_used)]

#[path = "contract/buses.rs"]
#[allow(
    dead_code,
    reason = "shared with the contract suite, which uses more of it"
)]
mod buses;
#[path = "contract/suite.rs"]
#[allow(
    dead_code,
    reason = "shared with the contract suite, which uses more of it"
)]
mod suite;

use buses::{AUDIT, Buses, ORDERS, PATIENCE, QUEUES, Rabbit, connected};
use keylight_messaging::{
    Depth, MessageBus, PublishError,
    rabbitmq::{RabbitBus, RabbitOptions},
};
use keylight_runtime::lifecycle::Lifecycle;
use keylight_testkit::{rabbit::Private, wait::wait_until};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use suite::{depth_becomes, message, next, publish};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

fn text(delivery: &keylight_messaging::Delivery) -> String {
    String::from_utf8(delivery.message.payload.to_vec()).unwrap()
}

/// A plain channel, to do what administrators do.
async fn administrator(setup: &Rabbit) -> (lapin::Connection, lapin::Channel) {
    let connection = lapin::Connection::connect(&setup.url, Default::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_keeps_what_it_confirmed() {
    let mut broker = Private::start().await;
    let setup = Rabbit::at(broker.url());
    let bus = setup.bus().await;
    // killed while messages are on their way, not in a pause between them
    let confirmed: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let publishing = {
        let (bus, confirmed) = (bus.clone(), confirmed.clone());
        tokio::spawn(async move {
            for chunk in 0.. {
                let texts: Vec<String> = (0..100).map(|n| format!("{chunk}-{n}")).collect();
                let results = bus
                    .publish(
                        texts
                            .iter()
                            .map(|text| message("test.order.placed", text))
                            .collect(),
                    )
                    .await;
                let all_failed = results.iter().all(Result::is_err);
                let kept = texts
                    .into_iter()
                    .zip(results)
                    .filter(|(_, result)| result.is_ok())
                    .map(|(text, _)| text);
                confirmed.lock().unwrap().extend(kept);
                if all_failed {
                    return;
                }
            }
        })
    };
    wait_until("a thousand are confirmed", PATIENCE, || async {
        let count = confirmed.lock().unwrap().len();
        if count >= 1000 {
            Ok(())
        } else {
            Err(count.to_string())
        }
    })
    .await;
    broker.kill().await;
    timeout(PATIENCE, publishing).await.unwrap().unwrap();
    drop(bus);
    broker.resume().await;

    let other = setup.bus().await;
    let mut subscription = other.subscribe(&ORDERS).await.unwrap();
    let mut missing = confirmed.lock().unwrap().clone();
    while !missing.is_empty() {
        let delivery = timeout(PATIENCE, subscription.next())
            .await
            .unwrap_or_else(|_| panic!("{} are lost", missing.len()));
        let delivery = delivery.unwrap();
        missing.remove(&text(&delivery));
        delivery.ack().await;
    }
}

/// Longest that a broker which answers may take until its queues take messages again.
const RECOVERY: Duration = Duration::from_secs(60);
const PROBE: &str = "probe of a plain client";

/// Whether a plain client, without any code of ours, has a message confirmed in a queue with and in one without consumer.
async fn takes_messages(setup: &Rabbit) -> Result<(), String> {
    let ask = async {
        let (connection, channel) = {
            let connection = lapin::Connection::connect(&setup.url, Default::default()).await?;
            let channel = connection.create_channel().await?;
            (connection, channel)
        };
        channel.confirm_select(Default::default()).await?;
        let properties = lapin::BasicProperties::default()
            .with_message_id(uuid::Uuid::new_v4().to_string().into())
            .with_type("test.order.placed".into())
            .with_content_type("text/plain".into())
            .with_delivery_mode(2);
        for queue in QUEUES {
            let name = format!("{}{}", setup.prefix, queue.name);
            let confirmation = channel
                .basic_publish(
                    "".into(),
                    name.into(),
                    Default::default(),
                    PROBE.as_bytes(),
                    properties.clone(),
                )
                .await?
                .await?;
            assert!(!confirmation.is_nack(), "a queue refuses messages");
        }
        connection.close(200, "done".into()).await
    };
    match timeout(Duration::from_secs(20), ask).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no confirm within 20 s".to_owned()),
    }
}

/// Starts a broker again until its queues take messages: one that came back sick tells nothing about its clients.
async fn resume_well(broker: &mut Private, setup: &Rabbit) {
    for start in 1..=3 {
        broker.resume().await;
        let began = std::time::Instant::now();
        loop {
            match takes_messages(setup).await {
                Ok(()) => return,
                Err(_) if began.elapsed() < RECOVERY => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => {
                    eprintln!(
                        "start {start}: the broker does not take messages of a plain client either: {error}; {}",
                        broker.last_words()
                    );
                    break;
                }
            }
        }
        broker.kill().await;
    }
    panic!("three starts, and the broker takes no messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_loses_nothing() {
    const COUNT: usize = 400;
    let mut broker = Private::start().await;
    let setup = Rabbit::at(broker.url());
    let (producer, consumer) = (setup.bus().await, setup.bus().await);
    let sent = Arc::new(AtomicUsize::new(0));
    let answer: Arc<Mutex<String>> = Arc::default();
    let publishing = {
        let (sent, answer) = (sent.clone(), answer.clone());
        tokio::spawn(async move {
            for n in 0..COUNT {
                let message = message("test.order.placed", &n.to_string());
                while let Err(error) = producer.publish(vec![message.clone()]).await.remove(0) {
                    *answer.lock().unwrap() = error.to_string();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                sent.store(n + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    };
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let consuming = {
        let (consumer, seen) = (consumer.clone(), seen.clone());
        tokio::spawn(async move {
            let mut subscription = consumer.subscribe(&ORDERS).await.unwrap();
            while let Some(delivery) = subscription.next().await {
                let text = text(&delivery);
                if text != PROBE {
                    seen.lock().unwrap().insert(text);
                }
                delivery.ack().await;
            }
        })
    };
    let more_than = |what, count| {
        let (sent, answer) = (sent.clone(), answer.clone());
        wait_until(what, PATIENCE, move || {
            let (now, last) = (sent.load(Ordering::SeqCst), answer.lock().unwrap().clone());
            async move {
                if now > count {
                    Ok(())
                } else {
                    Err(format!("{now} sent, the last error was {last:?}"))
                }
            }
        })
    };
    more_than("a quarter is sent", COUNT / 4).await;
    broker.kill().await;
    resume_well(&mut broker, &setup).await;
    more_than("half is sent", COUNT / 2).await;
    broker.stop().await;
    resume_well(&mut broker, &setup).await;
    more_than("all is sent", COUNT - 1).await;
    publishing.await.unwrap();
    wait_until("all have arrived", PATIENCE, || async {
        let count = seen.lock().unwrap().len();
        if count == COUNT {
            Ok(())
        } else {
            Err(format!("{count} of {COUNT}"))
        }
    })
    .await;
    depth_becomes(&consumer, &ORDERS, Depth::default()).await;
    consuming.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_made_again() {
    let setup = Rabbit::new().await;
    let bus = setup.bus().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    publish(&bus, message("test.order.placed", "before")).await;
    next(&mut subscription).await.ack().await;
    let (_connection, admin) = administrator(&setup).await;

    // under its consumer
    let name = format!("{}{}", setup.prefix, ORDERS.name);
    admin
        .queue_delete(name.as_str().into(), Default::default())
        .await
        .unwrap();
    let waiting = tokio::spawn(async move {
        let delivery = next(&mut subscription).await;
        let found = text(&delivery);
        delivery.ack().await;
        found
    });
    wait_until("the queue is there again", PATIENCE, || async {
        bus.depth(&ORDERS)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await;
    publish(&bus, message("test.order.placed", "after")).await;
    assert_eq!(timeout(PATIENCE, waiting).await.unwrap().unwrap(), "after");

    // where nobody consumes: the publisher notices
    let name = format!("{}{}", setup.prefix, AUDIT.name);
    admin
        .queue_delete(name.as_str().into(), Default::default())
        .await
        .unwrap();
    assert_eq!(
        bus.publish(vec![message("test.audit", "kept")]).await,
        [Ok(())]
    );
    depth_becomes(
        &bus,
        &AUDIT,
        Depth {
            ready: 1,
            ..Depth::default()
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_retry_queue_is_made_again() {
    let setup = Rabbit::new().await;
    let bus = setup.bus().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    publish(&bus, message("test.order.placed", "again")).await;
    let delivery = next(&mut subscription).await;
    let (_connection, admin) = administrator(&setup).await;
    let name = format!("{}{}.retry.1s", setup.prefix, ORDERS.name);
    admin
        .queue_delete(name.as_str().into(), Default::default())
        .await
        .unwrap();
    delivery
        .retry_after(Duration::from_secs(1), "testing")
        .await;
    let delivery = next(&mut subscription).await;
    assert_eq!((text(&delivery).as_str(), delivery.attempt), ("again", 2));
    delivery
        .retry_after(Duration::from_secs(1), "testing")
        .await;
    let delivery = next(&mut subscription).await;
    assert_eq!((text(&delivery).as_str(), delivery.attempt), ("again", 3));
    delivery.ack().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publishers_channel_closed_by_the_broker_is_replaced() {
    let setup = Rabbit::new().await;
    let bus = setup.bus().await;
    publish(&bus, message("test.order.placed", "before")).await;
    let (_connection, admin) = administrator(&setup).await;
    // the next publish names an exchange that is not there: the broker closes the channel
    let exchange = format!("{}keylight.events", setup.prefix);
    admin
        .exchange_delete(exchange.as_str().into(), Default::default())
        .await
        .unwrap();
    assert_eq!(
        bus.publish(vec![message("test.order.placed", "after")])
            .await,
        [Ok(())]
    );
    assert!(bus.connected(), "the connection was not touched");
    depth_becomes(
        &bus,
        &ORDERS,
        Depth {
            ready: 2,
            ..Depth::default()
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumers_channel_closed_by_the_broker_is_replaced() {
    // this broker closes the channel of whoever keeps a delivery for longer than a second
    let broker =
        Private::start_with("-rabbit consumer_timeout 1000 -rabbit channel_tick_interval 200")
            .await;
    let setup = Rabbit::at(broker.url());
    let bus = setup.bus().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    publish(&bus, message("test.order.placed", "slow")).await;
    let slow = next(&mut subscription).await;
    let delivery = next(&mut subscription).await;
    assert_eq!(
        (text(&delivery).as_str(), delivery.attempt),
        ("slow", 2),
        "it came again on another channel"
    );
    slow.ack().await;
    delivery.ack().await;
    publish(&bus, message("test.order.placed", "next")).await;
    let delivery = next(&mut subscription).await;
    assert_eq!(text(&delivery), "next");
    delivery.ack().await;
    depth_becomes(&bus, &ORDERS, Depth::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_broker_is_waited_for_and_readiness_tells() {
    let mut broker = Private::start().await;
    broker.stop().await;
    let life = Lifecycle::new();
    let options = RabbitOptions {
        queues: QUEUES,
        latch: Some(life.latch("broker")),
        ..Default::default()
    };
    let bus: Arc<dyn MessageBus> =
        RabbitBus::connect(&broker.url().into(), options, &life.stopping()).unwrap();
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let results = bus
        .publish(vec![message("test.order.placed", "early")])
        .await;
    assert_eq!(results, [Err(PublishError::NotConnected)]);
    assert!(!bus.connected() && !life.readiness().is_ready());

    broker.resume().await;
    publish(&bus, message("test.order.placed", "late")).await;
    let delivery = next(&mut subscription).await;
    assert_eq!(text(&delivery), "late");
    delivery.ack().await;
    wait_until("ready", PATIENCE, || async {
        if life.readiness().is_ready() {
            Ok(())
        } else {
            Err("not ready".to_owned())
        }
    })
    .await;
    broker.kill().await;
    wait_until("not ready", PATIENCE, || async {
        if life.readiness().is_ready() {
            Err("ready".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
    life.stop();
    assert!(
        timeout(PATIENCE, subscription.next())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_broker_confirms_nothing_and_is_not_waited_for_long() {
    let mut broker = Private::start().await;
    let options = RabbitOptions {
        queues: QUEUES,
        publish_timeout: Duration::from_secs(1),
        ..Default::default()
    };
    let bus: Arc<dyn MessageBus> =
        RabbitBus::connect(&broker.url().into(), options, &CancellationToken::new()).unwrap();
    let bus = connected(bus).await;
    publish(&bus, message("test.order.placed", "before")).await;
    broker.freeze().await;
    let frozen = timeout(
        Duration::from_secs(15),
        bus.publish(vec![message("test.order.placed", "frozen"); 3]),
    )
    .await;
    assert_eq!(
        frozen.expect("an answer in time"),
        vec![Err(PublishError::Unconfirmed); 3]
    );
    broker.thaw().await;
    publish(&bus, message("test.order.placed", "after")).await;
}

#[test]
fn a_wrong_url_is_told_without_its_password() {
    let error = RabbitBus::connect(
        &"http://user:geheim@host".to_owned().into(),
        RabbitOptions::default(),
        &CancellationToken::new(),
    )
    .err()
    .unwrap();
    let told = format!("{error:#}");
    assert!(
        told.contains("AMQP_URL") && !told.contains("geheim"),
        "{told}"
    );
}
