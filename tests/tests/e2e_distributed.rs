//! Every scenario on one process per service, with PostgreSQL and RabbitMQ.

use keylight_e2e::{
    System, applications,
    scenarios::{
        self, becoming_tasks, clickup_down, console,
        exactly_once::{self, Trial},
        kills, statuses,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn form_and_json_lead_to_tasks() {
    becoming_tasks::form_and_json_lead_to_tasks(&mut System::distributed().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_counts() {
    console::the_counts_follow(&mut System::distributed().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_applications() {
    becoming_tasks::two_hundred_applications(&mut System::distributed().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_changes_travel_both_ways_without_echo() {
    let mut system = System::distributed_with(&[statuses::RARE_SWEEP]).await;
    statuses::status_changes_travel_both_ways_without_echo(&mut system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_webhook_is_repaired() {
    statuses::a_lost_webhook_is_repaired(&mut System::distributed().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_are_not_noticed_and_leave_one_task_each() {
    clickup_down::outages_are_not_noticed_and_leave_one_task_each(&mut System::distributed().await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_leave_one_task_each() {
    clickup_down::lost_answers_leave_one_task_each(&mut System::distributed().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_whatever_is_killed() {
    kills::nothing_answered_is_lost(&mut System::distributed_with_own_broker().await, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_task_each_whatever_dies() {
    let mut system = System::distributed_with_own_broker().await;
    exactly_once::one_task_each(&mut system, Trial::from_env()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_stops_cleanly_and_goes_on_after_the_next_start() {
    let mut system = System::distributed().await;
    let id = system.web.submit(&applications::next()).await;
    scenarios::wait_for_task(&system, id).await;
    for (name, status) in system.stop() {
        assert!(status.success(), "{name} ended with {status}");
    }
    system.start_again().await;
    let answer = system.web.put_status(id, "reviewed").await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let (_, moved) = scenarios::wait_for_task(&system, id).await;
    assert_eq!(moved.status, "reviewed");
}
