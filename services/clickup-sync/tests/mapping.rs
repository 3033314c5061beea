//! The mapping as data: checked, previewed, made active, rolled back, and taken up by what exists.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::v1::{
    self, mapping_service_client::MappingServiceClient,
    sync_operations_service_client::SyncOperationsServiceClient,
};
use keylight_rpc::client::Channel;
use keylight_testkit::wait::wait_until;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::{LIST, LONG, Setup, System};
use tonic::Code;

/// The simulator's second list, with a field of every type.
const PROJECTS: &str = "901001002";

fn client(system: &System) -> MappingServiceClient<Channel> {
    MappingServiceClient::new(system.channel())
}

fn caller() -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: "staff:ada".into(),
        correlation_id: "018f0000-0000-7000-8000-000000000001".into(),
        reason: "a better fit".into(),
        idempotency: None,
    })
}

async fn activate(system: &System, document: &Value, expected: i64) -> v1::MappingActivated {
    let request = v1::ActivateMappingRequest {
        document: document.to_string(),
        expected_version: expected,
        caller: caller(),
    };
    let reply = client(system).activate_mapping(request).await;
    reply.unwrap().into_inner()
}

/// Activates and expects that nothing is wrong.
async fn active(system: &System, document: &Value, expected: i64) -> i64 {
    let done = activate(system, document, expected).await;
    let check = done.check.unwrap();
    assert!(check.valid && check.problems.is_empty(), "{check:#?}");
    done.version.unwrap().version
}

/// Waits until every task was brought under the version.
async fn taken_up(system: &System, version: i64) {
    wait_until("all tasks come to the mapping", LONG, || async {
        let reply = client(system)
            .get_mapping(v1::GetMappingRequest { version: None })
            .await;
        let now = reply.unwrap().into_inner();
        if now.version == version && now.behind == 0 {
            Ok(())
        } else {
            Err(format!("version {}, {} behind", now.version, now.behind))
        }
    })
    .await;
    system.at_rest().await;
}

fn field<'a>(task: &'a Value, name: &str) -> &'a Value {
    let fields = task["custom_fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name);
    &found.unwrap_or_else(|| panic!("no field {name}"))["value"]
}

