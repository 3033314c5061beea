//! Making workspaces, changing them under a client's feet, comparing and keeping states.

use serde_json::{Value, json};

use crate::support::{LIST, PROJECTS, Receiver, Running, TEAM, start};

/// Every type of field, a value to write and what is read of it.
fn kinds() -> Vec<(&'static str, Value, Option<Value>)> {
    let text = |text: &str| (json!(text), Some(json!(text)));
    let (short, url) = (text("short"), text("https://keylight.example/x"));
    let (long, mail, phone) = (text("long"), text("a@b.example"), text("+1 201 555 0123"));
    vec![
        ("short_text", short.0, short.1),
        ("text", long.0, long.1),
        ("email", mail.0, mail.1),
        ("url", url.0, url.1),
        ("phone", phone.0, phone.1),
        ("number", json!(8), Some(json!("8"))),
        ("currency", json!(12.5), Some(json!(12.5))),
        ("drop_down", json!(1), Some(json!(1))),
        ("labels", json!([]), Some(json!([]))),
        (
            "date",
            json!(1_798_675_200_000_i64),
            Some(json!("1798621200000")),
        ),
        ("checkbox", json!(true), Some(json!("true"))),
        ("emoji", json!(4), Some(json!(4))),
        (
            "manual_progress",
            json!({"current": 20}),
            Some(json!({"current": "20", "percent_completed": 20})),
        ),
        (
            "location",
            json!({"location": {"lat": 1.5, "lng": 2.5}, "formatted_address": "Here"}),
            Some(
                json!({"location": {"lat": 1.5, "lng": 2.5}, "place_id": null, "formatted_address": "Here"}),
            ),
        ),
        ("button", json!(true), None),
    ]
}

fn path_of(task: &str) -> String {
    format!("/api/v2/task/{task}")
}

fn value(task: &Value, field: &str) -> Option<Value> {
    let fields = task["custom_fields"].as_array().unwrap();
    let field = fields.iter().find(|f| f["name"] == field).unwrap();
    field.get("value").cloned()
}

async fn seeded(sim: &Running) -> Value {
    let mut fields: Vec<Value> = kinds()
        .into_iter()
        .map(|(kind, ..)| json!({"name": kind, "type": kind, "options": ["red", "green"]}))
        .collect();
    for kind in [
        "users",
        "tasks",
        "list_relationship",
        "automatic_progress",
        "attachment",
        "formula",
        "votes",
        "rollup",
        "ai",
    ] {
        fields.push(json!({"name": kind, "type": kind}));
    }
    let statuses = json!([
        {"status": "Lead", "type": "open", "color": "#111111"},
        {"status": "talking", "type": "custom"},
        {"status": "won", "type": "done"},
        {"status": "over", "type": "closed"},
    ]);
    let seed = json!({
        "replace": true,
        "name": "Trial workspace",
        "members": [{"id": 7, "username": "Kim Manager", "email": "kim@keylight.example",
                     "role": 2, "personal_token": "pk_7_KIM"}],
        "fields": fields,
        "templates": [{"id": "t-1", "name": "Visit", "body": {"name": "Visit", "priority": 1}}],
        "spaces": [{
            "id": "500", "name": "Sales",
            "lists": [{"id": "501", "name": "Leads", "statuses": statuses, "fields": ["every"],
                       "tasks": [{"name": "First", "status": "talking"}, {"name": "Second"}]}],
            "folders": [{"name": "Regions", "lists": [{"id": "502", "name": "North"}]}],
        }],
    });
    sim.post("/_sim/seed", seed).await.ok()
}

