//! The board page and the edits behind it.

use serde_json::json;

use crate::support::{LIST, start};

#[tokio::test]
async fn the_page_shows_columns_and_escapes_what_people_write() {
    let sim = start().await;
    let budget = sim.field(LIST, "Budget").await;
    sim.task(json!({"name": "<script>alert(1)</script>", "priority": 1,
        "custom_fields": [{"id": budget["id"], "value": 0}]}))
        .await;
    let page = sim
        .send(reqwest::Method::GET, "/", None, None)
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("Home applications") && page.contains("disqualified"));
    assert!(page.contains("$200k–250k"));
    assert!(!page.contains("<script>alert"));
    assert!(
        !page.contains("src=\"http") && !page.contains("href=\"http"),
        "nothing from elsewhere"
    );
    assert_eq!(
        sim.send(reqwest::Method::GET, "/board/77", None, None)
            .await
            .unwrap()
            .status(),
        404
    );
}

#[tokio::test]
async fn the_refresh_is_small_when_nothing_changed() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/_sim/board/{LIST}.json");
    let first = sim.get(&path).await.ok();
    assert_eq!(first["changed"], true);
    assert_eq!(first["counts"][0], json!({"status": "new", "count": 1}));
    assert_eq!(first["rate"]["used"], 1);
    let same = sim
        .get(&format!("{path}?v={}", first["version"]))
        .await
        .ok();
    assert_eq!(
        (same["changed"].as_bool(), same.get("html")),
        (Some(false), None)
    );
    sim.post(
        &format!("/_sim/tasks/{}/status", task["id"].as_str().unwrap()),
        json!({"status": "reviewed"}),
    )
    .await
    .ok();
    let moved = sim
        .get(&format!("{path}?v={}", first["version"]))
        .await
        .ok();
    assert_eq!(
        moved["counts"][1],
        json!({"status": "reviewed", "count": 1})
    );
}

#[tokio::test]
async fn a_person_can_edit_everything_on_the_card() {
    let sim = start().await;
    let budget = sim.field(LIST, "Budget").await;
    let task = sim
        .task(json!({"name": "A", "description": "x", "priority": 2}))
        .await;
    let path = format!("/_sim/tasks/{}", task["id"].as_str().unwrap());
    let field = budget["id"].as_str().unwrap();
    let edited = sim
        .post(
            &path,
            json!({"name": "B", "description": "", "priority": null,
        "status": "CONTACTED", "custom_fields": {field: 4}}),
        )
        .await
        .ok();
    assert_eq!(
        (edited["name"].as_str(), edited["description"].as_str()),
        (Some("B"), Some(""))
    );
    assert_eq!(edited["status"]["status"], "contacted");
    assert_eq!(edited["custom_fields"][0]["value"], 4);
    sim.post(&format!("{path}/comment"), json!({"text": "called"}))
        .await
        .ok();
    let shown = sim.get(&path).await.ok();
    assert_eq!(shown["comments"][0]["user"]["id"], 2);
    let texts: Vec<_> = shown["activity"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts.first(), Some(&"created the task"));
    assert!(
        texts.contains(&"moved the task from new to contacted")
            && texts.contains(&"set Budget to $500k+")
    );
    assert_eq!(shown["activity"][0]["source"], "api");
    assert_eq!(shown["activity"][1]["source"], json!(null));

    assert_eq!(sim.post(&path, json!({"status": "nope"})).await.status, 400);
    assert_eq!(
        sim.post(&path, json!({"custom_fields": {"nope": 1}}))
            .await
            .status,
        400
    );
    assert_eq!(
        sim.post("/_sim/tasks/nope/status", json!({"status": "new"}))
            .await
            .status,
        404
    );
    let made = sim
        .post(
            &format!("/_sim/lists/{LIST}/tasks"),
            json!({"name": "by hand"}),
        )
        .await
        .ok();
    assert_eq!(made["creator"]["id"], 2);
    assert_eq!(sim.delete(&path).await.status, 204);
    assert_eq!(sim.get(&path).await.status, 404);
    assert_eq!(
        sim.log().await.len(),
        2,
        "only the API calls: the field list and the create"
    );
}

#[tokio::test]
async fn a_long_column_is_cut_and_counted() {
    let sim = start().await;
    for n in 0..105 {
        sim.task(json!({"name": format!("T{n}")})).await;
    }
    let data = sim.get(&format!("/_sim/board/{LIST}.json")).await.ok();
    let html = data["html"].as_str().unwrap();
    assert_eq!(html.matches("<article").count(), 100);
    assert!(html.contains("and 5 older ones"));
    assert_eq!(data["counts"][0]["count"], 105);
}

#[tokio::test]
async fn the_page_tells_how_much_is_asked_and_what_goes_wrong() {
    let sim = start().await;
    sim.post("/_sim/clock", json!({"mode": "virtual"}))
        .await
        .ok();
    sim.post("/_sim/rate_limit", json!({"limit": 5})).await.ok();
    sim.get("/api/v2/user").await;
    sim.post("/_sim/clock/advance", json!({"ms": 10_000}))
        .await
        .ok();
    sim.faults(json!([{"kind": "status", "status": 503, "times": 1}]))
        .await;
    sim.get("/api/v2/user").await;
    sim.get("/api/v2/team").await;
    let data = sim.get(&format!("/_sim/board/{LIST}.json")).await.ok();
    let rate = &data["rate"];
    assert_eq!((&rate["used"], &rate["limit"]), (&json!(3), &json!(5)));
    assert_eq!(rate["reset_in_ms"], 50_000);
    let minute = data["minute"].as_array().unwrap();
    assert_eq!(minute.len(), 60);
    assert_eq!((&minute[49], &minute[59]), (&json!(1), &json!(2)));
    assert_eq!(data["calls"][0]["path"], "/api/v2/team", "newest first");
    assert_eq!(data["calls"][1]["fault"], "status");
    assert_eq!(data["calls"][1]["status"], 503);
    assert_eq!(
        (&data["faults"], &data["virtual"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(data["people"][1]["name"], "Sam Staff");
    assert_eq!(data["lists"][0]["id"], LIST);
    assert!(!data.to_string().contains("pk_"), "no token on the page");
}

#[tokio::test]
async fn cards_show_what_hangs_on_them() {
    let sim = start().await;
    let task = sim
        .task(json!({"name": "A", "due_date": 1_798_675_200_000_i64, "due_date_time": true}))
        .await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    crate::attachments::upload(&sim, &path, "a.txt", b"x").await;
    let made = sim
        .post(&format!("{path}/checklist"), json!({"name": "steps"}))
        .await
        .ok();
    let items = format!(
        "/api/v2/checklist/{}/checklist_item",
        made["checklist"]["id"].as_str().unwrap()
    );
    sim.post(&items, json!({"name": "one"})).await.ok();
    let data = sim.get(&format!("/_sim/board/{LIST}.json")).await.ok();
    let html = data["html"].as_str().unwrap();
    assert!(html.contains("data-due=\"1798675200000\""));
    assert!(html.contains("0/1"));
    assert!(html.contains("title=\"Attachments\""));
}
