//! The state file.

use std::io::Write;

use keylight_clickup_sim::{Sim, SimConfig};
use serde_json::{Value, json};

use crate::support::{LIST, PROJECTS, Receiver, Running, config, start_with};

async fn fill(sim: &Running, receiver: &Receiver) -> Vec<Value> {
    sim.webhook(receiver, json!(["taskUpdated"])).await;
    let kept = sim
        .task(json!({"name": "kept", "tags": ["t"], "custom_fields": [
            {"id": sim.field(LIST, "Budget").await["id"], "value": 2},
        ]}))
        .await;
    let path = format!("/api/v2/task/{}", kept["id"].as_str().unwrap());
    sim.put(&path, json!({"status": "reviewed"})).await.ok();
    sim.post(&format!("{path}/comment"), json!({"comment_text": "hello"}))
        .await
        .ok();
    let gone = sim.task(json!({"name": "gone"})).await;
    sim.delete(&format!("/api/v2/task/{}", gone["id"].as_str().unwrap()))
        .await;
    sim.put(
        &format!("/api/v2/list/{PROJECTS}"),
        json!({"name": "Building sites"}),
    )
    .await
    .ok();
    vec![kept, gone]
}

async fn snapshot(sim: &Running, tasks: &[Value]) -> Value {
    let kept = tasks[0]["id"].as_str().unwrap();
    json!({
        "task": sim.get(&format!("/_sim/tasks/{kept}")).await.ok(),
        "all": sim.get("/_sim/tasks").await.ok(),
        "gone": sim.get(&format!("/api/v2/task/{}", tasks[1]["id"].as_str().unwrap())).await.status,
        "hooks": sim.get("/_sim/webhooks").await.ok(),
        "lists": sim.get(&format!("/api/v2/list/{PROJECTS}")).await.ok()["name"],
        "tags": sim.get("/api/v2/space/90010010/tag").await.ok(),
    })
}

#[tokio::test]
async fn everything_is_there_after_a_stop_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let state = Some(folder.path().join("sim.json"));
    let with_state = || SimConfig {
        state: state.clone(),
        ..config()
    };
    let receiver = Receiver::start().await;
    let sim = start_with(with_state()).await;
    let tasks = fill(&sim, &receiver).await;
    let before = snapshot(&sim, &tasks).await;

    // Killed: nothing more is written. The copy is what the next process would find.
    let killed = folder.path().join("killed.json");
    std::fs::copy(state.as_ref().unwrap(), &killed).unwrap();
    let after_kill = start_with(SimConfig {
        state: Some(killed.clone()),
        seed: 99,
        ..config()
    })
    .await;
    assert_eq!(snapshot(&after_kill, &tasks).await, before);
    after_kill.stop().await;

    sim.stop().await;
    let again = start_with(with_state()).await;
    assert_eq!(snapshot(&again, &tasks).await, before);
    let new = again.task(json!({"name": "new"})).await;
    assert!(tasks.iter().all(|task| task["id"] != new["id"]));
    let path = format!("/api/v2/task/{}", tasks[0]["id"].as_str().unwrap());
    let changed = again.put(&path, json!({"name": "renamed"})).await.ok();
    assert!(changed["date_updated"].as_str() > before["task"]["task"]["date_updated"].as_str());
}

#[tokio::test]
async fn a_torn_last_line_is_dropped_and_a_foreign_file_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("sim.json");
    let sim = start_with(SimConfig {
        state: Some(state.clone()),
        ..config()
    })
    .await;
    let task = sim.task(json!({"name": "A"})).await;
    let copy = folder.path().join("torn.json");
    std::fs::copy(&state, &copy).unwrap();
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&copy)
        .unwrap();
    file.write_all(br#"{"task":{"n":9,"id":"86"#).unwrap();
    let after = start_with(SimConfig {
        state: Some(copy),
        ..config()
    })
    .await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    assert_eq!(after.get(&path).await.status, 200);

    let foreign = folder.path().join("foreign.json");
    std::fs::write(&foreign, "{\n\"something\": \"else\"\n}\n").unwrap();
    let error = Sim::new(SimConfig {
        state: Some(foreign.clone()),
        ..config()
    })
    .unwrap_err();
    assert!(error.to_string().contains("foreign.json"));
    assert!(
        std::fs::read_to_string(&foreign)
            .unwrap()
            .contains("something"),
        "left as it was"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_in_the_file_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("sim.json");
    let _sim = start_with(SimConfig {
        state: Some(state.clone()),
        ..config()
    })
    .await;
    let mode = std::fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
