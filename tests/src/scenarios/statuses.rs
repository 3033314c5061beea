//! Status changes, both ways, without echoes.

use super::{AMPLE, PATIENCE, wait_for_task};
use crate::{System, applications, simulator::Call};
use keylight_testkit::wait::wait_until;
use reqwest::StatusCode;
use std::time::{Duration, Instant};

/// An echo would come with the webhook of our own change, which the simulator sends at once.
const ECHO: Duration = Duration::from_secs(3);

/// A sweep in the wrong moment would find the change before the webhook's message does, and save the call.
pub const RARE_SWEEP: (&str, &str) = ("KEYLIGHT_SYNC_SWEEP_INTERVAL", "10m");

/// What staff do on the board reaches the submission with one call; what they do here reaches the task with one call.
/// Neither comes back.
pub async fn status_changes_travel_both_ways_without_echo(system: &mut System) {
    system.simulator.rate_limit(AMPLE).await;
    system.simulator.clear_log().await;
    let id = system.web.submit(&applications::next()).await;
    let (_, task) = wait_for_task(system, id).await;
    // the echo of the creation must not count as one of the calls below
    tokio::time::sleep(ECHO).await;
    let created = system.simulator.task_calls().await;
    assert_eq!(created.len(), 1, "a new task is one call: {created:?}");

    system.simulator.clear_log().await;
    let began = Instant::now();
    system.simulator.move_task(&task.id, "reviewed").await;
    wait_for_status(system, id, "reviewed").await;
    println!(
        "from the board to the submission: {} ms",
        began.elapsed().as_millis()
    );
    tokio::time::sleep(ECHO).await;
    let get = Call {
        method: "GET".to_owned(),
        path: format!("/api/v2/task/{}", task.id),
        status: 200,
    };
    assert_eq!(
        system.simulator.task_calls().await,
        [get],
        "one look at the changed task is all that is needed"
    );

    system.simulator.clear_log().await;
    let began = Instant::now();
    let answer = system.web.put_status(id, "qualified").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let (simulator, web) = (&system.simulator, &system.web);
    let task_id = task.id.as_str();
    wait_until("the task has our status", PATIENCE, || async move {
        let tasks = simulator.tasks_of(id).await;
        let [task] = tasks.as_slice() else {
            return Err(format!("{} tasks", tasks.len()));
        };
        if task.status == "qualified" {
            Ok(())
        } else {
            Err(task.status.clone())
        }
    })
    .await;
    println!(
        "from the API to the task: {} ms",
        began.elapsed().as_millis()
    );
    tokio::time::sleep(ECHO).await;
    let put = Call {
        method: "PUT".to_owned(),
        path: format!("/api/v2/task/{task_id}"),
        status: 200,
    };
    assert_eq!(
        simulator.task_calls().await,
        [put],
        "one write is all that is needed"
    );
    let submission = web.submission(id).await;
    assert_eq!(
        (&submission["status"], &submission["sync_state"]),
        (&"qualified".into(), &"synced".into())
    );
}

async fn wait_for_status(system: &System, id: i64, status: &str) {
    let web = &system.web;
    wait_until(
        &format!("submission {id} is {status}"),
        PATIENCE,
        || async move {
            let submission = web.submission(id).await;
            if submission["status"] == status {
                Ok(())
            } else {
                Err(submission["status"].to_string())
            }
        },
    )
    .await;
}

/// A webhook that never arrives is made up for by the sweep.
pub async fn a_lost_webhook_is_repaired(system: &mut System) {
    system.simulator.rate_limit(AMPLE).await;
    let id = system.web.submit(&applications::next()).await;
    let (_, task) = wait_for_task(system, id).await;
    system
        .simulator
        .fault(serde_json::json!({ "match": {}, "kind": "webhook_drop", "probability": 1.0, "times": null }))
        .await;
    system.simulator.move_task(&task.id, "contacted").await;
    wait_for_status(system, id, "contacted").await;
    system.simulator.no_faults().await;
}