#[tokio::test]
async fn a_whole_workspace_in_one_call_with_fields_of_every_type() {
    let sim = start().await;
    let made = seeded(&sim).await;
    assert_eq!(made["fields"].as_array().unwrap().len(), 24);
    let team = sim.get("/api/v2/team").await.ok()["teams"][0].clone();
    assert_eq!(
        (&team["id"], &team["name"]),
        (&json!(TEAM), &json!("Trial workspace"))
    );
    assert_eq!(team["members"].as_array().unwrap().len(), 3);
    let kim = sim.send(reqwest::Method::GET, "/api/v2/user", Some("pk_7_KIM"), None);
    assert_eq!(kim.await.unwrap().status(), 200);
    let list = sim.get("/api/v2/list/501").await.ok();
    assert_eq!(
        list["statuses"][0]["status"], "lead",
        "names are lower-case"
    );
    let north = sim.get("/api/v2/list/502").await.ok();
    assert_eq!(north["statuses"][0]["status"], "to do", "inherited");
    assert_eq!(north["override_statuses"], false);
    assert_eq!(north["folder"]["name"], "Regions");
    let old = sim.get(&format!("/api/v2/list/{LIST}")).await;
    assert_eq!(old.error(), (401, "OAUTH_027"), "it began empty");

    let page = sim.get("/api/v2/list/501/task").await.ok();
    let first = page["tasks"][1]["id"].as_str().unwrap().to_owned();
    assert_eq!(page["tasks"][1]["status"]["status"], "talking");
    let fields = sim.get("/api/v2/list/501/field").await.ok();
    let id = |name: &str| {
        let fields = fields["fields"].as_array().unwrap();
        let found = fields.iter().find(|field| field["name"] == name);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    // Options are labels here, so the label needs its id.
    let green = {
        let fields = fields["fields"].as_array().unwrap();
        let labels = fields.iter().find(|f| f["name"] == "labels").unwrap();
        labels["type_config"]["options"][1]["id"].clone()
    };
    for (kind, mut written, mut read) in kinds() {
        if kind == "labels" {
            written = json!([green]);
            read = Some(json!([green]));
        }
        let path = format!("{}/field/{}", path_of(&first), id(kind));
        sim.post(&path, json!({"value": written})).await.ok();
        let task = sim.get(&path_of(&first)).await.ok();
        assert_eq!(value(&task, kind), read, "{kind}");
    }
    for kind in ["automatic_progress", "formula", "votes", "rollup", "ai"] {
        let path = format!("{}/field/{}", path_of(&first), id(kind));
        let refused = sim.post(&path, json!({"value": 1})).await;
        assert_eq!(refused.status, 400, "{kind} is computed");
    }
    let task = sim.get(&path_of(&first)).await.ok();
    assert_eq!(
        value(&task, "automatic_progress"),
        Some(json!({"percent_complete": 0}))
    );
    assert_eq!(value(&task, "formula"), Some(json!("20.5")));
}

#[tokio::test]
async fn relationships_show_the_tasks_they_point_to() {
    let sim = start().await;
    let other = sim.task(json!({"name": "Other"})).await["id"].clone();
    let field = sim.field(PROJECTS, "Related homes").await["id"].clone();
    let body = json!({"name": "A", "custom_fields": [
        {"id": field, "value": {"add": [other, "86dunknown"], "rem": []}},
    ]});
    let task = sim
        .post(&format!("/api/v2/list/{PROJECTS}/task"), body)
        .await
        .ok();
    let shown = value(&task, "Related homes").unwrap();
    assert_eq!(shown.as_array().unwrap().len(), 1);
    assert_eq!(shown[0]["id"], other);
    assert_eq!(shown[0]["name"], "Other");
    assert_eq!(shown[0]["status"], "new");
    let path = path_of(task["id"].as_str().unwrap());
    sim.delete(&path_of(other.as_str().unwrap())).await;
    let shown = value(&sim.get(&path).await.ok(), "Related homes").unwrap();
    assert_eq!(shown[0]["deleted"], true);
    let set = format!("{path}/field/{}", field.as_str().unwrap());
    sim.post(&set, json!({"value": {"add": [], "rem": [other]}}))
        .await
        .ok();
    assert_eq!(value(&sim.get(&path).await.ok(), "Related homes"), None);
}

#[tokio::test]
async fn lists_without_statuses_of_their_own_follow_their_space() {
    let sim = start().await;
    seeded(&sim).await;
    let task = sim
        .post("/api/v2/list/502/task", json!({"name": "A"}))
        .await
        .ok();
    let statuses = json!([
        {"status": "begin", "type": "open"}, {"status": "end", "type": "closed"},
    ]);
    sim.put("/api/v2/space/500", json!({"statuses": statuses}))
        .await
        .ok();
    let names = async |list: &str| {
        let list = sim.get(&format!("/api/v2/list/{list}")).await.ok();
        list["statuses"][0]["status"].clone()
    };
    assert_eq!(names("502").await, "begin");
    assert_eq!(names("501").await, "lead");
    let task = sim.get(&path_of(task["id"].as_str().unwrap())).await.ok();
    assert_eq!(task["status"]["status"], "begin");
    let bad = json!({"statuses": [{"status": "only", "type": "open"}]});
    let refused = sim.put("/api/v2/space/500", bad).await;
    assert_eq!(refused.error(), (400, "STATUS_002"));
}

#[tokio::test]
async fn administrators_change_things_under_the_clients_feet() {
    let sim = start().await;
    let budget = sim.field(LIST, "Budget").await;
    let option = |n: usize| budget["type_config"]["options"][n].clone();
    let body = |n: usize| json!({"name": "A", "custom_fields": [{"id": budget["id"], "value": n}]});
    let (kept, lost) = (sim.task(body(1)).await, sim.task(body(2)).await);
    let id = budget["id"].as_str().unwrap();
    let options = json!({"name": "Money", "options": [option(0), option(3), option(1)]});
    sim.post(&format!("/_sim/fields/{id}"), options).await.ok();
    let shown = async |task: &Value, field: &str| {
        value(
            &sim.get(&path_of(task["id"].as_str().unwrap())).await.ok(),
            field,
        )
    };
    assert_eq!(
        shown(&kept, "Money").await,
        Some(json!(2)),
        "another index for the same option"
    );
    assert_eq!(shown(&lost, "Money").await, None);

    let rename = format!("/_sim/lists/{LIST}/statuses/rename");
    sim.post(&rename, json!({"from": "new", "to": "Incoming"}))
        .await
        .ok();
    let task = sim.get(&path_of(kept["id"].as_str().unwrap())).await.ok();
    assert_eq!(task["status"]["status"], "incoming");
    assert_eq!(
        task["date_updated"], kept["date_updated"],
        "no update of it"
    );
    let taken = sim.post(&rename, json!({"from": "incoming", "to": "reviewed"}));
    assert_eq!(taken.await.status, 400);
    sim.delete(&format!("/_sim/fields/{id}")).await;
    let path = format!("{}/field/{id}", path_of(kept["id"].as_str().unwrap()));
    let refused = sim.post(&path, json!({"value": 1})).await;
    assert_eq!(refused.error(), (400, "FIELD_422"));

    let receiver = Receiver::start().await;
    sim.webhook(
        &receiver,
        json!(["listDeleted", "spaceDeleted", "taskDeleted"]),
    )
    .await;
    sim.delete(&format!("/_sim/lists/{LIST}")).await;
    assert_eq!(
        sim.get(&format!("/api/v2/list/{LIST}")).await.ok()["deleted"],
        true
    );
    receiver.wait_for(3).await;
    assert_eq!(
        receiver.events(),
        ["listDeleted", "taskDeleted", "taskDeleted"]
    );
    sim.delete("/_sim/spaces/90010010").await;
    receiver.wait_for(5).await;
    assert_eq!(
        sim.get("/api/v2/space/90010010").await.error(),
        (401, "OAUTH_027")
    );
}

#[tokio::test]
async fn people_attach_move_and_see_to_comments() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(
        &receiver,
        json!(["taskMoved", "taskCommentPosted", "taskCommentUpdated"]),
    )
    .await;
    let task = sim.task(json!({"name": "A"})).await;
    let id = task["id"].as_str().unwrap();
    let control = format!("/_sim/tasks/{id}");
    let attached = sim
        .post(&format!("{control}/attachments?name=plan.txt"), json!("x"))
        .await
        .ok();
    let shown = sim.get(&path_of(id)).await.ok();
    assert_eq!(shown["attachments"][0]["id"], attached["id"]);
    assert_eq!(shown["attachments"][0]["user"]["id"], 2);
    let comment = sim
        .post(&format!("{control}/comment?as=1"), json!({"text": "hello"}))
        .await
        .ok();
    let one = format!("/_sim/comments/{}", comment["id"].as_str().unwrap());
    sim.post(&one, json!({"text": "changed"})).await.ok();
    receiver.wait_for(2).await;
    assert_eq!(sim.delete(&one).await.status, 204);
    assert_eq!(sim.delete(&one).await.status, 404);
    assert_eq!(
        sim.post(&format!("{control}/move"), json!({"list": PROJECTS}))
            .await
            .status,
        400,
        "a status of this name is not there"
    );
    sim.post(&control, json!({"status": "closed"})).await.ok();
    let statuses = async |list: &str, n: usize| {
        sim.get(&format!("/api/v2/list/{list}")).await.ok()["statuses"][n]["id"].clone()
    };
    let mapping = json!({
        "source_status_id": statuses(LIST, 5).await,
        "destination_status_id": statuses(PROJECTS, 2).await,
    });
    let body = json!({"list": PROJECTS, "status_mappings": [mapping]});
    sim.post(&format!("{control}/move"), body).await.ok();
    assert_eq!(sim.get(&path_of(id)).await.ok()["list"]["id"], PROJECTS);
    let got = receiver.wait_for(3).await;
    let user = |n: usize| got[n].body["history_items"][0]["user"]["id"].clone();
    assert_eq!((user(0), user(2)), (json!(1), json!(2)));
    assert!(
        got.iter()
            .all(|d| d.body["history_items"][0]["source"].is_null())
    );
    let nobody = format!("{control}/comment?as=99");
    assert_eq!(sim.post(&nobody, json!({"text": "x"})).await.status, 400);
}

