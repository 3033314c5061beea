//! The part of the contract about consumers and connections that fail.

#![allow(clippy::unwrap_used)]

use super::{
    buses::{Buses, LEASE, ORDERS, PATIENCE},
    suite::{EMPTY, ONE_DEAD, depth_becomes, next, order, publish, text},
};
use futures::FutureExt as _;
use keylight_messaging::Depth;
use keylight_testkit::wait::wait_until;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use tokio::time::timeout;

pub async fn a_dropped_delivery_comes_again(buses: &dyn Buses) {
    let bus = buses.with_endless_leases().await;
    publish(&bus, order("drop me")).await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    drop(next(&mut subscription).await);
    let delivery = next(&mut subscription).await;
    assert_eq!((text(&delivery).as_str(), delivery.attempt), ("drop me", 2));
    delivery.ack().await;
    depth_becomes(&bus, &ORDERS, EMPTY).await;
}

pub async fn a_message_that_kills_its_consumers_is_given_up(buses: &dyn Buses) {
    let bus = buses.bus().await;
    publish(&bus, order("poison")).await;
    publish(&bus, order("food")).await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let mut poisoned = 0;
    loop {
        let delivery = next(&mut subscription).await;
        if text(&delivery) == "food" {
            delivery.ack().await;
            continue;
        }
        poisoned += 1;
        drop(delivery);
        if poisoned == ORDERS.max_attempts {
            break;
        }
    }
    // one more delivery is refused by the adapter itself
    let nothing = timeout(Duration::from_millis(1500), subscription.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    depth_becomes(&bus, &ORDERS, ONE_DEAD).await;
}

pub async fn the_message_of_a_killed_consumer_returns(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let (killed, proxy) = buses.through_proxy().await;
    let mut subscription = killed.subscribe(&ORDERS).await.unwrap();
    publish(&bus, order("precious")).await;
    let held = next(&mut subscription).await;
    assert_eq!(held.attempt, 1);
    // as when its machine is gone: nothing of it reaches the broker any more
    proxy.refuse();
    let mut other = bus.subscribe(&ORDERS).await.unwrap();
    let delivery = next(&mut other).await;
    assert_eq!(
        (text(&delivery).as_str(), delivery.attempt),
        ("precious", 2)
    );
    delivery.ack().await;
    depth_becomes(&bus, &ORDERS, EMPTY).await;
    drop((held, subscription, killed));
}

pub async fn a_slow_consumer_keeps_its_message(buses: &dyn Buses) {
    let (bus, other) = (buses.bus().await, buses.bus().await);
    let mut slow = bus.subscribe(&ORDERS).await.unwrap();
    publish(&bus, order("takes long")).await;
    let delivery = next(&mut slow).await;
    let mut second = other.subscribe(&ORDERS).await.unwrap();
    // more than two leases
    let early = timeout(LEASE * 5 / 2, second.next()).await;
    assert!(early.is_err(), "{early:?}");
    delivery.ack().await;
    drop(slow);
    let late = timeout(LEASE * 3 / 2, second.next()).await;
    assert!(
        late.is_err(),
        "what was acknowledged does not come again: {late:?}"
    );
}

pub async fn a_cancelled_wait_loses_nothing(buses: &dyn Buses) {
    let bus = buses.with_endless_leases().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let results = bus
        .publish((0..40).map(|n| order(&n.to_string())).collect())
        .await;
    assert!(results.iter().all(Result::is_ok));
    let (mut seen, began) = (BTreeSet::new(), Instant::now());
    // given up again and again, at any moment
    for patience in 0.. {
        let wait = Duration::from_micros(patience % 40 * 100);
        for delivery in timeout(wait, subscription.next_batch(7))
            .await
            .unwrap_or_default()
        {
            assert_eq!(delivery.attempt, 1);
            seen.insert(text(&delivery));
            delivery.ack().await;
        }
        if seen.len() == 40 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{} of 40", seen.len());
    }
    subscription.close().await;
    drop(subscription);
    // what was taken when a consumer leaves is there for others without waiting for a lease
    let results = bus
        .publish((0..5).map(|n| order(&n.to_string())).collect())
        .await;
    assert!(results.iter().all(Result::is_ok));
    let mut leaving = bus.subscribe(&ORDERS).await.unwrap();
    let begun = leaving.next_batch(7).now_or_never();
    assert!(begun.is_none(), "begun, and given up at once");
    leaving.close().await;
    drop(leaving);
    depth_becomes(&bus, &ORDERS, Depth { ready: 5, ..EMPTY }).await;
}

pub async fn a_lost_connection_heals(buses: &dyn Buses) {
    let (bus, proxy) = buses.through_proxy().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    publish(&bus, order("before")).await;
    next(&mut subscription).await.ack().await;

    proxy.refuse();
    wait_until("publishing fails", PATIENCE, || async {
        match bus.publish(vec![order("lost")]).await.remove(0) {
            Ok(()) => Err("still confirmed".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;
    assert!(!bus.connected());
    proxy.pass();

    publish(&bus, order("after")).await;
    // what was sent into the failing connection may have arrived as well
    loop {
        let delivery = next(&mut subscription).await;
        let found = text(&delivery);
        delivery.ack().await;
        if found == "after" {
            break;
        }
    }
    wait_until("it says that it is connected", PATIENCE, || async {
        if bus.connected() {
            Ok(())
        } else {
            Err("not connected".to_owned())
        }
    })
    .await;
}

pub async fn a_closed_bus_ends_its_subscriptions(buses: &dyn Buses) {
    let bus = buses.bus().await;
    let mut subscription = bus.subscribe(&ORDERS).await.unwrap();
    let waiting = tokio::spawn(async move { subscription.next().await.is_none() });
    drop(bus);
    assert!(timeout(PATIENCE, waiting).await.expect("it ends").unwrap());
}
