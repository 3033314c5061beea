//! Replies, checklists, dependencies, links, moves.

use serde_json::{Value, json};

use crate::support::{LIST, PROJECTS, Receiver, Running, TEAM, start};

async fn again(sim: &Running, task: &Value) -> Value {
    sim.get(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
        .await
        .ok()
}

#[tokio::test]
async fn replies_are_counted_and_listed_apart() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}/comment", task["id"].as_str().unwrap());
    let made = sim
        .post(&path, json!({"comment_text": "question"}))
        .await
        .ok();
    let thread = format!("/api/v2/comment/{}/reply", made["id"]);
    sim.post(&thread, json!({"comment_text": "answer"}))
        .await
        .ok();
    let listed = sim.get(&path).await.ok();
    assert_eq!(listed["comments"].as_array().unwrap().len(), 1);
    assert_eq!(listed["comments"][0]["reply_count"], "1");
    let replies = sim.get(&thread).await.ok();
    assert_eq!(replies["comments"][0]["comment_text"], "answer");
}

#[tokio::test]
async fn checklists_are_invisible_to_a_poll_by_date() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let task = sim.task(json!({"name": "A"})).await;
    sim.webhook(&receiver, json!(["taskUpdated"])).await;
    let path = format!("/api/v2/task/{}/checklist", task["id"].as_str().unwrap());
    let list = sim.post(&path, json!({"name": "Permits"})).await.ok()["checklist"].clone();
    let items = format!(
        "/api/v2/checklist/{}/checklist_item",
        list["id"].as_str().unwrap()
    );
    let list = sim
        .post(&items, json!({"name": "Survey", "assignee": 2}))
        .await
        .ok()["checklist"]
        .clone();
    let item = format!("{items}/{}", list["items"][0]["id"].as_str().unwrap());
    let list = sim.put(&item, json!({"resolved": true})).await.ok()["checklist"].clone();
    assert_eq!(
        (list["resolved"].as_u64(), list["unresolved"].as_u64()),
        (Some(1), Some(0))
    );
    let now = again(&sim, &task).await;
    assert_eq!(now["date_updated"], task["date_updated"]);
    assert_eq!(
        now["checklists"][0]["items"][0]["assignee"]["username"],
        "Sam Staff"
    );
    let got = receiver.wait_for(3).await;
    let resolved = got
        .iter()
        .find(|d| d.body["history_items"][0]["field"] == "checklist_item_resolved");
    assert_eq!(resolved.unwrap().body["history_items"][0]["after"], "true");

    sim.post(
        "/_sim/options",
        json!({"checklists_move_date_updated": true}),
    )
    .await
    .ok();
    sim.delete(&format!(
        "/api/v2/checklist/{}",
        list["id"].as_str().unwrap()
    ))
    .await
    .ok();
    let now = again(&sim, &task).await;
    assert_eq!(now["checklists"], json!([]));
    assert!(now["date_updated"].as_str() > task["date_updated"].as_str());
}

#[tokio::test]
async fn dependencies_and_links_show_on_both_ends() {
    let sim = start().await;
    let (a, b) = (
        sim.task(json!({"name": "A"})).await,
        sim.task(json!({"name": "B"})).await,
    );
    let path = format!("/api/v2/task/{}", a["id"].as_str().unwrap());
    sim.post(
        &format!("{path}/dependency"),
        json!({"depends_on": b["id"]}),
    )
    .await
    .ok();
    let (left, right) = (again(&sim, &a).await, again(&sim, &b).await);
    assert_eq!(left["dependencies"], right["dependencies"]);
    assert_eq!(left["dependencies"][0]["task_id"], a["id"]);
    assert_eq!(left["dependencies"][0]["userid"], "1");
    let bad = json!({"depends_on": b["id"], "dependency_of": b["id"]});
    assert_eq!(
        sim.post(&format!("{path}/dependency"), bad).await.status,
        400
    );
    sim.delete(&format!(
        "{path}/dependency?depends_on={}",
        b["id"].as_str().unwrap()
    ))
    .await
    .ok();
    assert_eq!(again(&sim, &b).await["dependencies"], json!([]));

    let link = format!("{path}/link/{}", b["id"].as_str().unwrap());
    let linked = sim.post(&link, json!({})).await.ok();
    assert_eq!(linked["task"]["linked_tasks"][0]["link_id"], b["id"]);
    assert_eq!(again(&sim, &b).await["linked_tasks"][0]["link_id"], a["id"]);
    sim.delete(&link).await.ok();
    assert_eq!(again(&sim, &b).await["linked_tasks"], json!([]));
}

#[tokio::test]
async fn a_move_maps_the_status_and_tells_three_times() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let task = sim.task(json!({"name": "A", "status": "qualified"})).await;
    let id = task["id"].as_str().unwrap();
    sim.webhook(&receiver, json!("*")).await;
    let path = format!("/api/v3/workspaces/{TEAM}/tasks/{id}/home_list/{PROJECTS}");
    let refused = sim.put(&path, json!({})).await;
    assert_eq!(
        (refused.status, refused.body["status"].as_u64()),
        (400, Some(400))
    );
    let target = sim.get(&format!("/api/v2/list/{PROJECTS}")).await.ok();
    let mapping = json!({"status_mappings": [{
        "source_status_id": task["status"]["id"],
        "destination_status_id": target["statuses"][1]["id"],
    }]});
    let moved = sim.put(&path, mapping).await.ok();
    assert_eq!(
        moved,
        json!({"data": {"task_id": id, "new_list_id": PROJECTS}})
    );
    let now = again(&sim, &task).await;
    assert_eq!(
        (now["list"]["id"].as_str(), now["status"]["status"].as_str()),
        (Some(PROJECTS), Some("in progress"))
    );
    receiver.wait_for(3).await;
    assert_eq!(
        receiver.events(),
        ["spaceUpdated", "taskMoved", "taskUpdated"]
    );
    let left = sim.get(&format!("/api/v2/list/{LIST}/task")).await.ok();
    assert_eq!(left["tasks"], json!([]));
    // The way through v2 says 200 and does nothing.
    sim.put(
        &format!("/api/v2/task/{id}"),
        json!({"list": LIST, "list_id": LIST}),
    )
    .await
    .ok();
    assert_eq!(again(&sim, &task).await["list"]["id"], PROJECTS);
}
