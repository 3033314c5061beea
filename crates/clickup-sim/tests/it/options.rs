//! Every switch in both positions: behaviour on which the sources disagree.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{LIST, Receiver, Running, SERVICE, TEAM, config, read, start, start_with};

const NOON: i64 = 1_795_608_000_000;

async fn set(sim: &Running, options: Value) {
    sim.post("/_sim/options", options).await.ok();
}

fn path_of(task: &Value) -> String {
    format!("/api/v2/task/{}", task["id"].as_str().unwrap())
}

async fn virtual_noon(sim: &Running) {
    sim.post("/_sim/clock", json!({"mode": "virtual", "now": NOON + 500}))
        .await
        .ok();
}

async fn advance(sim: &Running, ms: u64) {
    sim.post("/_sim/clock/advance", json!({"ms": ms}))
        .await
        .ok();
}

#[tokio::test]
async fn every_option_is_listed_and_unknown_ones_are_refused() {
    let sim = start().await;
    let options = sim.get("/_sim/options").await.ok();
    let names: Vec<&String> = options.as_object().unwrap().keys().collect();
    // A new switch needs a test of both its positions in this file, or beside what it switches.
    assert_eq!(
        names,
        [
            "aligned_windows",
            "archive_events",
            "assignee_rem_in_after",
            "attachment_events",
            "automation_user",
            "checklists_move_date_updated",
            "ck_signature",
            "comments_move_date_updated",
            "custom_ids",
            "deleted_task",
            "fold_status_case",
            "inclusive_dates",
            "new_history_id_on_comment_update",
            "numeric_fields",
            "old_webhook_bodies",
            "rate_headers",
            "rate_reset_rounds_up",
            "retry_after",
            "stale_status_after_put",
            "zone_offset_minutes",
        ]
    );
    for bad in [
        json!({"no_such": true}),
        json!({"custom_ids": "maybe"}),
        json!({"zone_offset_minutes": 10_000}),
    ] {
        assert_eq!(sim.post("/_sim/options", bad).await.status, 400);
    }
}

#[tokio::test]
async fn retry_after_and_rate_headers() {
    let sim = start_with(keylight_clickup_sim::SimConfig {
        rate_limit: 0,
        ..config()
    })
    .await;
    for (retry_after, rate_headers) in [(false, true), (true, true), (true, false), (false, false)]
    {
        set(
            &sim,
            json!({"retry_after": retry_after, "rate_headers": rate_headers}),
        )
        .await;
        let over = sim.get("/api/v2/user").await;
        assert_eq!(over.status, 429);
        assert_eq!(over.headers.contains_key("retry-after"), retry_after);
        for header in ["limit", "remaining", "reset"] {
            let name = format!("x-ratelimit-{header}");
            assert_eq!(over.headers.contains_key(name), rate_headers);
        }
    }
}

#[tokio::test]
async fn edges_of_the_rate_window() {
    let sim = start().await;
    virtual_noon(&sim).await;
    sim.post("/_sim/rate_limit", json!({"limit": 1})).await.ok();
    let reset = async |sim: &Running| {
        let answer = sim.get("/api/v2/user").await;
        answer.headers["x-ratelimit-reset"]
            .to_str()
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    // The window ends half a second after the full minute.
    assert_eq!(
        reset(&sim).await,
        NOON / 1000 + 60,
        "before the window ends"
    );
    set(&sim, json!({"rate_reset_rounds_up": true})).await;
    assert_eq!(reset(&sim).await, NOON / 1000 + 61, "after it has ended");
    advance(&sim, 59_500).await;
    assert_eq!(sim.get("/api/v2/user").await.status, 429);
    advance(&sim, 500).await;
    assert_eq!(sim.get("/api/v2/user").await.status, 200);

    set(
        &sim,
        json!({"rate_reset_rounds_up": false, "aligned_windows": true}),
    )
    .await;
    sim.post("/_sim/rate_limit", json!({"limit": 1})).await.ok();
    assert_eq!(reset(&sim).await, NOON / 1000 + 120, "the clock's minute");
    assert_eq!(sim.get("/api/v2/user").await.status, 429);
    advance(&sim, 59_500).await;
    assert_eq!(sim.get("/api/v2/user").await.status, 200);
}

#[tokio::test]
async fn what_a_deleted_task_answers() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    sim.delete(&path_of(&task)).await;
    for (option, status, code) in [
        ("item_013", 404, "ITEM_013"),
        ("item_015", 404, "ITEM_015"),
        ("oauth_027", 401, "OAUTH_027"),
    ] {
        set(&sim, json!({"deleted_task": option})).await;
        assert_eq!(sim.get(&path_of(&task)).await.error(), (status, code));
        let put = sim.put(&path_of(&task), json!({"name": "B"})).await;
        assert_eq!(put.error(), (status, code));
    }
    let never = sim.get("/api/v2/task/86dzzzzzz").await;
    assert_eq!(never.error(), (401, "OAUTH_027"));
}

