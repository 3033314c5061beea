//! Changes travel both ways, with the calls that are needed and no more.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_testkit::wait::wait_until;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::{LONG, Setup, System, chosen};

async fn one_task(system: &System) -> String {
    system.entity.create(1).await;
    system.synced().await;
    system.at_rest().await;
    system.entity.get(1).clickup_task_id.unwrap()
}

async fn status_becomes(system: &System, status: &str) {
    wait_until("the status comes back", LONG, || async {
        let now = system.entity.get(1).status;
        if now.as_deref() == Some(status) {
            Ok(())
        } else {
            Err(format!("{now:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_submission_is_one_call_and_equal() {
    let system = System::start(Setup::default()).await;
    one_task(&system).await;
    system.assert_equal().await;
    assert_eq!(
        system.task_calls().await,
        ["POST /api/v2/list/901001001/task"]
    );
    let task = &system.tasks().await[0];
    assert_eq!(task["priority"]["priority"], "normal");
    assert_eq!(chosen(task, "Timeline").as_deref(), Some("3–6 months"));
    assert_eq!(chosen(task, "Land").as_deref(), Some("Owns land"));
    assert_eq!(chosen(task, "Category").as_deref(), Some("Developer"));
    assert!(
        task["description"]
            .as_str()
            .unwrap()
            .contains("A *small* house."),
        "{}",
        task["description"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn our_status_change_is_one_call() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system.clear_log().await;
    system.entity.set_status(1, "qualified").await;
    system.synced().await;
    system.at_rest().await;
    assert_eq!(
        system.task_calls().await,
        [format!("PUT /api/v2/task/{task}")]
    );
    assert_eq!(system.task(&task).await["status"]["status"], "qualified");
    assert_eq!(system.entity.get(1).status.as_deref(), Some("qualified"));
}

#[tokio::test(flavor = "multi_thread")]
async fn their_status_change_is_one_call() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system.clear_log().await;
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "contacted"}),
        )
        .await;
    status_becomes(&system, "contacted").await;
    system.at_rest().await;
    system.synced().await;
    assert_eq!(
        system.task_calls().await,
        [format!("GET /api/v2/task/{task}")]
    );
    assert_eq!(system.task(&task).await["status"]["status"], "contacted");
    let applied = system.entity.rows.lock().unwrap()[&1].applied.clone();
    assert_eq!(applied.len(), 1);
    assert!(applied[0].cause.contains(&task) && applied[0].remote_time.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drop_down_travels_both_ways() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    let shown = system.task(&task).await;
    let field = shown["custom_fields"]
        .as_array()
        .unwrap()
        .iter()
        .find(|field| field["name"] == "Budget")
        .unwrap();
    let option = field["type_config"]["options"].as_array().unwrap()[4]["id"].clone();
    let field_id = field["id"].as_str().unwrap();
    system
        .post(
            &format!("/_sim/tasks/{task}"),
            json!({"custom_fields": {field_id: option}}),
        )
        .await;
    wait_until("the budget comes back", LONG, || async {
        let budget = system.entity.get(1).build_budget;
        if budget == "500k_plus" {
            Ok(())
        } else {
            Err(budget)
        }
    })
    .await;
    system.at_rest().await;
    system.clear_log().await;
    system
        .entity
        .change(1, |submission| submission.build_budget = "200k_250k".into())
        .await;
    system.synced().await;
    system.at_rest().await;
    assert_eq!(
        chosen(&system.task(&task).await, "Budget").as_deref(),
        Some("$200k–250k")
    );
    assert_eq!(
        system.task_calls().await,
        [format!("POST /api/v2/task/{task}/field/{field_id}")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_write_stays_theirs() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system
        .post(
            &format!("/_sim/tasks/{task}"),
            json!({"name": "Call first!", "priority": 1}),
        )
        .await;
    system.at_rest().await;
    system.clear_log().await;
    system.entity.set_status(1, "reviewed").await;
    system.synced().await;
    system.at_rest().await;
    let shown = system.task(&task).await;
    assert_eq!(
        (shown["name"].as_str(), shown["status"]["status"].as_str()),
        (Some("Call first!"), Some("reviewed"))
    );
    assert_eq!(shown["priority"]["priority"], "urgent");
    assert_eq!(system.task_calls().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_without_counterpart_stays_theirs() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "closed"}),
        )
        .await;
    system.at_rest().await;
    assert_eq!(system.entity.get(1).status.as_deref(), Some("new"));
    assert_eq!(system.task(&task).await["status"]["status"], "closed");
    system.entity.set_status(1, "contacted").await;
    system.synced().await;
    assert_eq!(system.task(&task).await["status"]["status"], "contacted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_webhook_is_repaired_by_the_sweep() {
    let setup = Setup {
        sweep_interval: Duration::from_millis(300),
        ..Setup::default()
    };
    let system = System::start(setup).await;
    let task = one_task(&system).await;
    system.gateway_deaf.store(true, Ordering::SeqCst);
    system.clear_log().await;
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "reviewed"}),
        )
        .await;
    status_becomes(&system, "reviewed").await;
    system.at_rest().await;
    assert_eq!(
        system.task_calls().await,
        Vec::<String>::new(),
        "the sweep's page is enough"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_message_is_repaired() {
    let system = System::start(Setup::default()).await;
    system.entity.mute.store(true, Ordering::SeqCst);
    system.entity.create(1).await;
    system.synced().await;
    assert_eq!(system.tasks().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_our_version_moved_on_it_is_looked_at_again() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system.entity.conflicts.store(2, Ordering::SeqCst);
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "contacted"}),
        )
        .await;
    status_becomes(&system, "contacted").await;
    system.at_rest().await;
    assert_eq!(system.task(&task).await["status"]["status"], "contacted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_task_is_told_and_a_deleted_submission_is_left() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system
        .http
        .delete(format!("{}/_sim/tasks/{task}", system.sim_url))
        .send()
        .await
        .unwrap();
    wait_until("the loss is told", LONG, || async {
        let state = system.entity.get(1).sync_state;
        if state == "failed" {
            Ok(())
        } else {
            Err(state)
        }
    })
    .await;
    assert!(system.tasks().await.is_empty());

    system.entity.create(2).await;
    wait_until("the second is synchronised", LONG, || async {
        let state = system.entity.get(2).sync_state;
        if state == "synced" {
            Ok(())
        } else {
            Err(state)
        }
    })
    .await;
    system.entity.delete(2).await;
    system.at_rest().await;
    assert_eq!(
        system.tasks().await.len(),
        1,
        "the task is left to the staff"
    );
    assert_eq!(
        system
            .count("SELECT count(*) FROM sync.links WHERE progress = 'unlinked'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_taken_back_goes_on_with_the_same_task() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system.entity.delete(1).await;
    system.at_rest().await;
    // while nobody of ours looked
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "contacted"}),
        )
        .await;
    system.at_rest().await;
    system.entity.restore(1).await;
    status_becomes(&system, "contacted").await;
    system.at_rest().await;
    system.entity.set_status(1, "qualified").await;
    wait_until("our change arrives", LONG, || async {
        let status = system.task(&task).await["status"]["status"].clone();
        if status == "qualified" {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .await;
    assert_eq!(system.tasks().await.len(), 1);

    // deleted before there was a task, and taken back: now there is one
    system.entity.mute.store(true, Ordering::SeqCst);
    system.entity.create(2).await;
    system.entity.mute.store(false, Ordering::SeqCst);
    system.entity.delete(2).await;
    system.at_rest().await;
    assert_eq!(system.tasks().await.len(), 1);
    system.entity.restore(2).await;
    wait_until("the second is synchronised", LONG, || async {
        let state = system.entity.get(2).sync_state;
        if state == "synced" {
            Ok(())
        } else {
            Err(state)
        }
    })
    .await;
    assert_eq!(system.tasks().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_webhook_is_woken_up_and_there_is_only_one() {
    let mut system = System::prepare(Setup::default()).await;
    let life = system.worker().await;
    system.ready().await;
    let webhooks = system
        .http
        .get(format!("{}/_sim/webhooks", system.sim_url))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let webhooks: serde_json::Value = serde_json::from_str(&webhooks).unwrap();
    let id = webhooks["webhooks"][0]["id"].as_str().unwrap().to_owned();
    system
        .post(&format!("/_sim/webhooks/{id}/suspend"), json!({}))
        .await;
    life.stop();
    sqlx::query("UPDATE sync.chores SET last_run_at = NULL, lease_until = NULL")
        .execute(&system.database.pool)
        .await
        .unwrap();
    system.worker().await;
    wait_until("the webhook is awake", LONG, || async {
        let text = system
            .http
            .get(format!("{}/_sim/webhooks", system.sim_url))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let webhooks: serde_json::Value = serde_json::from_str(&text).unwrap();
        let all = webhooks["webhooks"].as_array().unwrap();
        assert_eq!(all.len(), 1);
        if all[0]["health"]["status"] == "active" {
            Ok(())
        } else {
            Err(text)
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough() {
    let setup = Setup {
        one_connection: true,
        sweep_interval: Duration::from_millis(200),
        ..Setup::default()
    };
    let system = System::start(setup).await;
    for id in 1..=10 {
        system.entity.create(id).await;
    }
    system.synced().await;
    let task = system.entity.get(1).clickup_task_id.unwrap();
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "contacted"}),
        )
        .await;
    system.entity.set_status(2, "qualified").await;
    status_becomes(&system, "contacted").await;
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_undoes_nothing() {
    let system = System::start(Setup::default()).await;
    let task = one_task(&system).await;
    system.entity.set_status(1, "qualified").await;
    system.synced().await;
    system.at_rest().await;
    system.clear_log().await;
    system
        .fault(json!({"match": {"method": "GET"}, "kind": "stale_read", "times": 1}))
        .await;
    system.vague_hint(&task).await;
    wait_until("it is looked at again", LONG, || async {
        let calls = system.task_calls().await;
        if calls.len() == 2 {
            Ok(())
        } else {
            Err(format!("{calls:?}"))
        }
    })
    .await;
    system.at_rest().await;
    assert!(system.entity.rows.lock().unwrap()[&1].applied.is_empty());
    assert_eq!(system.task(&task).await["status"]["status"], "qualified");
}