/// Names of the chosen labels.
fn labels(task: &Value, name: &str) -> Vec<String> {
    let fields = task["custom_fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name).unwrap();
    let options = found["type_config"]["options"].as_array().unwrap();
    let chosen = found["value"].as_array().cloned().unwrap_or_default();
    let names = options
        .iter()
        .filter(|option| chosen.contains(&option["id"]))
        .map(|option| {
            option["label"]
                .as_str()
                .or(option["name"].as_str())
                .unwrap()
        });
    names.map(ToOwned::to_owned).collect()
}

/// Developers to the second list, into fields of every type that it has.
fn developers_apart() -> Value {
    json!({
        "format": 1,
        "rules": [{"when": {"category": "developer"}, "list": PROJECTS}],
        "fields": {"email": {"to": "E-mail", "type": "email"}, "phone": {"to": "Phone", "type": "phone"}},
        "lists": {PROJECTS: {
            "statuses": {
                "new": "to do", "reviewed": "in progress", "disqualified": "complete",
            },
            "fields": {
                "email": null, "phone": null, "land": null, "category": null,
                "applicant": {"to": "Site reference", "type": "short_text"},
                "project": {"to": "Site notes", "type": "text"},
                "help_with_land": {"to": "Modules", "type": "number", "values": {"yes": 1, "no": 0.5}},
                "budget": {"to": "Contract sum", "type": "currency", "values": {
                    "200k_250k": 250_000, "250k_350k": 350_000, "350k_400k": 400_000, "400k_500k": 500_000,
                    "500k_plus": 750_000.5}},
                "submitted": {"to": "Delivery date", "type": "date"},
                "lender": {"to": "Permit granted", "type": "checkbox"},
                "lot_address": {"to": "Site", "type": "location", "point": {"lat": 40.27, "lng": -76.88}},
                "timeline": {"to": "Options", "type": "labels", "values": {
                    "less_than_3_months": ["Solar", "Heat pump"], "3_to_6_months": ["solar"],
                    "6_to_12_months": ["Carport"], "more_than_12_months": []}},
            },
        }},
        "task": {
            "name": "{applicant} ({referral})",
            "tags": [{"tag": "Keylight"}, {"when": {"category": "developer"}, "tag": "b2b"}],
            "priority": [{"when": {"timeline": "3_to_6_months"}, "priority": "urgent"}],
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_field_is_filled_in_the_list_of_the_rule() {
    let system = System::start(Setup::default()).await;
    let version = active(&system, &developers_apart(), 0).await;
    assert_eq!(version, 1);
    taken_up(&system, 1).await;
    system.clear_log().await;
    // odd ones are developers
    system.entity.create(1).await;
    system.entity.create(2).await;
    system
        .entity
        .change(2, |submission| {
            submission.interested_in_preferred_lender = Some(true);
        })
        .await;
    system.synced().await;
    system.at_rest().await;

    let tasks = system.tasks_in(PROJECTS).await;
    assert_eq!(tasks.len(), 1);
    let task = &tasks[0];
    assert_eq!(task["name"], "Ada Probe 1 (Ritz-Craft)");
    assert_eq!(task["status"]["status"], "to do");
    assert_eq!(task["priority"]["priority"], "urgent");
    let tags: Vec<&str> = task["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    assert_eq!(tags, ["keylight", "b2b"]);
    assert_eq!(field(task, "Site reference"), "Ada Probe 1");
    assert_eq!(field(task, "Site notes"), "A *small* house.\n- two floors");
    assert_eq!(field(task, "Contract sum"), &json!(400_000));
    assert_eq!(labels(task, "Options"), ["Solar"]);
    assert!(field(task, "Delivery date").is_string());
    assert_eq!(field(task, "Site")["formatted_address"], "1 Elm St");
    let home = &system.tasks().await[0];
    assert_eq!(field(home, "E-mail"), "ada_2@example.com");
    assert_eq!(field(home, "Phone"), "+1 555 123 4567");
    // one call each, and no second look: what comes back is what was meant
    let calls = system.task_calls().await;
    let made = calls.iter().filter(|call| call.ends_with("/task")).count();
    assert_eq!((made, calls.len()), (2, 2), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_travel_both_ways_in_the_other_list() {
    // the webhook is for one list until the keeper of webhooks comes by
    let system = System::start(Setup {
        sweep_interval: Duration::from_millis(300),
        ..Setup::default()
    })
    .await;
    active(&system, &developers_apart(), 0).await;
    taken_up(&system, 1).await;
    system.entity.create(1).await;
    system.synced().await;
    system.at_rest().await;
    let task = system.tasks_in(PROJECTS).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    system.clear_log().await;
    system
        .entity
        .change(1, |submission| {
            submission.interested_in_preferred_lender = Some(true);
            submission.build_budget = "500k_plus".into();
            submission.construction_timeline = "less_than_3_months".into();
        })
        .await;
    system.synced().await;
    system.at_rest().await;
    let calls = system.task_calls().await;
    let fields = calls
        .iter()
        .filter(|call| call.starts_with("POST ") && call.contains("/field/"));
    assert_eq!(fields.count(), 3, "{calls:?}");
    let shown = system.tasks_in(PROJECTS).await.remove(0);
    assert_eq!(field(&shown, "Permit granted"), "true");
    assert_eq!(field(&shown, "Contract sum"), &json!(750_000.5));
    assert_eq!(labels(&shown, "Options"), ["Solar", "Heat pump"]);

    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "complete"}),
        )
        .await;
    let sum = shown["custom_fields"].as_array().unwrap();
    let sum = sum
        .iter()
        .find(|field| field["name"] == "Contract sum")
        .unwrap();
    let sum = sum["id"].as_str().unwrap();
    system
        .post(
            &format!("/_sim/tasks/{task}"),
            json!({"custom_fields": {sum: 250_000}}),
        )
        .await;
    wait_until("both come back", LONG, || async {
        let now = system.entity.get(1);
        if now.status.as_deref() == Some("disqualified") && now.build_budget == "200k_250k" {
            Ok(())
        } else {
            Err(format!("{:?} {}", now.status, now.build_budget))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_costs_one_call_per_changed_thing() {
    const COUNT: usize = 12;
    let system = System::start(Setup::default()).await;
    for id in 1..=12 {
        system.entity.create(id).await;
    }
    system.synced().await;
    system.at_rest().await;
    system.clear_log().await;
    let fields =
        json!({"format": 1, "fields": {"email": {"to": "e-mail"}, "phone": {"to": "Phone"}}});
    active(&system, &fields, 0).await;
    taken_up(&system, 1).await;
    let calls = system.task_calls().await;
    let sets = calls
        .iter()
        .filter(|call| call.starts_with("POST ") && call.contains("/field/"));
    assert_eq!(
        (sets.count(), calls.len()),
        (2 * COUNT, 2 * COUNT),
        "{calls:?}"
    );
    for task in system.tasks().await {
        assert_eq!(field(&task, "Phone"), "+1 555 123 4567");
    }

    // what is written alike costs nothing
    system.clear_log().await;
    let same = json!({"format": 1, "fields": {"email": {"to": "E-mail", "type": "email"}, "phone": {"to": "Phone"}},
                      "task": {"tags": [{"tag": "only at the start"}]}});
    active(&system, &same, 1).await;
    taken_up(&system, 2).await;
    assert_eq!(system.task_calls().await, [""; 0]);

    // another priority for some: one call each
    let urgent = json!({"format": 1, "fields": same["fields"], "task": {"priority": [
        {"when": {"category": "homebuyer"}, "priority": "low"},
        {"when": {"timeline": "less_than_3_months"}, "priority": "high"},
        {"priority": "normal"}]}});
    active(&system, &urgent, 2).await;
    taken_up(&system, 3).await;
    let calls = system.task_calls().await;
    let puts = calls.iter().filter(|call| call.starts_with("PUT "));
    assert_eq!(
        (puts.count(), calls.len()),
        (COUNT / 2, COUNT / 2),
        "{calls:?}"
    );

    // and back
    system.clear_log().await;
    let request = v1::RollbackMappingRequest {
        to_version: 2,
        expected_version: 3,
        caller: caller(),
    };
    let done = client(&system)
        .rollback_mapping(request)
        .await
        .unwrap()
        .into_inner();
    let version = done.version.unwrap();
    assert_eq!((version.version, version.copy_of), (4, Some(2)));
    taken_up(&system, 4).await;
    assert_eq!(system.task_calls().await.len(), COUNT / 2);
    let versions = client(&system)
        .list_mapping_versions(v1::ListMappingVersionsRequest {
            before: 0,
            limit: 3,
        })
        .await
        .unwrap()
        .into_inner()
        .versions;
    let told: Vec<_> = versions
        .iter()
        .map(|one| (one.version, one.active, one.actor.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (4, true, "staff:ada"),
            (3, false, "staff:ada"),
            (2, false, "staff:ada")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_chose_survives_a_new_version() {
    let system = System::start(Setup::default()).await;
    system.entity.create(2).await;
    system.synced().await;
    system.at_rest().await;
    let task = system.tasks().await.remove(0);
    let id = task["id"].as_str().unwrap();
    let fields = task["custom_fields"].as_array().unwrap();
    let phone = fields
        .iter()
        .find(|field| field["name"] == "Phone")
        .unwrap()["id"]
        .clone();
    // later than ours, and not yet mapped
    system
        .post(
            &format!("/_sim/tasks/{id}"),
            json!({"custom_fields": {phone.as_str().unwrap(): "+1 201 555 0123"}, "priority": 1}),
        )
        .await;
    system.at_rest().await;
    let document = json!({"format": 1, "fields": {"phone": {"to": "Phone"}}, "task": {"priority": [{"priority": "low"}]}});
    active(&system, &document, 0).await;
    taken_up(&system, 1).await;
    let task = system.task(id).await;
    assert_eq!(field(&task, "Phone"), "+1 201 555 0123");
    assert_eq!(task["priority"]["priority"], "urgent");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_fits_the_workspace_becomes_active() {
    let system = System::start(Setup::default()).await;
    let document = json!({
        "format": 1,
        "rules": [{"when": {"category": "developer"}, "list": "42"}],
        "statuses": {"new": "Inbox"},
        "fields": {"company": {"to": "Firm"}, "land": {"to": "Land", "values": {"own_land": "Has some"}}},
    });
    let done = activate(&system, &document, 0).await;
    assert_eq!(done.version, None);
    let check = done.check.unwrap();
    let paths: Vec<&str> = check
        .problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    for path in [
        "lists.42",
        "statuses.new",
        "fields.company",
        "fields.land.values.own_land",
    ] {
        assert!(paths.contains(&path), "{path} in {check:#?}");
    }
    assert!(
        check
            .problems
            .iter()
            .all(|problem| !problem.remedy.is_empty())
    );
    let wrong = activate(&system, &json!({"format": 1, "fields": {"colour": {}}}), 0).await;
    assert!(!wrong.check.unwrap().valid);
    assert_eq!(
        system
            .count("SELECT count(*) FROM sync.mapping_versions")
            .await,
        0
    );

    active(&system, &json!({"format": 1}), 0).await;
    let late = v1::ActivateMappingRequest {
        document: json!({"format": 1}).to_string(),
        expected_version: 0,
        caller: caller(),
    };
    let refused = client(&system).activate_mapping(late).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_sends_nothing() {
    let system = System::start(Setup::default()).await;
    system.entity.create(2).await;
    system.synced().await;
    // one that nobody has been told of
    system.entity.away.store(true, Ordering::SeqCst);
    system.entity.mute.store(true, Ordering::SeqCst);
    system.entity.create(1).await;
    let made = |stored: &mut support::entity::Stored| {
        stored.submission.sync_state = "synced".into();
    };
    made(system.entity.rows.lock().unwrap().get_mut(&1).unwrap());
    system.entity.away.store(false, Ordering::SeqCst);
    system.at_rest().await;
    system.clear_log().await;
    let request = v1::PreviewMappingRequest {
        document: developers_apart().to_string(),
        submission_ids: vec![1, 2, 99],
    };
    let preview = client(&system)
        .preview_mapping(request)
        .await
        .unwrap()
        .into_inner();
    assert!(preview.check.unwrap().valid);
    let [developer, buyer, nobody] = &preview.tasks[..] else {
        panic!("{:?}", preview.tasks.len())
    };
    assert_eq!(
        (developer.list_id.as_str(), developer.task_id.as_deref()),
        (PROJECTS, None)
    );
    assert_eq!(developer.name, "Ada Probe 1 (Ritz-Craft)");
    assert_eq!(developer.tags, ["keylight", "b2b"]);
    let sum = developer
        .fields
        .iter()
        .find(|field| field.field == "budget")
        .unwrap();
    assert_eq!(
        (sum.r#type.as_str(), sum.value.as_str()),
        ("currency", "400000")
    );
    assert!(developer.rewritten.is_empty());
    assert_eq!(buyer.list_id, LIST);
    assert!(buyer.task_id.is_some());
    for rewritten in ["name", "email", "phone"] {
        assert!(
            buyer.rewritten.iter().any(|field| field == rewritten),
            "{:?}",
            buyer.rewritten
        );
    }
    assert!(!buyer.rewritten.iter().any(|field| field == "budget"));
    assert!(!nobody.found);
    let log = system.log().await;
    assert!(log.iter().all(|entry| entry["method"] == "GET"), "{log:?}");
    assert_eq!(system.tasks().await.len(), 1);
}

async fn drifts(system: &System) -> Vec<v1::MappingDrift> {
    let reply = client(system)
        .list_mapping_drift(v1::ListMappingDriftRequest {})
        .await;
    reply.unwrap().into_inner().drifts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_status_is_found_and_stops_nothing_else() {
    let system = System::start(Setup {
        mapping_check_interval: Duration::from_millis(300),
        ..Setup::default()
    })
    .await;
    for id in 1..=3 {
        system.entity.create(id).await;
    }
    system.synced().await;
    system.entity.set_status(1, "reviewed").await;
    system.synced().await;
    system.at_rest().await;
    assert!(drifts(&system).await.is_empty());

    let statuses = [
        "new",
        "seen",
        "qualified",
        "contacted",
        "disqualified",
        "closed",
    ];
    let kinds = ["open", "custom", "custom", "custom", "done", "closed"];
    let statuses: Vec<Value> = statuses
        .iter()
        .zip(kinds)
        .map(|(status, kind)| json!({"status": status, "type": kind, "color": "#87909e"}))
        .collect();
    let renamed = system
        .http
        .put(format!("{}/api/v2/list/{LIST}", system.sim_url))
        .header("authorization", "pk_2_STAFF")
        .header("content-type", "application/json")
        .body(json!({"override_statuses": true, "statuses": statuses}).to_string())
        .send()
        .await
        .unwrap();
    assert!(
        renamed.status().is_success(),
        "{}",
        renamed.text().await.unwrap()
    );
    wait_until("the drift is found", LONG, || async {
        let found = drifts(&system).await;
        let [drift] = &found[..] else {
            return Err(format!("{found:?}"));
        };
        assert_eq!(
            (drift.field.as_str(), drift.code.as_str()),
            ("status", "reviewed")
        );
        assert!(
            drift.problem.contains("reviewed") && drift.remedy.contains("seen"),
            "{drift:?}"
        );
        if drift.records >= 1 && drift.sample.contains(&1) {
            Ok(())
        } else {
            Err(format!("{drift:?}"))
        }
    })
    .await;
    // one that cannot be written, one that can
    system.entity.set_status(2, "reviewed").await;
    system.entity.set_status(3, "qualified").await;
    system.synced().await;
    system.at_rest().await;
    assert_eq!(
        system
            .count(
                "SELECT count(*) FROM sync.links WHERE submission_id = 2 AND blocked = '{status}'"
            )
            .await,
        1
    );
    let of = |id: i64| system.entity.get(id).clickup_task_id.unwrap();
    assert_eq!(system.task(&of(3)).await["status"]["status"], "qualified");

    // mended by a mapping: what waited is written
    active(
        &system,
        &json!({"format": 1, "statuses": {"reviewed": "seen"}}),
        0,
    )
    .await;
    taken_up(&system, 1).await;
    assert_eq!(system.task(&of(2)).await["status"]["status"], "seen");
    wait_until("the drift is over", LONG, || async {
        let found = drifts(&system).await;
        if found.is_empty() {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_list_holds_up_only_its_own_records() {
    let system = System::start(Setup {
        mapping_check_interval: Duration::from_millis(300),
        ..Setup::default()
    })
    .await;
    active(&system, &developers_apart(), 0).await;
    taken_up(&system, 1).await;
    let deleted = system
        .http
        .delete(format!("{}/api/v2/list/{PROJECTS}", system.sim_url))
        .header("authorization", "pk_2_STAFF")
        .send()
        .await
        .unwrap();
    assert!(deleted.status().is_success());
    wait_until("the list is missed", LONG, || async {
        let found = drifts(&system).await;
        if found
            .iter()
            .any(|drift| drift.list_id == PROJECTS && drift.field == "list")
        {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await;
    system.entity.create(1).await;
    system.entity.create(2).await;
    wait_until("the other one is made", LONG, || async {
        if system.entity.get(2).sync_state == "synced" {
            Ok(())
        } else {
            Err(system.entity.get(2).sync_state)
        }
    })
    .await;
    wait_until("the one without a list rests", LONG, || async {
        let resting = system
            .count("SELECT count(*) FROM sync.links WHERE submission_id = 1 AND blocked = '{list}' AND lease_owner IS NULL")
            .await;
        if resting == 1 { Ok(()) } else { Err(String::new()) }
    })
    .await;
    // a mapping without that list lets it go on
    active(&system, &json!({"format": 1}), 1).await;
    system.synced().await;
    assert_eq!(system.tasks().await.len(), 2);
}

async fn hold(system: &System, list: &str, held: bool) {
    let mut operations = SyncOperationsServiceClient::new(system.channel());
    let (scope, key) = ("list".to_owned(), list.to_owned());
    let caller = caller();
    if held {
        let request = v1::PauseSyncRequest { scope, key, caller };
        operations.pause_sync(request).await.unwrap();
    } else {
        let request = v1::ResumeSyncRequest { scope, key, caller };
        operations.resume_sync(request).await.unwrap();
    }
}

/// Waits until the query finds `count`.
async fn counted(system: &System, count: i64, query: &'static str) {
    wait_until(query, LONG, || async {
        match system.count(query).await {
            found if found == count => Ok(()),
            found => Err(format!("{found}")),
        }
    })
    .await;
}

async fn status_becomes(system: &System, id: i64, status: &str) {
    wait_until("the status is taken over", LONG, || async {
        let found = system.entity.get(id).status;
        if found.as_deref() == Some(status) {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_one_list_holds_its_records_and_no_others() {
    // what staff change is found by the sweep alone
    let system = System::start(Setup {
        webhook: false,
        sweep_interval: Duration::from_millis(300),
        ..Setup::default()
    })
    .await;
    active(&system, &developers_apart(), 0).await;
    taken_up(&system, 1).await;
    // without tasks it counts as taken up before the worker has looked for it
    let seen = "SELECT count(*) FROM sync.chores WHERE name = 'mapping-resync' AND position = 1";
    counted(&system, 1, seen).await;
    system.entity.create(1).await;
    system.entity.create(2).await;
    system.synced().await;
    system.at_rest().await;
    let there = system.tasks_in(PROJECTS).await[0]["id"].clone();
    let home = system.tasks().await[0]["id"].clone();
    let set = async |task: &Value, status: &str| {
        let path = format!("/_sim/tasks/{}/status", task.as_str().unwrap());
        system.post(&path, json!({ "status": status })).await;
    };

    hold(&system, PROJECTS, true).await;
    system.entity.create(3).await;
    system.entity.create(4).await;
    set(&there, "in progress").await;
    set(&home, "contacted").await;
    // its list is known only when the mapping was asked; then it waits like those that have a task
    counted(
        &system,
        1,
        "SELECT count(*) FROM sync.links WHERE submission_id = 3 AND list_id = '901001002' AND due_at IS NOT NULL",
    )
    .await;
    let synced = "SELECT count(*) FROM sync.links WHERE submission_id = 4 AND state = 'synced'";
    counted(&system, 1, synced).await;
    status_becomes(&system, 2, "contacted").await;
    assert_eq!(system.tasks_in(PROJECTS).await.len(), 1);
    assert_ne!(system.entity.get(1).status.as_deref(), Some("reviewed"));
    let left_out = "SELECT count(*) FROM sync.sweep_held";
    counted(&system, 1, left_out).await;
    // however far the sweep of the other list has come
    sqlx::query("UPDATE sync.chores SET position = position + 3600000 WHERE name = 'sweep'")
        .execute(&system.pool)
        .await
        .unwrap();
    hold(&system, PROJECTS, false).await;
    status_becomes(&system, 1, "reviewed").await;
    system.synced().await;
    assert_eq!(system.tasks_in(PROJECTS).await.len(), 2);
    counted(&system, 0, left_out).await;

    // the list of the settings: applications for the other one do not wait for it
    hold(&system, LIST, true).await;
    system.entity.create(5).await;
    system.entity.create(6).await;
    let synced = "SELECT count(*) FROM sync.links WHERE submission_id = 5 AND state = 'synced'";
    counted(&system, 1, synced).await;
    counted(
        &system,
        1,
        "SELECT count(*) FROM sync.links WHERE submission_id = 6 AND list_id = '901001001' AND due_at IS NOT NULL",
    )
    .await;
    assert_eq!(system.tasks().await.len(), 2);
    hold(&system, LIST, false).await;
    system.synced().await;
    assert_eq!(system.tasks().await.len(), 3);
    assert_eq!(system.tasks_in(PROJECTS).await.len(), 3);
}