#[tokio::test]
async fn the_status_in_the_answer_to_a_put() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    for (stale, status, shown) in [
        (false, "reviewed", "reviewed"),
        (true, "qualified", "reviewed"),
    ] {
        set(&sim, json!({"stale_status_after_put": stale})).await;
        let put = sim
            .put(&path_of(&task), json!({"status": status}))
            .await
            .ok();
        assert_eq!(put["status"]["status"], shown);
        let read = sim.get(&path_of(&task)).await.ok();
        assert_eq!(read["status"]["status"], status);
    }
}

#[tokio::test]
async fn custom_ids_never_later_or_at_once() {
    let sim = start().await;
    virtual_noon(&sim).await;
    let task = sim.task(json!({"name": "A"})).await;
    assert_eq!(task["custom_id"], Value::Null);
    set(&sim, json!({"custom_ids": "late"})).await;
    let task = sim.task(json!({"name": "B"})).await;
    assert_eq!(task["custom_id"], Value::Null, "not in the create's answer");
    advance(&sim, 1_999).await;
    assert_eq!(
        sim.get(&path_of(&task)).await.ok()["custom_id"],
        Value::Null
    );
    advance(&sim, 1).await;
    let custom = sim.get(&path_of(&task)).await.ok()["custom_id"].clone();
    let custom = custom.as_str().unwrap();
    assert!(custom.starts_with("HOME-"));
    // It names the task only with both parameters.
    let named = format!("/api/v2/task/{custom}");
    assert_eq!(sim.get(&named).await.error(), (401, "OAUTH_027"));
    let query = format!("{named}?custom_task_ids=true");
    assert_eq!(sim.get(&query).await.error(), (401, "OAUTH_027"));
    let query = format!("?custom_task_ids=true&team_id={TEAM}");
    let found = sim.get(&format!("{named}{query}")).await.ok();
    assert_eq!(found["id"], task["id"]);
    let put = sim
        .put(&format!("{named}{query}"), json!({"name": "C"}))
        .await
        .ok();
    assert_eq!((&put["id"], &put["name"]), (&task["id"], &json!("C")));
    let comment = format!("{named}/comment{query}");
    sim.post(&comment, json!({"comment_text": "x"})).await.ok();
    assert_eq!(sim.delete(&format!("{named}{query}")).await.status, 204);
    set(&sim, json!({"custom_ids": "at_once"})).await;
    let task = sim.task(json!({"name": "D"})).await;
    assert!(task["custom_id"].is_string());
}

#[tokio::test]
async fn numeric_fields_in_three_ways() {
    use crate::support::PROJECTS;
    let sim = start().await;
    let (number, sum) = (
        sim.field(PROJECTS, "Modules").await["id"].clone(),
        sim.field(PROJECTS, "Contract sum").await["id"].clone(),
    );
    let body = json!({"name": "A", "custom_fields": [
        {"id": number, "value": 8}, {"id": sum, "value": 1.5},
    ]});
    let path = format!("/api/v2/list/{PROJECTS}/task");
    let task = sim.post(&path, body).await.ok();
    for (option, modules, money, total) in [
        ("mixed", json!("8"), json!(1.5), json!("9.5")),
        ("text", json!("8"), json!("1.5"), json!("9.5")),
        ("number", json!(8), json!(1.5), json!(9.5)),
    ] {
        set(&sim, json!({"numeric_fields": option})).await;
        let task = sim.get(&path_of(&task)).await.ok();
        let value = |name: &str| {
            let fields = task["custom_fields"].as_array().unwrap();
            fields.iter().find(|field| field["name"] == name).unwrap()["value"].clone()
        };
        assert_eq!(value("Modules"), modules);
        assert_eq!(value("Contract sum"), money);
        assert_eq!(value("Total"), total);
    }
}

#[tokio::test]
async fn date_bounds_with_and_without_the_instant_itself() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let at = task["date_updated"].as_str().unwrap();
    for (inclusive, found) in [(false, 0), (true, 1)] {
        set(&sim, json!({"inclusive_dates": inclusive})).await;
        for bound in ["date_updated_gt", "date_updated_lt", "date_created_gt"] {
            let page = sim
                .get(&format!("/api/v2/list/{LIST}/task?{bound}={at}"))
                .await
                .ok();
            assert_eq!(page["tasks"].as_array().unwrap().len(), found, "{bound}");
        }
    }
}

