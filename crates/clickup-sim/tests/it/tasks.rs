//! Create, read, update, delete.

use serde_json::{Value, json};

use crate::support::{LIST, PROJECTS, STAFF, read, start};

#[tokio::test]
async fn a_new_task_has_the_types_of_the_real_service() {
    let sim = start().await;
    let budget = sim.field(LIST, "Budget").await;
    let task = sim
        .task(json!({
            "name": "Ada Example · Home buyer",
            "markdown_content": "**Budget:** $250k\n\nKeylight reference: KL-1-0a1b2c3d",
            "priority": 2,
            "status": "reviewed",
            "tags": ["From The Web"],
            "assignees": [2],
            "due_date": 1_798_675_200_000_i64,
            "time_estimate": 3_600_000,
            "unknown_key": {"is": "ignored"},
            "custom_fields": [
                {"id": budget["id"], "value": budget["type_config"]["options"][1]["id"]},
                {"id": "00000000-0000-4000-8000-000000000000", "value": "dropped"},
            ],
        }))
        .await;

    let id = task["id"].as_str().unwrap();
    assert!(
        id.len() <= 10
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    );
    for key in ["date_created", "date_updated", "due_date"] {
        assert!(
            task[key].as_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000_000,
            "{key}"
        );
    }
    // Date only: 04:00 at UTC-5 on the day before.
    assert_eq!(task["due_date"], "1798621200000");
    for key in [
        "date_closed",
        "date_done",
        "start_date",
        "parent",
        "custom_id",
        "points",
    ] {
        assert_eq!(task[key], Value::Null, "{key}");
    }
    assert_eq!(task["time_estimate"], 3_600_000);
    assert_eq!(
        task["orderindex"]
            .as_str()
            .unwrap()
            .split_once('.')
            .unwrap()
            .1
            .len(),
        32
    );
    assert_eq!(task["priority"]["id"], "2");
    assert_eq!(task["priority"]["priority"], "high");
    assert_eq!(task["status"]["status"], "reviewed");
    assert_eq!(task["status"]["orderindex"], 1);
    assert_eq!(
        task["text_content"],
        "Budget: $250k\n\nKeylight reference: KL-1-0a1b2c3d"
    );
    assert_eq!(task["tags"][0]["name"], "from the web");
    assert_eq!(task["assignees"][0]["id"], 2);
    assert_eq!(task["creator"]["id"], 1);
    assert_eq!(task["folder"]["name"], "hidden");
    assert_eq!(task["folder"], task["project"]);
    assert_eq!(task["space"], json!({"id": "90010010"}));
    assert_eq!(task["list"]["id"], LIST);
    assert_eq!(task["team_id"], "9001001");
    assert!(task.get("attachments").is_none());
    assert!(task.get("markdown_description").is_none());

    let fields = task["custom_fields"].as_array().unwrap();
    assert_eq!(fields.len(), 6);
    let set: Vec<_> = fields
        .iter()
        .filter(|field| field.get("value").is_some())
        .collect();
    assert_eq!(set.len(), 1, "unset fields have no value key");
    assert_eq!(set[0]["value"], 1, "a drop-down reads as index");

    let got = sim
        .get(&format!(
            "/api/v2/task/{id}?include_markdown_description=true"
        ))
        .await
        .ok();
    assert_eq!(got["attachments"], json!([]));
    assert!(
        got["markdown_description"]
            .as_str()
            .unwrap()
            .starts_with("**Budget:**")
    );
}

#[tokio::test]
async fn put_changes_what_it_should_and_ignores_the_rest() {
    let sim = start().await;
    let task = sim
        .task(json!({"name": "A", "description": "text", "priority": 1}))
        .await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());

    let changed = sim
        .put(
            &path,
            json!({
                "name": "B", "status": "qualified", "priority": null,
                "tags": ["x"], "custom_fields": [{"id": "y", "value": 1}],
                "due_date": "not a number", "assignees": [2],
            }),
        )
        .await
        .ok();
    assert_eq!(changed["name"], "B");
    assert_eq!(changed["status"]["status"], "qualified");
    assert_eq!(changed["priority"], Value::Null);
    assert_eq!(changed["tags"], json!([]));
    assert_eq!(changed["due_date"], Value::Null);
    assert_eq!(
        changed["assignees"],
        json!([]),
        "the flat form does nothing in an update"
    );
    assert!(millis(&changed, "date_updated") > millis(&task, "date_updated"));

    let assigned = sim
        .put(&path, json!({"assignees": {"add": [2, 77], "rem": []}}))
        .await
        .ok();
    assert_eq!(assigned["assignees"].as_array().unwrap().len(), 1);

    // Nothing new: nothing moves.
    let same = sim
        .put(&path, json!({"name": "B", "description": ""}))
        .await
        .ok();
    assert_eq!(same["date_updated"], assigned["date_updated"]);
    assert_eq!(same["description"], "text");
    let cleared = sim.put(&path, json!({"description": " "})).await.ok();
    assert_eq!(cleared["description"], "");
}

