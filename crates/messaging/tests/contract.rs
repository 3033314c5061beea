//! What every message bus must do: one suite, run on RabbitMQ and on PostgreSQL.

#[path = "contract/buses.rs"]
mod buses;
#[path = "contract/suite.rs"]
mod suite;

use buses::{Postgres, Rabbit};

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod on_rabbitmq {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::suite::$name(&super::Rabbit::new().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::suite::$name(&super::Postgres::new().await).await;
            })*
        }
    };
}

contract!(
    what_was_confirmed_is_there_for_another_process,
    one_result_for_each_message,
    every_bound_queue_gets_its_copy,
    a_message_keeps_its_properties,
    a_dropped_delivery_comes_again,
    a_retry_comes_back_after_its_time_and_only_to_its_queue,
    a_rejected_message_is_a_dead_letter,
    after_the_last_attempt_a_retry_is_a_dead_letter,
    a_message_that_kills_its_consumers_is_given_up,
    two_consumers_share,
    the_message_of_a_killed_consumer_returns,
    many_messages_flow,
    a_batch_is_taken_at_once,
    a_lost_connection_heals,
    the_consumer_loop_carries_out_outcomes,
    a_closed_bus_ends_its_subscriptions,
    an_unknown_queue_is_refused,
);