#[tokio::test]
async fn case_of_status_names_in_writes() {
    let sim = start().await;
    let task = sim.task(json!({"name": "A"})).await;
    let create = format!("/api/v2/list/{LIST}/task");
    let shout = json!({"name": "B", "status": "Reviewed"});
    let put = sim
        .put(&path_of(&task), json!({"status": "Reviewed"}))
        .await;
    assert_eq!(put.error(), (400, "ITEM_114"));
    assert_eq!(
        sim.post(&create, shout.clone()).await.error(),
        (400, "CRTSK_001")
    );
    set(&sim, json!({"fold_status_case": true})).await;
    let put = sim
        .put(&path_of(&task), json!({"status": "Reviewed"}))
        .await;
    assert_eq!(put.ok()["status"]["status"], "reviewed", "kept as it is");
    assert_eq!(
        sim.post(&create, shout).await.ok()["status"]["status"],
        "reviewed"
    );
}

#[tokio::test]
async fn what_moves_the_date_of_a_task() {
    let sim = start().await;
    virtual_noon(&sim).await;
    let task = sim.task(json!({"name": "A"})).await;
    let path = path_of(&task);
    for moves in [false, true] {
        set(
            &sim,
            json!({"checklists_move_date_updated": moves, "comments_move_date_updated": moves}),
        )
        .await;
        for (call, body) in [
            ("checklist", json!({"name": "steps"})),
            ("comment", json!({"comment_text": "x"})),
        ] {
            let before = sim.get(&path).await.ok()["date_updated"].clone();
            advance(&sim, 1_000).await;
            sim.post(&format!("{path}/{call}"), body).await.ok();
            let after = sim.get(&path).await.ok()["date_updated"].clone();
            assert_eq!(before != after, moves, "{call}");
        }
    }
    // These always do.
    let budget = sim.field(LIST, "Budget").await["id"].clone();
    let field = format!("{path}/field/{}", budget.as_str().unwrap());
    for (call, body) in [
        (field, json!({"value": 1})),
        (format!("{path}/tag/blue"), json!({})),
    ] {
        let before = sim.get(&path).await.ok()["date_updated"].clone();
        advance(&sim, 1_000).await;
        sim.post(&call, body).await.ok();
        assert_ne!(sim.get(&path).await.ok()["date_updated"], before);
    }
}

#[tokio::test]
async fn webhook_bodies_of_today_and_of_then() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskCreated", "taskDeleted"]))
        .await;
    for (old, count) in [(false, 2), (true, 4)] {
        set(&sim, json!({"old_webhook_bodies": old})).await;
        let task = sim.task(json!({"name": "A"})).await;
        receiver.wait_for(count - 1).await;
        sim.delete(&path_of(&task)).await;
        let got = receiver.wait_for(count).await;
        let (created, deleted) = (&got[count - 2].body, &got[count - 1].body);
        assert_eq!(created.get("team_id").is_none(), old);
        assert_eq!(deleted.get("history_items").is_none(), old);
        let item = &created["history_items"][1];
        assert_eq!(item["source"], if old { Value::Null } else { json!("api") });
        assert_eq!(item["data"].get("via").is_none(), old);
        assert_eq!(item["user"].get("role").is_none(), old);
        assert_eq!(item["user"]["id"], 1);
    }
}

#[tokio::test]
async fn the_name_of_the_signature_header() {
    let sim = start().await;
    let receiver = Receiver::start().await;
    let hook = sim.webhook(&receiver, json!(["taskCreated"])).await;
    for (other, name) in [(false, "x-signature"), (true, "x-ck-signature")] {
        set(&sim, json!({"ck_signature": other})).await;
        let before = receiver.got().len();
        sim.task(json!({"name": "A"})).await;
        let got = receiver.wait_for(before + 1).await;
        assert_eq!(got[before].header, name);
        let secret = hook["secret"].as_str().unwrap();
        let wanted = keylight_clickup_sim::webhooks::signature::sign(secret, &got[before].raw);
        assert_eq!(got[before].signature, wanted);
    }
}

/// The history item of the last delivery of `event` after `act`.
async fn item_after(
    sim: &Running,
    receiver: &Receiver,
    event: &str,
    act: impl Future<Output = ()>,
) -> Option<Value> {
    let before = receiver.got().len();
    act.await;
    // Virtual time stands still, so all deliveries are made when this answers.
    advance(sim, 0).await;
    let got = receiver.got();
    let found = got[before..]
        .iter()
        .rev()
        .find(|d| d.body["event"] == event);
    found.map(|delivery| delivery.body["history_items"][0].clone())
}

