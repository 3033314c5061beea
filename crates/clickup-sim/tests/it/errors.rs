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

#[tokio::test]
async fn odd_values_never_break_the_connection() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let id = task["id"].as_str().unwrap();
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!(" "),
        json!("\u{0}"),
        json!("[a](b"),
        json!("\\"),
        json!("é\\é**"),
        json!([]),
        json!([null]),
        json!({}),
        json!({"add": 1}),
        json!({"add": [-1, "x", 2], "rem": [2]}),
        json!([{"id": 1}]),
        json!(id),
    ];
    for key in [
        "name",
        "description",
        "markdown_content",
        "status",
        "priority",
        "due_date",
        "start_date",
        "assignees",
        "watchers",
        "time_estimate",
        "points",
        "archived",
        "parent",
        "tags",
        "custom_fields",
        "custom_item_id",
        "comment_text",
        "comment",
        "assignee",
        "value",
        "depends_on",
        "resolved",
        "statuses",
        "endpoint",
        "events",
    ] {
        for value in &odd {
            let mut body = json!({"name": "B", "endpoint": "https://a.b/c"});
            body[key] = value.clone();
            for (method, path) in [
                (Method::POST, format!("/api/v2/list/{LIST}/task")),
                (Method::PUT, format!("/api/v2/task/{id}")),
                (Method::PUT, format!("/api/v2/list/{LIST}")),
                (Method::POST, format!("/api/v2/task/{id}/comment")),
                (Method::POST, format!("/api/v2/task/{id}/dependency")),
                (Method::POST, format!("/api/v2/team/{TEAM}/webhook")),
                (Method::POST, format!("/_sim/tasks/{id}")),
            ] {
                let sent = sim
                    .send(method, &path, Some("pk_1_SERVICE"), Some(body.clone()))
                    .await;
                let status = sent
                    .unwrap_or_else(|e| panic!("{path} {key} {value}: {e:?}"))
                    .status();
                assert!(status.as_u16() < 500, "{path} {key} {value}: {status}");
            }
        }
    }
    for query in [
        "page=x",
        "date_updated_gt=x",
        "date_updated_gt=9223372036854775807",
        "date_created_lt=-9223372036854775808",
        "custom_fields=%7B",
        "statuses[]=",
        "%ff=%fe",
    ] {
        let path = format!("/api/v2/list/{LIST}/task?{query}");
        assert!(
            sim.send(Method::GET, &path, Some("pk_1_SERVICE"), None)
                .await
                .is_ok(),
            "{query}"
        );
    }
}
