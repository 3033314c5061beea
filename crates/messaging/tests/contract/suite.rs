//! The contract itself.

#![allow(clippy::unwrap_used)]

use super::buses::{AUDIT, Buses, ORDERS, PATIENCE, UNKNOWN};
use async_trait::async_trait;
use keylight_messaging::{
    BatchHandler, Delivery, Depth, Message, MessageBus, Outcome, PublishError, Queue, Subscription,
    consume,
};
use keylight_testkit::wait::wait_until;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub fn message(topic: &str, text: &str) -> Message {
    Message {
        id: Uuid::new_v4(),
        topic: topic.to_owned(),
        content_type: "text/plain".to_owned(),
        payload: text.to_owned().into(),
        traceparent: None,
    }
}

pub fn order(text: &str) -> Message {
    message("test.order.placed", text)
}

/// Publishes until the bus confirms.
pub async fn publish(bus: &Arc<dyn MessageBus>, message: Message) {
    wait_until("the message is confirmed", PATIENCE, || async {
        match bus.publish(vec![message.clone()]).await.remove(0) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}

pub async fn next(subscription: &mut Box<dyn Subscription>) -> Delivery {
    timeout(PATIENCE, subscription.next())
        .await
        .expect("a delivery in time")
        .expect("the bus is open")
}

pub async fn depth_becomes(bus: &Arc<dyn MessageBus>, queue: &'static Queue, wanted: Depth) {
    wait_until("the queue has the wanted depth", PATIENCE, || async {
        match bus.depth(queue).await {
            Ok(depth) if depth == wanted => Ok(()),
            other => Err(format!("{other:?}, wanted {wanted:?}")),
        }
    })
    .await;
}

pub const EMPTY: Depth = Depth {
    ready: 0,
    delayed: 0,
    dead: 0,
};
pub const ONE_DEAD: Depth = Depth { dead: 1, ..EMPTY };

pub fn text(delivery: &Delivery) -> String {
    String::from_utf8(delivery.message.payload.to_vec()).unwrap()
}

pub async fn what_was_confirmed_is_there_for_another_process(buses: &dyn Buses) {
    let bus = buses.bus().await;
    for n in 0..10 {
        assert_eq!(bus.publish(vec![order(&n.to_string())]).await, [Ok(())]);
    }
    drop(bus);
    let other = buses.bus().await;
    depth_becomes(&other, &ORDERS, Depth { ready: 10, ..EMPTY }).await;
    let mut subscription = other.subscribe(&ORDERS).await.unwrap();
    let mut seen = BTreeSet::new();
    while seen.len() < 10 {
        let delivery = next(&mut subscription).await;
        seen.insert(text(&delivery));
        delivery.ack().await;
    }
    depth_becomes(&other, &ORDERS, EMPTY).await;
}

pub async fn one_result_for_each_message(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let mut messages = Vec::new();
    for n in 0..60 {
        let topic = if n % 3 == 1 {
            "test.nobody.wants.it"
        } else {
            "test.order.placed"
        };
        messages.push(message(topic, &n.to_string()));
    }
    let results = bus.publish(messages).await;
    assert_eq!(results.len(), 60);
    for (n, result) in results.iter().enumerate() {
        if n % 3 == 1 {
            assert_eq!(
                *result,
                Err(PublishError::Unroutable("test.nobody.wants.it".to_owned())),
                "message {n}"
            );
        } else {
            assert_eq!(*result, Ok(()), "message {n}");
        }
    }
    depth_becomes(&bus, &ORDERS, Depth { ready: 40, ..EMPTY }).await;
    assert_eq!(bus.publish(Vec::new()).await, []);
}

pub async fn every_bound_queue_gets_its_copy(buses: &dyn Buses) {
    let bus = buses.bus().await;
    publish(&bus, order("both")).await;
    publish(&bus, message("test.audit", "audit only")).await;
    depth_becomes(&bus, &ORDERS, Depth { ready: 1, ..EMPTY }).await;
    depth_becomes(&bus, &AUDIT, Depth { ready: 2, ..EMPTY }).await;
    let mut orders = bus.subscribe(&ORDERS).await.unwrap();
    next(&mut orders).await.ack().await;
    depth_becomes(&bus, &ORDERS, EMPTY).await;
    depth_becomes(&bus, &AUDIT, Depth { ready: 2, ..EMPTY }).await;
}

pub async fn a_message_keeps_its_properties(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let sent = Message {
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        payload: vec![0, 1, 255, 10, 13].into(),
        ..order("")
    };
    publish(&bus, sent.clone()).await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let delivery = next(&mut subscription).await;
    assert_eq!((&delivery.message, delivery.attempt), (&sent, 1));
    // and again after a detour
    delivery.retry_after(Duration::ZERO, "testing").await;
    let delivery = next(&mut subscription).await;
    assert_eq!((&delivery.message, delivery.attempt), (&sent, 2));
    delivery.ack().await;
}

pub async fn a_retry_comes_back_after_its_time_and_only_to_its_queue(buses: &dyn Buses) {
    let bus = buses.bus().await;
    publish(&bus, order("later")).await;
    depth_becomes(&bus, &AUDIT, Depth { ready: 1, ..EMPTY }).await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let after = buses.shortest_retry();
    let began = Instant::now();
    next(&mut subscription)
        .await
        .retry_after(after, "not yet")
        .await;
    depth_becomes(
        &bus,
        &ORDERS,
        Depth {
            delayed: 1,
            ..EMPTY
        },
    )
    .await;
    let delivery = next(&mut subscription).await;
    // the broker counts from when it stored the message: allow for rounding
    assert!(
        began.elapsed() >= after.mul_f64(0.95),
        "came back after {:?}",
        began.elapsed()
    );
    assert_eq!((text(&delivery).as_str(), delivery.attempt), ("later", 2));
    delivery.ack().await;
    depth_becomes(&bus, &ORDERS, EMPTY).await;
    depth_becomes(&bus, &AUDIT, Depth { ready: 1, ..EMPTY }).await;
}

pub async fn a_rejected_message_is_a_dead_letter(buses: &dyn Buses) {
    let bus = buses.bus().await;
    publish(&bus, order("nonsense")).await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    next(&mut subscription)
        .await
        .dead_letter("cannot be read")
        .await;
    depth_becomes(&bus, &ORDERS, ONE_DEAD).await;
    publish(&bus, order("sense")).await;
    let delivery = next(&mut subscription).await;
    assert_eq!(text(&delivery), "sense", "the dead letter is not delivered");
    delivery.ack().await;
}

pub async fn after_the_last_attempt_a_retry_is_a_dead_letter(buses: &dyn Buses) {
    let bus = buses.bus().await;
    publish(&bus, order("hopeless")).await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    for attempt in 1..=ORDERS.max_attempts {
        let delivery = next(&mut subscription).await;
        assert_eq!(delivery.attempt, attempt);
        delivery.retry_after(Duration::ZERO, "still away").await;
    }
    depth_becomes(&bus, &ORDERS, ONE_DEAD).await;
}

pub async fn two_consumers_share(buses: &dyn Buses) {
    let (one, other) = (buses.bus().await, buses.bus().await);
    let mut subscriptions = [
        one.subscribe(&ORDERS).await.unwrap(),
        other.subscribe(&ORDERS).await.unwrap(),
    ];
    let seen: Arc<Mutex<HashMap<String, Vec<usize>>>> = Arc::default();
    // both are there before the first message
    for subscription in &mut subscriptions {
        let early = timeout(Duration::from_millis(700), subscription.next()).await;
        assert!(early.is_err());
    }
    let consumers: Vec<_> = subscriptions
        .into_iter()
        .enumerate()
        .map(|(number, mut subscription)| {
            let seen = seen.clone();
            tokio::spawn(async move {
                while let Some(delivery) = subscription.next().await {
                    seen.lock()
                        .unwrap()
                        .entry(text(&delivery))
                        .or_default()
                        .push(number);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    delivery.ack().await;
                }
            })
        })
        .collect();
    let results = one
        .publish((0..100).map(|n| order(&n.to_string())).collect())
        .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    wait_until("all messages were seen", PATIENCE, || async {
        let count = seen.lock().unwrap().len();
        if count == 100 {
            Ok(())
        } else {
            Err(format!("{count} of 100"))
        }
    })
    .await;
    depth_becomes(&one, &ORDERS, EMPTY).await;
    consumers.iter().for_each(tokio::task::JoinHandle::abort);
    let seen = seen.lock().unwrap();
    assert!(
        seen.values().all(|by| by.len() == 1),
        "each message once while nothing breaks"
    );
    for number in 0..2 {
        let share = seen.values().filter(|by| by[0] == number).count();
        assert!(share >= 10, "consumer {number} got {share} of 100");
    }
}

pub async fn concurrent_publishers_get_their_own_results(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let calls = (0..30).map(|call| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let wanted = |n: usize| !(n + call).is_multiple_of(3);
            let topic = |n| {
                if wanted(n) {
                    "test.order.placed"
                } else {
                    "test.nobody.wants.it"
                }
            };
            let results = bus
                .publish((0..30).map(|n| message(topic(n), "x")).collect())
                .await;
            for (n, result) in results.iter().enumerate() {
                assert_eq!(
                    result.is_ok(),
                    wanted(n),
                    "message {n} of call {call}: {result:?}"
                );
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    depth_becomes(
        &bus,
        &ORDERS,
        Depth {
            ready: 600,
            ..EMPTY
        },
    )
    .await;
}

pub async fn many_messages_flow(buses: &dyn Buses) {
    const COUNT: usize = 3000;
    let bus = buses.bus().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let publisher = {
        let bus = bus.clone();
        tokio::spawn(async move {
            for chunk in 0..COUNT / 500 {
                let messages = (0..500)
                    .map(|n| order(&(chunk * 500 + n).to_string()))
                    .collect();
                let results = bus.publish(messages).await;
                assert!(results.iter().all(Result::is_ok));
            }
        })
    };
    let mut seen = BTreeSet::new();
    while seen.len() < COUNT {
        let batch = timeout(PATIENCE, subscription.next_batch(100))
            .await
            .unwrap();
        assert!(!batch.is_empty() && batch.len() <= 100);
        seen.extend(batch.iter().map(text));
        futures::future::join_all(batch.into_iter().map(Delivery::ack)).await;
    }
    publisher.await.unwrap();
    depth_becomes(&bus, &ORDERS, EMPTY).await;
}

pub async fn a_batch_is_taken_at_once(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let results = bus
        .publish((0..50).map(|n| order(&n.to_string())).collect())
        .await;
    assert!(results.iter().all(Result::is_ok));
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let mut held = Vec::new();
    // never more unsettled than the prefetch
    while held.len() < usize::from(ORDERS.prefetch) {
        held.extend(
            timeout(PATIENCE, subscription.next_batch(100))
                .await
                .unwrap(),
        );
    }
    assert_eq!(held.len(), usize::from(ORDERS.prefetch));
    let more = timeout(Duration::from_millis(300), subscription.next_batch(100)).await;
    assert!(more.is_err(), "the prefetch is used up");
    futures::future::join_all(held.into_iter().map(Delivery::ack)).await;
    let mut rest = 0;
    while rest < 30 {
        let batch = timeout(PATIENCE, subscription.next_batch(7)).await.unwrap();
        assert!(batch.len() <= 7);
        rest += batch.len();
        futures::future::join_all(batch.into_iter().map(Delivery::ack)).await;
    }
    depth_becomes(&bus, &ORDERS, EMPTY).await;
}

/// Does what the text says, and remembers it.
#[derive(Default)]
struct Obedient {
    handled: Mutex<Vec<String>>,
}

#[async_trait]
impl BatchHandler for Obedient {
    async fn handle(&self, messages: &[Message]) -> Vec<Outcome> {
        let texts: Vec<String> = messages
            .iter()
            .map(|message| String::from_utf8(message.payload.to_vec()).unwrap())
            .collect();
        let mut handled = self.handled.lock().unwrap();
        texts
            .into_iter()
            .map(|text| {
                let first = !handled.contains(&text);
                handled.push(text.clone());
                match text.as_str() {
                    "retry" if first => Outcome::retry(Duration::ZERO, "asked to"),
                    "reject" => Outcome::reject("asked to"),
                    _ => Outcome::Done,
                }
            })
            .collect()
    }
}

pub async fn the_consumer_loop_carries_out_outcomes(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let handler = Arc::new(Obedient::default());
    let stopping = CancellationToken::new();
    let consumer = tokio::spawn(consume(
        bus.clone(),
        &ORDERS,
        handler.clone(),
        stopping.clone(),
    ));
    let results = bus
        .publish(vec![order("do"), order("retry"), order("reject")])
        .await;
    assert!(results.iter().all(Result::is_ok));
    wait_until("all were handled", PATIENCE, || async {
        let mut handled = handler.handled.lock().unwrap().clone();
        handled.sort_unstable();
        if handled == ["do", "reject", "retry", "retry"] {
            Ok(())
        } else {
            Err(format!("{handled:?}"))
        }
    })
    .await;
    depth_becomes(&bus, &ORDERS, ONE_DEAD).await;
    stopping.cancel();
    timeout(PATIENCE, consumer)
        .await
        .expect("it ends when asked")
        .unwrap()
        .unwrap();
}

pub async fn an_unknown_queue_is_refused(buses: &dyn Buses) {
    let bus = buses.bus().await;
    assert!(bus.subscribe(&UNKNOWN).await.is_err());
}