#[tokio::test]
async fn history_items_that_are_told_in_two_ways() {
    let sim = start().await;
    virtual_noon(&sim).await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!("*")).await;
    let task = sim.task(json!({"name": "A", "assignees": [1]})).await;
    let path = path_of(&task);
    let put = async |body: Value| {
        sim.put(&path, body).await.ok();
    };

    for in_after in [false, true] {
        set(&sim, json!({"assignee_rem_in_after": in_after})).await;
        put(json!({"assignees": {"add": [2], "rem": []}})).await;
        let rem = put(json!({"assignees": {"add": [], "rem": [2]}}));
        let item = item_after(&sim, &receiver, "taskAssigneeUpdated", rem)
            .await
            .unwrap();
        let (full, empty) = if in_after {
            ("after", "before")
        } else {
            ("before", "after")
        };
        assert_eq!(item["field"], "assignee_rem");
        assert_eq!(item[full]["id"], 2);
        assert_eq!(item[empty], Value::Null);
    }

    for told in [false, true] {
        set(&sim, json!({"archive_events": told})).await;
        let archive = put(json!({"archived": told}));
        put(json!({"archived": !told})).await;
        let item = item_after(&sim, &receiver, "taskUpdated", archive).await;
        assert_eq!(item.is_some_and(|item| item["field"] == "archived"), told);
    }

    for fresh in [false, true] {
        set(&sim, json!({"new_history_id_on_comment_update": fresh})).await;
        let post = async {
            let comment = json!({"comment_text": "first"});
            sim.post(&format!("{path}/comment"), comment).await.ok();
        };
        let posted = item_after(&sim, &receiver, "taskCommentPosted", post)
            .await
            .unwrap();
        advance(&sim, 1_000).await;
        let edit = async {
            let id = posted["comment"]["id"].as_str().unwrap();
            let text = json!({"comment_text": "second"});
            sim.put(&format!("/api/v2/comment/{id}"), text).await.ok();
        };
        let edited = item_after(&sim, &receiver, "taskCommentUpdated", edit)
            .await
            .unwrap();
        assert_eq!(edited["id"] != posted["id"], fresh);
        assert_eq!(edited["date"] != posted["date"], fresh);
        assert_eq!(edited["comment"]["text_content"], "second\n");
    }
}

#[tokio::test]
async fn attachments_tell_nobody_or_somebody() {
    let sim = start().await;
    virtual_noon(&sim).await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskUpdated"])).await;
    let task = sim.task(json!({"name": "A"})).await;
    for told in [false, true] {
        set(&sim, json!({"attachment_events": told})).await;
        let attach = async {
            let answer = crate::attachments::upload(&sim, &path_of(&task), "a.txt", b"x").await;
            assert_eq!(answer.status, 200);
        };
        let item = item_after(&sim, &receiver, "taskUpdated", attach).await;
        assert_eq!(item.is_some(), told);
        assert!(item.is_none_or(|item| item["field"] == "attachments"));
    }
}

#[tokio::test]
async fn whom_an_automation_names() {
    let sim = start().await;
    virtual_noon(&sim).await;
    let receiver = Receiver::start().await;
    sim.webhook(&receiver, json!(["taskStatusUpdated"])).await;
    let task = sim.task(json!({"name": "A"})).await;
    let control = format!("/_sim/tasks/{}?as=automation", task["id"].as_str().unwrap());
    for (option, status, user) in [
        ("missing", "reviewed", Value::Null),
        ("unknown", "qualified", json!(-1)),
        ("owner", "contacted", json!(1)),
    ] {
        set(&sim, json!({"automation_user": option})).await;
        let act = async {
            sim.post(&control, json!({"status": status})).await.ok();
        };
        let item = item_after(&sim, &receiver, "taskStatusUpdated", act)
            .await
            .unwrap();
        assert_eq!(item["user"]["id"], user);
        assert_eq!(item.get("user").is_none(), option == "missing");
        assert_eq!(item["source"], Value::Null);
    }
}

#[tokio::test]
async fn date_only_values_follow_the_zone() {
    let sim = start().await;
    // Midnight at the end of 2026 in Greenwich.
    let midnight = 1_798_675_200_000_i64;
    for (zone, stored) in [(-300, "1798621200000"), (0, "1798689600000")] {
        set(&sim, json!({"zone_offset_minutes": zone})).await;
        let task = sim.task(json!({"name": "A", "due_date": midnight})).await;
        assert_eq!(task["due_date"], stored);
        let exact = sim
            .task(json!({"name": "A", "due_date": midnight, "due_date_time": true}))
            .await;
        assert_eq!(exact["due_date"], midnight.to_string());
    }
}

/// `Bearer` in front of a personal token is refused whatever the switches say.
#[tokio::test]
async fn tokens_in_the_wrong_form() {
    let sim = start().await;
    for token in [format!("Bearer {SERVICE}"), "oauth_1_SERVICE".to_owned()] {
        let answer = sim
            .send(Method::GET, "/api/v2/user", Some(&token), None)
            .await
            .unwrap();
        assert_eq!(read(answer).await.error(), (401, "OAUTH_025"));
    }
    tokio::time::timeout(Duration::from_secs(5), sim.get("/api/v2/user"))
        .await
        .unwrap();
}
