//! Pages and filters.

use serde_json::{Value, json};

use crate::support::{LIST, Running, TEAM, start};
use crate::tasks::millis;

async fn page(sim: &Running, query: &str) -> (Vec<String>, bool) {
    let answer = sim
        .get(&format!("/api/v2/list/{LIST}/task?{query}"))
        .await
        .ok();
    let names = answer["tasks"].as_array().unwrap().iter();
    let names = names
        .map(|task| task["name"].as_str().unwrap().to_owned())
        .collect();
    (names, answer["last_page"].as_bool().unwrap())
}

async fn names(sim: &Running, query: &str) -> Vec<String> {
    page(sim, query).await.0
}

#[tokio::test]
async fn pages_hold_a_hundred_newest_first() {
    let sim = start().await;
    for n in 0..230 {
        sim.task(json!({"name": format!("T{n:03}")})).await;
    }
    let (first, last) = page(&sim, "").await;
    assert_eq!((first.len(), last), (100, false));
    assert_eq!((first[0].as_str(), first[99].as_str()), ("T229", "T130"));
    let (third, last) = page(&sim, "page=2&limit=5").await;
    assert_eq!((third.len(), last), (30, true));
    assert_eq!(page(&sim, "page=3").await, (vec![], true));
    let (up, _) = page(&sim, "order_by=created&reverse=true").await;
    assert_eq!((up[0].as_str(), up[99].as_str()), ("T000", "T099"));
    let (team, _) = page(&sim, "order_by=id&reverse=true&page=1").await;
    assert_eq!(team[0], "T100");
    let all = sim
        .get(&format!(
            "/api/v2/team/{TEAM}/task?list_ids[]={LIST}&page=2"
        ))
        .await
        .ok();
    assert_eq!(all["tasks"].as_array().unwrap().len(), 30);
    assert_eq!(all["last_page"], true);
    let list = sim.get(&format!("/api/v2/list/{LIST}")).await.ok();
    assert_eq!(list["task_count"], 230);
}

#[tokio::test]
async fn a_page_of_exactly_a_hundred_is_the_last() {
    let sim = start().await;
    for n in 0..100 {
        sim.task(json!({"name": format!("T{n}")})).await;
    }
    let (names, last) = page(&sim, "").await;
    assert_eq!((names.len(), last), (100, true));
}

#[tokio::test]
async fn the_sweep_query_returns_what_changed_since() {
    let sim = start().await;
    let mut tasks = Vec::new();
    for n in 0..5 {
        tasks.push(sim.task(json!({"name": format!("T{n}")})).await);
    }
    let since = millis(&tasks[4], "date_updated");
    for n in [3, 0] {
        let path = format!("/api/v2/task/{}", tasks[n]["id"].as_str().unwrap());
        sim.put(&path, json!({"priority": 1})).await.ok();
    }
    let query =
        format!("order_by=updated&reverse=true&date_updated_gt={since}&include_closed=true");
    assert_eq!(names(&sim, &query).await, ["T3", "T0"]);
    let query = format!("date_updated_gt={since}");
    assert_eq!(
        names(&sim, &query).await,
        ["T3", "T0"],
        "ordered by creation, newest first"
    );
    // The bound itself is left out, unless the option says otherwise.
    let fresh = sim
        .get(&format!(
            "/api/v2/task/{}",
            tasks[0]["id"].as_str().unwrap()
        ))
        .await
        .ok();
    let query = format!("date_updated_gt={}", millis(&fresh, "date_updated"));
    assert!(names(&sim, &query).await.is_empty());
    sim.post("/_sim/options", json!({"inclusive_dates": true}))
        .await
        .ok();
    assert_eq!(names(&sim, &query).await, ["T0"]);
    let backwards = "date_created_gt=2000000000000&date_created_lt=1000000000000";
    assert!(names(&sim, backwards).await.is_empty());
    let created = millis(&tasks[0], "date_created");
    sim.post("/_sim/options", json!({"inclusive_dates": false}))
        .await
        .ok();
    assert!(
        !names(&sim, &format!("date_created_lt={created}"))
            .await
            .contains(&"T0".to_owned())
    );
}

#[tokio::test]
async fn closed_archived_and_subtasks_are_missing_unless_asked_for() {
    let sim = start().await;
    let open = sim.task(json!({"name": "open"})).await;
    sim.task(json!({"name": "closed", "status": "closed"}))
        .await;
    sim.task(json!({"name": "done", "status": "disqualified"}))
        .await;
    sim.task(json!({"name": "sub", "parent": open["id"]})).await;
    let archived = sim.task(json!({"name": "archived"})).await;
    sim.put(
        &format!("/api/v2/task/{}", archived["id"].as_str().unwrap()),
        json!({"archived": true}),
    )
    .await
    .ok();

    assert_eq!(names(&sim, "").await, ["done", "open"]);
    assert_eq!(
        names(&sim, "include_closed=true").await,
        ["done", "closed", "open"]
    );
    assert_eq!(names(&sim, "subtasks=true").await, ["sub", "done", "open"]);
    assert_eq!(names(&sim, "archived=true").await, ["archived"]);
    assert_eq!(
        names(&sim, "statuses[]=closed&statuses[]=new").await,
        ["closed", "open"]
    );
    assert_eq!(
        sim.get(&format!("/api/v2/list/{LIST}/task?statuses=new"))
            .await
            .error(),
        (400, "PUBAPITASK_008")
    );
    assert_eq!(
        sim.get(&format!("/api/v2/list/{LIST}/task?page=-1"))
            .await
            .status,
        500
    );
    assert_eq!(
        sim.get(&format!("/api/v2/list/{LIST}/task?order_by=x"))
            .await
            .error(),
        (500, "ITEMV2_003")
    );
}

#[tokio::test]
async fn fields_can_be_filtered() {
    let sim = start().await;
    let budget = sim.field(LIST, "Budget").await;
    let options = &budget["type_config"]["options"];
    let email = sim.field(LIST, "E-mail").await;
    sim.task(json!({"name": "none"})).await;
    for n in 0..3 {
        sim.task(json!({"name": format!("b{n}"), "custom_fields": [
            {"id": budget["id"], "value": options[n]["id"]},
            {"id": email["id"], "value": format!("p{n}@keylight.example")},
        ]}))
        .await;
    }
    let ask = |field: &Value, operator: &str, value: Value| {
        let filter = json!([{"field_id": field["id"], "operator": operator, "value": value}]);
        let query = serde_urlencoded::to_string([("custom_fields", filter.to_string())]).unwrap();
        let sim = &sim;
        async move { names(sim, &query).await }
    };
    assert_eq!(ask(&budget, "=", options[1]["id"].clone()).await, ["b1"]);
    assert_eq!(ask(&budget, "=", json!(1)).await, ["b1"]);
    assert_eq!(
        ask(&budget, "ANY", json!([options[0]["id"], options[2]["id"]])).await,
        ["b2", "b0"]
    );
    assert_eq!(
        ask(&budget, "NOT ANY", json!([options[0]["id"]])).await,
        ["b2", "b1", "none"]
    );
    assert_eq!(ask(&budget, "IS NULL", Value::Null).await, ["none"]);
    assert_eq!(
        ask(&email, "IS NOT NULL", Value::Null).await,
        ["b2", "b1", "b0"]
    );
    assert_eq!(ask(&email, "=", json!("p2@keylight.example")).await, ["b2"]);
    let bad = sim
        .get(&format!("/api/v2/list/{LIST}/task?custom_fields=nonsense"))
        .await;
    assert_eq!(bad.error(), (400, "PUBAPITASK_009"));
}
