//! One call of every path of the simulator, with values in as many places as there are.

use reqwest::Method;
use serde_json::{Value, json};

use super::Contract;
use crate::support::{LIST, PROJECTS, TEAM};

const SPACE: &str = "90010010";

pub async fn everything(contract: &mut Contract) {
    places(contract).await;
    let task = tasks(contract).await;
    details(contract, &task).await;
    relations(contract, &task).await;
    files(contract, &task).await;
    webhooks(contract).await;
    ends(contract, &task).await;
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

async fn places(c: &mut Contract) {
    c.get("/api/v2/user").await;
    c.get("/api/v2/team").await;
    c.get(&format!("/api/v2/team/{TEAM}")).await;
    for part in ["custom_item", "plan", "space?archived=false", "field"] {
        c.get(&format!("/api/v2/team/{TEAM}/{part}")).await;
    }
    c.get(&format!("/api/v2/group?team_id={TEAM}")).await;
    let user = format!("/api/v2/team/{TEAM}/user");
    c.refused(Method::POST, &user).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        c.refused(method, &format!("{user}/2")).await;
    }
    let space = format!("/api/v2/space/{SPACE}");
    c.get(&space).await;
    for part in [
        "folder?archived=false",
        "list?archived=false",
        "field",
        "tag",
    ] {
        c.get(&format!("{space}/{part}")).await;
    }
    let tag = json!({"tag": {"name": "urgent", "tag_fg": "#ffffff", "tag_bg": "#000000"}});
    c.post(&format!("{space}/tag"), tag).await;
    let made = c
        .post(&format!("{space}/folder"), json!({"name": "Regions"}))
        .await;
    let folder = format!("/api/v2/folder/{}", id_of(&made));
    c.put(&folder, json!({"name": "All regions"})).await;
    c.post(&format!("{folder}/list"), json!({"name": "North"}))
        .await;
    c.get(&folder).await;
    c.get(&format!("{folder}/list")).await;
    c.get(&format!("{folder}/field")).await;
    c.get(&format!("{space}/folder")).await;
    c.delete(&folder).await;
    let (on, off) = (json!({"enabled": true}), json!({"enabled": false}));
    let features = json!({
        "due_dates": {
            "enabled": true, "start_date": false, "remap_due_dates": true,
            "remap_closed_due_date": false,
        },
        "time_tracking": off, "tags": on, "time_estimates": on, "checklists": on,
        "custom_fields": on, "remap_dependencies": on, "dependency_warning": on,
        "portfolios": on,
    });
    let mut trial = json!({"name": "Trial", "multiple_assignees": true, "features": features});
    let made = c
        .post(&format!("/api/v2/team/{TEAM}/space"), trial.clone())
        .await;
    let one = format!("/api/v2/space/{}", id_of(&made));
    for (key, value) in [
        ("name", json!("Trials")),
        ("color", json!("#ffffff")),
        ("private", json!(false)),
        ("admin_can_manage", json!(true)),
    ] {
        trial[key] = value;
    }
    c.put(&one, trial).await;
    c.delete(&one).await;
    let made = c
        .post(
            &format!("{space}/list"),
            json!({"name": "Offers", "content": "x"}),
        )
        .await;
    let list = format!("/api/v2/list/{}", id_of(&made));
    c.get(&list).await;
    c.put(
        &list,
        json!({"name": "Old offers", "content": "y", "status": "red"}),
    )
    .await;
    c.get(&format!("{list}/member")).await;
    c.get(&format!("{list}/field")).await;
    c.delete(&list).await;
    for list in [LIST, PROJECTS] {
        c.get(&format!("/api/v2/list/{list}")).await;
        c.get(&format!("/api/v2/list/{list}/field")).await;
    }
}

async fn tasks(c: &mut Contract) -> String {
    let path = format!("/api/v2/list/{LIST}/task");
    let parent = c
        .post(
            &path,
            json!({
                "name": "A home", "description": "text", "assignees": [1, 2], "tags": ["urgent"],
                "status": "reviewed", "priority": 2, "due_date": 1_798_675_200_000_i64,
                "due_date_time": true, "start_date": 1_798_575_200_000_i64,
                "time_estimate": 3_600_000, "points": 3, "notify_all": false,
            }),
        )
        .await;
    let id = id_of(&parent);
    c.post(&path, json!({"name": "A step", "parent": id})).await;
    c.post(&path, json!({"name": "Done", "status": "closed"}))
        .await;
    let task = format!("/api/v2/task/{id}");
    c.put(
        &task,
        json!({"name": "The home", "priority": 1, "assignees": {"add": [1], "rem": [2]}}),
    )
    .await;
    c.get(&format!(
        "{task}?include_subtasks=true&include_markdown_description=true"
    ))
    .await;
    c.get(&format!("{task}/member")).await;
    c.get(&format!("{task}/time_in_status")).await;
    c.get(&format!(
        "/api/v2/task/bulk_time_in_status/task_ids?task_ids={id}"
    ))
    .await;
    let templates = c
        .get(&format!("/api/v2/team/{TEAM}/taskTemplate?page=0"))
        .await;
    let template = id_of(&templates["templates"][0]);
    let made = c
        .post(
            &format!("/api/v2/list/{LIST}/taskTemplate/{template}"),
            json!({"name": "Visit"}),
        )
        .await;
    assert_eq!(made["priority"]["id"], "2");
    c.post(
        &format!("{task}/merge"),
        json!({"source_task_ids": [made["id"]]}),
    )
    .await;
    let further = format!("/api/v2/list/{PROJECTS}/task/{id}");
    c.post(&further, json!({})).await;
    let shown = c
        .get(&format!("/api/v2/list/{PROJECTS}/task?include_timl=true"))
        .await;
    assert_eq!(shown["tasks"][0]["id"], id.as_str());
    c.delete(&further).await;
    c.get(&format!("{path}?subtasks=true&include_closed=true"))
        .await;
    c.get(&format!(
        "/api/v2/team/{TEAM}/task?subtasks=true&include_closed=true"
    ))
    .await;
    id
}

