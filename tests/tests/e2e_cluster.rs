//! `scripts/cluster`: what a developer types, with the same scenarios on what it starts.

use keylight_e2e::{
    System,
    scenarios::{becoming_tasks, kills, statuses},
    system::Part,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_status_restart_down() {
    let mut system = System::cluster_with(&[statuses::RARE_SWEEP]).await;
    let (well, text) = system.cluster_status().await;
    assert!(well, "{text}");
    for name in [
        "entity-service",
        "clickup-sync-1",
        "clickup-sync-2",
        "postgres",
        "rabbitmq",
    ] {
        assert!(text.contains(name), "{text}");
    }
    becoming_tasks::form_and_json_lead_to_tasks(&mut system).await;
    statuses::status_changes_travel_both_ways_without_echo(&mut system).await;

    system.kill(Part::Analytics).await;
    let (well, text) = system.cluster_status().await;
    assert!(!well && text.contains("not running"), "{text}");
    system.revive(Part::Analytics).await;

    let before = system.web.submissions().await.map(|all| all.len());
    for (what, status) in system.stop() {
        assert!(status.success(), "{what} ended with {status}");
    }
    let (well, text) = system.cluster_status().await;
    assert!(!well && !text.contains("ready"), "{text}");
    system.start_again().await;
    assert_eq!(system.web.submissions().await.map(|all| all.len()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_whatever_is_killed() {
    kills::nothing_answered_is_lost(&mut System::cluster_with(&[]).await, 1).await;
}