#[tokio::test]
async fn two_states_are_compared() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let id = task["id"].as_str().unwrap();
    sim.post("/_sim/snapshots", json!({"name": "before"}))
        .await
        .ok();
    let same = sim.get("/_sim/diff?from=before").await.ok();
    assert_eq!(same, json!({"equal": true, "differences": []}));
    let budget = sim.field(LIST, "Budget").await["id"].clone();
    let edit = json!({"status": "reviewed", "custom_fields": {budget.as_str().unwrap(): 2}});
    sim.post(&format!("/_sim/tasks/{id}"), edit).await.ok();
    let new = sim.task(json!({"name": "B"})).await["id"].clone();
    sim.post("/_sim/snapshots", json!({"name": "after"}))
        .await
        .ok();
    sim.delete(&path_of(id)).await;
    let diff = sim.get("/_sim/diff?from=before&to=after").await.ok();
    let at = |path: &str| {
        let all = diff["differences"].as_array().unwrap();
        let found = all.iter().find(|difference| difference["path"] == path);
        found.unwrap_or_else(|| panic!("{path} in {diff}")).clone()
    };
    let status = at(&format!("tasks/{id}/status/status"));
    assert_eq!(
        (&status["before"], &status["after"]),
        (&json!("new"), &json!("reviewed"))
    );
    let budget = at(&format!("tasks/{id}/custom_fields/Budget"));
    assert_eq!((budget.get("before"), &budget["after"]), (None, &json!(2)));
    let made = at(&format!("tasks/{}", new.as_str().unwrap()));
    assert_eq!(made["after"]["name"], "B");
    assert_eq!(at(&format!("lists/{LIST}/task_count"))["after"], 2);
    let now = sim.get("/_sim/diff?from=after").await.ok();
    assert!(now.to_string().contains(&format!("tasks/{id}")));
    assert_eq!(sim.get("/_sim/diff?from=nothing").await.status, 404);
    assert_eq!(
        sim.get("/_sim/snapshots").await.ok()["snapshots"],
        json!(["after", "before"])
    );
    assert_eq!(sim.delete("/_sim/snapshots/after").await.status, 204);
    assert_eq!(sim.get("/_sim/snapshots/after").await.status, 404);
}