async fn details(c: &mut Contract, task: &str) {
    let task = format!("/api/v2/task/{task}");
    let fields = c.get(&format!("/api/v2/list/{LIST}/field")).await;
    let budget = id_of(&fields["fields"][0]);
    let field = format!("{task}/field/{budget}");
    let option = fields["fields"][0]["type_config"]["options"][1]["id"].clone();
    c.post(&field, json!({"value": option})).await;
    c.get(&task).await;
    c.delete(&field).await;
    let answer = c
        .call(Method::POST, &field, Some(json!({"value": "no"})))
        .await;
    assert_eq!(answer.status, 400);
    c.post(&format!("{task}/tag/blue"), json!({})).await;
    c.delete(&format!("{task}/tag/blue")).await;
    let comment = json!({"comment_text": "hello", "notify_all": false, "assignee": 2});
    let made = c.post(&format!("{task}/comment"), comment).await;
    c.get(&format!("{task}/comment")).await;
    let comment = format!("/api/v2/comment/{}", made["id"]);
    c.put(
        &comment,
        json!({"comment_text": "changed", "assignee": 1, "resolved": true}),
    )
    .await;
    let reply = json!({"comment_text": "answer", "notify_all": false});
    c.post(&format!("{comment}/reply"), reply).await;
    c.get(&format!("{comment}/reply")).await;
    c.delete(&comment).await;
    let made = c
        .post(&format!("{task}/checklist"), json!({"name": "steps"}))
        .await;
    let list = format!("/api/v2/checklist/{}", id_of(&made["checklist"]));
    c.put(&list, json!({"name": "all steps", "position": 0}))
        .await;
    let items = format!("{list}/checklist_item");
    let made = c
        .post(&items, json!({"name": "first", "assignee": 1}))
        .await;
    let item = format!("{items}/{}", id_of(&made["checklist"]["items"][0]));
    c.put(
        &item,
        json!({"name": "first", "assignee": "2", "resolved": true}),
    )
    .await;
    c.get(&task).await;
    c.delete(&item).await;
    c.delete(&list).await;
}

async fn relations(c: &mut Contract, task: &str) {
    let path = format!("/api/v2/list/{LIST}/task");
    let other = id_of(&c.post(&path, json!({"name": "Other"})).await);
    let task = format!("/api/v2/task/{task}");
    c.post(&format!("{task}/dependency"), json!({"depends_on": other}))
        .await;
    c.post(&format!("{task}/link/{other}"), json!({})).await;
    c.get(&task).await;
    c.delete(&format!("{task}/dependency?depends_on={other}"))
        .await;
    c.delete(&format!("{task}/link/{other}")).await;
    let home = format!("/api/v3/workspaces/{TEAM}/tasks/{other}/home_list/{PROJECTS}");
    let statuses = async |c: &mut Contract, list: &str| {
        c.get(&format!("/api/v2/list/{list}")).await["statuses"][0]["id"].clone()
    };
    let mapping = json!({
        "source_status_id": statuses(c, LIST).await,
        "destination_status_id": statuses(c, PROJECTS).await,
    });
    c.put(&home, json!({"status_mappings": [mapping]})).await;
    let nowhere = format!("/api/v3/workspaces/{TEAM}/tasks/{other}/home_list/1");
    let answer = c.call(Method::PUT, &nowhere, Some(json!({}))).await;
    assert_eq!(answer.status, 401);
}

async fn files(c: &mut Contract, task: &str) {
    let v2 = format!("/api/v2/task/{task}");
    let answer = crate::attachments::upload(&c.sim, &v2, "plan.txt", b"rooms").await;
    c.check("POST", &format!("{v2}/attachment"), &answer);
    let v3 = format!("/api/v3/workspaces/{TEAM}/attachments/{task}");
    let answer = crate::attachments::upload_v3(&c.sim, &v3, "plan.txt", b"rooms").await;
    let v3 = format!("{v3}/attachments");
    c.check("POST", &v3, &answer);
    c.get(&v3).await;
    c.get(&v2).await;
    c.refused(Method::GET, &format!("{v3}?limit=0")).await;
}

async fn webhooks(c: &mut Contract) {
    let path = format!("/api/v2/team/{TEAM}/webhook");
    let hook = json!({
        "endpoint": "https://hooks.keylight.example/in", "events": ["taskUpdated"],
        "space_id": 90_010_010, "list_id": 901_001_001,
    });
    let made = c.post(&path, hook).await;
    c.get(&path).await;
    let one = format!("/api/v2/webhook/{}", id_of(&made));
    c.put(
        &one,
        json!({"endpoint": "https://hooks.keylight.example/in", "events": "*", "status": "active"}),
    )
    .await;
    c.delete(&one).await;
}

async fn ends(c: &mut Contract, task: &str) {
    c.refused(Method::GET, "/api/v2/task/86dzzzzzz").await;
    c.delete(&format!("/api/v2/task/{task}")).await;
    c.refused(Method::GET, &format!("/api/v2/task/{task}"))
        .await;
}
