//! Every scenario on everything in one process with an embedded database.

use keylight_e2e::{
    System, applications,
    scenarios::{self, becoming_tasks, clickup_down, console, kills, statuses},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn form_and_json_lead_to_tasks() {
    becoming_tasks::form_and_json_lead_to_tasks(&mut System::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_counts() {
    console::the_counts_follow(&mut System::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_applications() {
    becoming_tasks::two_hundred_applications(&mut System::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_changes_travel_both_ways_without_echo() {
    let mut system = System::embedded_with(&[statuses::RARE_SWEEP]).await;
    statuses::status_changes_travel_both_ways_without_echo(&mut system).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_webhook_is_repaired() {
    statuses::a_lost_webhook_is_repaired(&mut System::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outages_are_not_noticed_and_leave_one_task_each() {
    clickup_down::outages_are_not_noticed_and_leave_one_task_each(&mut System::embedded().await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_leave_one_task_each() {
    clickup_down::lost_answers_leave_one_task_each(&mut System::embedded().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_when_it_is_killed() {
    kills::nothing_answered_is_lost(&mut System::embedded().await, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_start_has_the_data() {
    let mut system = System::embedded().await;
    let id = system.web.submit(&applications::next()).await;
    let (before, task) = scenarios::wait_for_task(&system, id).await;
    for (name, status) in system.stop() {
        assert!(status.success(), "{name} ended with {status}");
    }
    system.start_again().await;
    assert_eq!(system.web.submission(id).await, before);
    let (_, again) = scenarios::wait_for_task(&system, id).await;
    assert_eq!(again.id, task.id);
    // and it goes on from there
    let answer = system.web.put_status(id, "reviewed").await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let (_, moved) = scenarios::wait_for_task(&system, id).await;
    assert_eq!((moved.id, moved.status.as_str()), (task.id, "reviewed"));
}
