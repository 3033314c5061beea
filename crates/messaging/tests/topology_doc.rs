//! `docs/messaging.md` says what the topology is; this keeps it true.

#![allow(clippy::unwrap_used)]

use keylight_messaging::{rabbitmq::RETRY_TIERS, topology};
use std::{fmt::Write as _, fs, path::Path};

const ACCEPT: &str = "UPDATE_DOCS=1 cargo test -p keylight-messaging topology_doc";

fn page() -> String {
    let mut page = format!(
        "# Messages between the services

<!-- Generated from crates/messaging/src/topology.rs. To renew it: {ACCEPT} -->

A message says \"look again\"; what is true stands in rows. So every consumer may get a message twice, late or in any order,
and none relies on getting it at all: the last column says what repairs a lost one.

Events are CloudEvents in JSON, alone (`application/cloudevents+json`) or several of one type
(`application/cloudevents-batch+json`). They hold ids and plain facts, never personal data.

## Queues

| queue | takes | purpose | delivery guarantee, and what a lost message costs | attempts | prefetch |
|---|---|---|---|---|---|
"
    );
    for queue in topology::ALL {
        let takes: Vec<String> = queue
            .bindings
            .iter()
            .map(|binding| format!("`{binding}`"))
            .collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} |",
            queue.name,
            takes.join(", "),
            queue.purpose,
            queue.guarantee,
            queue.max_attempts,
            queue.prefetch
        );
    }
    let tiers: Vec<String> = RETRY_TIERS
        .iter()
        .map(|tier| format!("`.retry.{}s`", tier.as_secs()))
        .collect();
    let _ = write!(
        page,
        "
## On the way in

The producer writes the event into its outbox, in the transaction of the change. A relay publishes it to the topic exchange
`{exchange}` with the event's type as routing key, and deletes the row once the bus has confirmed. Confirmed means stored in every
bound queue. A message that no queue takes is an error and stays in the outbox.

Who may lose what: nobody loses an event that was committed, whichever process or broker dies. An event may arrive twice,
after a failure between publishing and deleting, or when a relay that was only slow had its rows adopted by another.

## When a consumer fails

- It is asked to try again: the message waits and comes back to this queue only. On RabbitMQ it waits in {tiers} of its queue,
  whichever is the next longer; on PostgreSQL exactly as long as asked.
- It dies with the message in hand: the message comes again at once when RabbitMQ loses the connection, after 30 s on PostgreSQL.
- After the last attempt, or when the consumer says that trying again is pointless, the message waits in the dead-letter queue:
  `.dead` on RabbitMQ, table `bus.dead` on PostgreSQL. The class of failure stands beside it (`x-keylight-cause`, column `cause`).
  A dead letter is safe to delete once its cause is dealt with: the rows are the truth, and the sweep repairs what it missed.

## On RabbitMQ

All queues are quorum queues; dead-lettering is at-least-once. Publisher confirms with the mandatory flag; one connection
publishes, another consumes. Everything is declared at each connect and whenever a queue turns out to be missing.

## On PostgreSQL

The same queues are rows of `bus.messages`, claimed with `FOR UPDATE SKIP LOCKED` under a lease that is renewed while the consumer
lives. `NOTIFY` wakes consumers of other processes; without it they look once a second.
",
        exchange = topology::EXCHANGE,
        tiers = tiers.join(", "),
    );
    page
}

#[test]
fn topology_doc_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/messaging.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &page).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == page,
        "docs/messaging.md does not say what the topology is. If the change is wanted: {ACCEPT}\n{}",
        first_difference(&committed, &page)
    );
}

fn first_difference(committed: &str, page: &str) -> String {
    let line = committed
        .lines()
        .zip(page.lines())
        .position(|(one, other)| one != other);
    match line {
        Some(line) => format!(
            "first difference in line {}:\n- {}\n+ {}",
            line + 1,
            committed.lines().nth(line).unwrap_or_default(),
            page.lines().nth(line).unwrap_or_default()
        ),
        None => "one is longer than the other".to_owned(),
    }
}