#[tokio::test]
async fn a_state_is_saved_and_loaded_with_everything_in_it() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!("*")).await;
    let task = sim.task(json!({"name": "A", "tags": ["t"]})).await;
    let path = path_of(task["id"].as_str().unwrap());
    sim.post(&format!("{path}/comment"), json!({"comment_text": "x"}))
        .await
        .ok();
    let file = crate::attachments::upload(&sim, &path, "a.txt", b"content")
        .await
        .ok();
    sim.post("/_sim/snapshots", json!({"name": "saved"}))
        .await
        .ok();
    let saved = sim
        .http
        .get(format!("{}/_sim/state", sim.base))
        .send()
        .await;
    let saved = saved.unwrap().bytes().await.unwrap();

    sim.delete(&path).await;
    sim.task(json!({"name": "later"})).await;
    assert_eq!(sim.get("/_sim/diff?from=saved").await.ok()["equal"], false);
    let load = sim
        .http
        .post(format!("{}/_sim/state", sim.base))
        .body(saved.clone());
    assert_eq!(load.send().await.unwrap().status(), 200);
    let diff = sim.get("/_sim/diff?from=saved").await.ok();
    assert_eq!(diff, json!({"equal": true, "differences": []}));
    let new = sim.task(json!({"name": "new"})).await;
    assert_ne!(new["id"], task["id"], "ids are not given twice");
    let content = sim
        .http
        .get(file["url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(content.bytes().await.unwrap().as_ref(), b"content");

    // Another simulator takes it over as well; a text that is none changes nothing.
    let other = start().await;
    let load = other
        .http
        .post(format!("{}/_sim/state", other.base))
        .body(saved);
    assert_eq!(load.send().await.unwrap().status(), 200);
    assert_eq!(
        other.get(&path).await.ok()["attachments"][0]["id"],
        file["id"]
    );
    let bad = other.post("/_sim/state", json!({"not": "a state"})).await;
    assert_eq!(bad.status, 400);
    assert_eq!(other.get(&path).await.status, 200);
}

#[tokio::test]
async fn bad_seeds_are_refused() {
    let sim = start().await;
    for bad in [
        json!({"spaces": [{"id": "not digits", "name": "A"}]}),
        json!({"spaces": [{"id": "500", "name": "A", "lists": [{"name": "B", "fields": ["no such"]}]}]}),
        json!({"fields": [{"name": "A", "type": "no_such_type"}]}),
        json!({"surprise": true}),
        json!({"spaces": [{"name": "A", "statuses": [{"status": "x", "type": "open"}]}]}),
    ] {
        assert_eq!(
            sim.post("/_sim/seed", bad.clone()).await.status,
            400,
            "{bad}"
        );
    }
    assert_eq!(
        sim.get("/api/v2/space/500").await.status,
        401,
        "nothing was made"
    );
}

#[tokio::test]
async fn creates_link_tasks_and_ask_for_required_fields_when_told_to() {
    let sim = start().await;
    let field = json!({"name": "Must", "type": "short_text", "required": true});
    let list = json!({"id": "601", "name": "Strict", "fields": ["Must"]});
    let space = json!({"id": "600", "name": "Rules", "lists": [list]});
    let made = sim
        .post("/_sim/seed", json!({"fields": [field], "spaces": [space]}))
        .await
        .ok();
    let path = "/api/v2/list/601/task";
    let first = sim.post(path, json!({"name": "A"})).await.ok();
    let strict = json!({"name": "B", "check_required_custom_fields": true});
    assert_eq!(sim.post(path, strict.clone()).await.status, 400);
    let mut filled = strict;
    filled["custom_fields"] = json!([{"id": made["fields"][0]["id"], "value": "x"}]);
    filled["links_to"] = first["id"].clone();
    let second = sim.post(path, filled).await.ok();
    assert_eq!(second["linked_tasks"].as_array().unwrap().len(), 1);
    let first = sim.get(&path_of(first["id"].as_str().unwrap())).await.ok();
    let link = &first["linked_tasks"][0];
    assert!(link.to_string().contains(second["id"].as_str().unwrap()));
    let nowhere = json!({"name": "C", "links_to": "86dzzzzzz"});
    assert_eq!(sim.post(path, nowhere).await.error(), (401, "OAUTH_027"));
}
