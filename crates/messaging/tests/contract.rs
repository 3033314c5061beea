//! What every message bus must do: one suite, run on RabbitMQ and on PostgreSQL.

#[path = "contract/buses.rs"]
mod buses;
#[path = "contract/suite.rs"]
mod suite;
#[path = "contract/trouble.rs"]
mod trouble;

use buses::{Postgres, Rabbit};

macro_rules! contract {
    ($($part:ident { $($name:ident),* $(,)? })*) => {
        mod on_rabbitmq {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$part::$name(&super::Rabbit::new().await).await;
            })*)*
        }
        mod on_postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$part::$name(&super::Postgres::new().await).await;
            })*)*
        }
    };
}

contract! {
    suite {
        what_was_confirmed_is_there_for_another_process,
        one_result_for_each_message,
        every_bound_queue_gets_its_copy,
        a_message_keeps_its_properties,
        a_retry_comes_back_after_its_time_and_only_to_its_queue,
        a_rejected_message_is_a_dead_letter,
        after_the_last_attempt_a_retry_is_a_dead_letter,
        two_consumers_share,
        concurrent_publishers_get_their_own_results,
        many_messages_flow,
        a_batch_is_taken_at_once,
        the_consumer_loop_carries_out_outcomes,
        an_unknown_queue_is_refused,
    }
    trouble {
        a_dropped_delivery_comes_again,
        a_message_that_kills_its_consumers_is_given_up,
        the_message_of_a_killed_consumer_returns,
        a_slow_consumer_keeps_its_message,
        a_cancelled_wait_loses_nothing,
        a_lost_connection_heals,
        a_closed_bus_ends_its_subscriptions,
    }
}
