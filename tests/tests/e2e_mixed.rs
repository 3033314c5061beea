//! The set-ups between the two usual ones: one process on servers, and processes apart without a broker.

use keylight_e2e::{
    System,
    scenarios::{becoming_tasks, console, kills, statuses},
};
use keylight_testkit::{postgres, rabbit};

/// An empty variable counts as unset.
const NO_BROKER: (&str, &str) = ("AMQP_URL", "");

async fn database() -> postgres::Database {
    postgres::database(|_| async { Ok::<(), std::convert::Infallible>(()) }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apart_without_a_broker_status_changes_travel_both_ways() {
    let settings = [NO_BROKER, statuses::RARE_SWEEP];
    let mut system = System::distributed_with(&settings).await;
    statuses::status_changes_travel_both_ways_without_echo(&mut system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apart_without_a_broker_nothing_answered_is_lost() {
    let mut system = System::distributed_with(&[NO_BROKER]).await;
    kills::nothing_answered_is_lost(&mut system, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_a_database_server() {
    let database = database().await;
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        statuses::RARE_SWEEP,
    ];
    let mut system = System::embedded_with(&settings).await;
    statuses::status_changes_travel_both_ways_without_echo(&mut system).await;
    becoming_tasks::form_and_json_lead_to_tasks(&mut system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_a_database_server_and_a_broker() {
    let (database, broker) = (database().await, rabbit::broker_url().await);
    let prefix = format!("e2e{}-", uuid::Uuid::new_v4().simple());
    let settings = [
        ("DATABASE_URL", database.url.as_str()),
        ("AMQP_URL", broker.as_str()),
        ("KEYLIGHT_AMQP_PREFIX", prefix.as_str()),
    ];
    let mut system = System::embedded_with(&settings).await;
    console::the_counts_follow(&mut system).await;
    becoming_tasks::form_and_json_lead_to_tasks(&mut system).await;
    for (name, status) in system.stop() {
        assert!(status.success(), "{name} ended with {status}");
    }
}