#[tokio::test]
async fn statuses_drive_done_and_closed() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}", task["id"].as_str().unwrap());
    assert_eq!(task["status"]["type"], "open");
    let done = sim.put(&path, json!({"status": "disqualified"})).await.ok();
    assert!(done["date_done"].is_string() && done["date_closed"].is_null());
    let closed = sim.put(&path, json!({"status": "closed"})).await.ok();
    assert!(closed["date_done"].is_string() && closed["date_closed"].is_string());
    let open = sim.put(&path, json!({"status": "contacted"})).await.ok();
    assert!(open["date_done"].is_null() && open["date_closed"].is_null());
}

#[tokio::test]
async fn date_updated_always_grows_even_when_the_clock_steps_back() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let id = task["id"].as_str().unwrap();
    let budget = sim.field(LIST, "Budget").await;
    let mut last = millis(&task, "date_updated");
    sim.post("/_sim/clock", json!({"offset_ms": -600_000}))
        .await
        .ok();
    for step in 0..20 {
        match step % 3 {
            0 => {
                sim.put(
                    &format!("/api/v2/task/{id}"),
                    json!({"name": format!("N{step}")}),
                )
                .await
            }
            1 => {
                sim.post(&format!("/api/v2/task/{id}/tag/t{step}"), json!({}))
                    .await
            }
            _ => {
                let path = format!("/api/v2/task/{id}/field/{}", budget["id"].as_str().unwrap());
                sim.post(&path, json!({"value": step % 5})).await
            }
        }
        .ok();
        let now = millis(
            &sim.get(&format!("/api/v2/task/{id}")).await.ok(),
            "date_updated",
        );
        assert!(now > last, "step {step}");
        last = now;
    }
}

