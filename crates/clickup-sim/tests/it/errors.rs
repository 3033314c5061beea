//! Error answers.

use reqwest::Method;
use serde_json::json;

use crate::support::{LIST, TEAM, read, start};

#[tokio::test]
async fn tokens_are_told_apart() {
    let sim = start().await;
    let ask = |token: Option<&'static str>| {
        let sim = &sim;
        async move {
            read(
                sim.send(Method::GET, "/api/v2/user", token, None)
                    .await
                    .unwrap(),
            )
            .await
        }
    };
    assert_eq!(ask(None).await.error(), (400, "OAUTH_017"));
    assert_eq!(ask(Some("pk_9_NOBODY")).await.error(), (401, "OAUTH_025"));
    assert_eq!(
        ask(Some("Bearer pk_1_SERVICE")).await.error(),
        (401, "OAUTH_025")
    );
    assert_eq!(
        ask(Some("oauth_1_SERVICE")).await.error(),
        (401, "OAUTH_025")
    );
    assert_eq!(ask(Some("Bearer oauth_1_SERVICE")).await.status, 200);
    assert_eq!(ask(Some("pk_2_STAFF")).await.status, 200);
}

#[tokio::test]
async fn unknown_things_look_foreign() {
    let sim = start().await;
    for path in [
        "/api/v2/task/86dzzzzzz",
        "/api/v2/list/123456",
        "/api/v2/list/123456/task",
        "/api/v2/team/77/space",
        "/api/v2/space/77",
        "/api/v2/folder/77",
    ] {
        assert_eq!(sim.get(path).await.error(), (401, "OAUTH_027"), "{path}");
    }
    assert_eq!(
        sim.get("/api/v2/list/abc").await.error(),
        (400, "INPUT_003")
    );
    assert_eq!(
        sim.delete("/api/v2/webhook/77").await.error(),
        (401, "OAUTH_027")
    );
    assert_eq!(
        sim.get(&format!("/api/v2/team/{TEAM}/user/1"))
            .await
            .error(),
        (403, "TEAM_110")
    );
}

#[tokio::test]
async fn routes_that_do_not_exist_answer_in_plain_text() {
    let sim = start().await;
    let answer = sim.get("/api/v2/nothing/here").await;
    assert_eq!(
        (answer.status, answer.body),
        (404, json!("404 page not found\n"))
    );
    assert!(
        answer.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    assert_eq!(sim.put("/api/v2/user", json!({})).await.status, 405);
    assert_eq!(sim.get("/api/v2/webhook/77").await.status, 405);
}

#[tokio::test]
async fn bad_writes_have_their_codes() {
    let sim = start().await;
    let list = format!("/api/v2/list/{LIST}/task");
    assert_eq!(
        sim.post(&list, json!({"name": ""})).await.error(),
        (400, "INPUT_005")
    );
    assert_eq!(sim.post(&list, json!({})).await.error(), (400, "INPUT_005"));
    assert_eq!(
        sim.post(&list, json!({"name": "A", "status": "nope"}))
            .await
            .error(),
        (400, "CRTSK_001")
    );
    assert_eq!(
        sim.post(&list, json!({"name": "A", "due_date": "x"}))
            .await
            .error(),
        (400, "INPUT_006")
    );
    assert_eq!(sim.post(&list, json!([1])).await.status, 400);
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    assert_eq!(
        sim.put(&path, json!({"status": "nope"})).await.error(),
        (400, "ITEM_114")
    );
    assert_eq!(
        sim.put(&path, json!({"status": "Reviewed"})).await.error(),
        (400, "ITEM_114"),
        "case counts"
    );
    sim.post("/_sim/options", json!({"fold_status_case": true}))
        .await
        .ok();
    assert_eq!(
        sim.put(&path, json!({"status": "Reviewed"})).await.ok()["status"]["status"],
        "reviewed"
    );
    assert_eq!(
        sim.post("/_sim/options", json!({"no_such": 1}))
            .await
            .status,
        400
    );
}