#[tokio::test]
async fn deleting_takes_the_subtasks_and_leaves_404() {
    let sim = start().await;
    let parent = sim.task(json!({"name": "Parent"})).await;
    let parent_id = parent["id"].as_str().unwrap();
    let child = sim
        .task(json!({"name": "Child", "parent": parent_id}))
        .await;
    let grandchild = sim
        .task(json!({"name": "Grandchild", "parent": child["id"]}))
        .await;
    assert_eq!(grandchild["parent"], child["id"]);
    assert_eq!(grandchild["top_level_parent"], parent["id"]);
    let whole = sim
        .get(&format!("/api/v2/task/{parent_id}?include_subtasks=true"))
        .await
        .ok();
    assert_eq!(whole["subtasks"][0]["id"], child["id"]);

    let gone = sim.delete(&format!("/api/v2/task/{parent_id}")).await;
    assert_eq!((gone.status, gone.body), (204, json!("")));
    for task in [&parent, &child, &grandchild] {
        let answer = sim
            .get(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
            .await;
        assert_eq!(answer.error(), (404, "ITEM_013"));
    }
}

#[tokio::test]
async fn a_parent_must_live_in_the_same_list() {
    let sim = start().await;
    let parent = sim.task(json!({"name": "Parent"})).await;
    let path = format!("/api/v2/list/{PROJECTS}/task");
    let answer = sim
        .post(&path, json!({"name": "Child", "parent": parent["id"]}))
        .await;
    assert_eq!(answer.error(), (400, "ITEM_137"));
}

#[tokio::test]
async fn comments_have_a_number_once_and_text_ever_after() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = format!("/api/v2/task/{}/comment", task["id"].as_str().unwrap());
    for n in 0..30 {
        let made = sim
            .post(
                &path,
                json!({"comment_text": format!("c{n}"), "notify_all": false}),
            )
            .await
            .ok();
        assert!(made["id"].is_u64() && made["hist_id"].is_string() && made["date"].is_i64());
    }
    assert_eq!(
        sim.post(&path, json!({"comment_text": " "})).await.status,
        400
    );

    let first = sim.get(&path).await.ok();
    let first = first["comments"].as_array().unwrap();
    assert_eq!(first.len(), 25);
    assert_eq!(first[0]["comment_text"], "c29");
    assert!(first[0]["id"].is_string() && first[0]["date"].is_string());
    let last = first.last().unwrap();
    let next = format!(
        "{path}?start={}&start_id={}",
        last["date"].as_str().unwrap(),
        last["id"].as_str().unwrap()
    );
    let rest = sim.get(&next).await.ok();
    let texts: Vec<_> = rest["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["comment_text"].clone())
        .collect();
    assert_eq!(texts, ["c4", "c3", "c2", "c1", "c0"]);

    let comment = format!("/api/v2/comment/{}", last["id"].as_str().unwrap());
    sim.put(
        &comment,
        json!({"comment_text": "edited", "resolved": true}),
    )
    .await
    .ok();
    sim.delete(&comment).await.ok();
    assert_eq!(
        sim.put(&comment, json!({})).await.error(),
        (401, "OAUTH_027")
    );
}

#[tokio::test]
async fn workspace_lists_and_people_can_be_read() {
    let sim = start().await;
    let me = sim.get("/api/v2/user").await.ok();
    assert_eq!(
        (me["user"]["id"].as_u64(), me["user"]["username"].as_str()),
        (Some(1), Some("Keylight Service"))
    );
    let staff = sim
        .send(reqwest::Method::GET, "/api/v2/user", Some(STAFF), None)
        .await
        .unwrap();
    assert_eq!(read(staff).await.ok()["user"]["id"], 2);
    let teams = sim.get("/api/v2/team").await.ok();
    assert_eq!(teams["teams"][0]["id"], "9001001");
    assert_eq!(teams["teams"][0]["members"].as_array().unwrap().len(), 2);
    let spaces = sim
        .get("/api/v2/team/9001001/space?archived=false")
        .await
        .ok();
    let space = spaces["spaces"][0]["id"].as_str().unwrap();
    let lists = sim.get(&format!("/api/v2/space/{space}/list")).await.ok();
    let names: Vec<_> = lists["lists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|list| list["name"].clone())
        .collect();
    assert_eq!(names, ["Home applications", "Projects"]);
    assert_eq!(
        sim.get(&format!("/api/v2/space/{space}/folder")).await.ok()["folders"],
        json!([])
    );
    let list = sim.get(&format!("/api/v2/list/{LIST}")).await.ok();
    let statuses: Vec<_> = list["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["status"].as_str().unwrap(), s["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        statuses,
        [
            ("new", "open"),
            ("reviewed", "custom"),
            ("qualified", "custom"),
            ("contacted", "custom"),
            ("disqualified", "done"),
            ("closed", "closed"),
        ]
    );
}

#[tokio::test]
async fn lists_can_be_made_changed_and_deleted() {
    let sim = start().await;
    let made = sim
        .post(
            "/api/v2/space/90010010/list",
            json!({"name": "Leads", "content": "c"}),
        )
        .await
        .ok();
    let path = format!("/api/v2/list/{}", made["id"].as_str().unwrap());
    assert_eq!(made["folder"]["hidden"], true);
    let task = sim
        .post(
            &format!("{path}/task"),
            json!({"name": "A", "status": "to do"}),
        )
        .await
        .ok();
    let statuses = json!([
        {"status": "Fresh", "type": "open", "color": "#111111"},
        {"status": "won", "type": "closed", "color": "#222222"},
    ]);
    let changed = sim
        .put(&path, json!({"name": "Leads 2", "statuses": statuses}))
        .await
        .ok();
    assert_eq!(changed["statuses"][0]["status"], "fresh");
    let task = sim
        .get(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
        .await
        .ok();
    assert_eq!(
        task["status"]["status"], "fresh",
        "a task of a removed status moves to the open one"
    );
    let bad = sim
        .put(
            &path,
            json!({"statuses": [{"status": "x", "type": "custom"}]}),
        )
        .await;
    assert_eq!(bad.error(), (400, "STATUS_002"));
    sim.delete(&path).await.ok();
    assert_eq!(sim.get(&path).await.ok()["deleted"], true);
    assert_eq!(
        sim.get(&format!("/api/v2/task/{}", task["id"].as_str().unwrap()))
            .await
            .status,
        404
    );
}

pub fn millis(task: &Value, key: &str) -> i64 {
    task[key].as_str().unwrap().parse().unwrap()
}
