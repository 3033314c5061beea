//! The collected examples of the API. They lie beside the project, not in it: without them the test says so and passes.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use keylight_clickup::delivery::Delivery;
use keylight_clickup::{Class, ListInfo, Task, Webhook, signature};
use serde_json::Value;

fn examples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/clickup/examples");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("left out: no reference examples beside the project");
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn tasks_decode() {
    let Some(folder) = examples() else { return };
    for name in [
        "live/GetTask.zulip.json",
        "api/GetTask.response.200.json",
        "api/CreateTask.response.200.json",
        "api/UpdateTask.response.200.json",
    ] {
        let task: Task = serde_json::from_value(json(&folder.join(name))).unwrap();
        assert!(
            task.status.is_some() && task.name.is_some() && task.date_updated.is_some(),
            "{name}"
        );
        assert!(task.list_id.is_some() && task.url.is_some(), "{name}");
    }
    let page = json(&folder.join("api/GetTasks.response.200.json"));
    for task in page["tasks"].as_array().unwrap() {
        serde_json::from_value::<Task>(task.clone()).unwrap();
    }
}

#[test]
fn lists_and_webhooks_decode() {
    let Some(folder) = examples() else { return };
    let list: ListInfo =
        serde_json::from_value(json(&folder.join("api/GetList.response.200.json"))).unwrap();
    assert_eq!(list.statuses.len(), 2);
    let body = json(&folder.join("api/CreateWebhook.response.200.json"));
    let webhook: Webhook = serde_json::from_value(body["webhook"].clone()).unwrap();
    assert!(webhook.secret.is_some() && webhook.events.len() == 28);
}

#[test]
fn every_delivery_decodes() {
    let Some(folder) = examples() else { return };
    let mut count = 0;
    for part in ["webhooks", "live"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let body = json(&entry.unwrap().path());
            if body.get("event").is_none() {
                continue;
            }
            let items = body
                .get("history_items")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            let delivery: Delivery = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(delivery.history_items.len(), items, "{}", delivery.event);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn signature_vectors_hold() {
    let Some(folder) = examples() else { return };
    let vectors = json(&folder.join("signature-vectors.json"));
    let mut count = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let secret = vector["secret"].as_str().unwrap().as_bytes();
        let body = match vector["body_file"].as_str() {
            Some(file) => std::fs::read(folder.join(file)).unwrap(),
            None => vector["body"].as_str().unwrap().as_bytes().to_vec(),
        };
        if let Some(signature) = vector["signature"].as_str() {
            assert!(signature::verify(secret, &body, signature), "{name}");
            assert_eq!(signature::sign(secret, &body), signature, "{name}");
        } else {
            let wrong = vector["signature_that_must_fail"].as_str().unwrap();
            assert!(!signature::verify(secret, &body, wrong), "{name}");
        }
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn observed_errors_have_the_right_class() {
    let Some(folder) = examples() else { return };
    let catalogue = json(&folder.join("errors-observed.json"));
    for error in catalogue["errors"].as_array().unwrap() {
        let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
        let code = error["ECODE"].as_str();
        let expected = match code {
            Some("OAUTH_017" | "OAUTH_019" | "OAUTH_025") => Class::TokenDead,
            Some("OAUTH_027" | "ACCESS_083") => Class::Forbidden,
            Some("OAUTH_171") => Class::AlreadyExists,
            Some("APP_002") => Class::RateLimited,
            Some("ITEM_114" | "CRTSK_001") => Class::StatusUnknown,
            Some("ITEM_013") => Class::Gone,
            Some("FIELD_011") => Class::FieldRefused,
            Some("GBUSED_005" | "TEAM_110") => Class::PlanLimit,
            Some("ITEMV2_003") => Class::Retry,
            None => Class::Unexpected,
            Some(_) => Class::OurFault,
        };
        assert_eq!(Class::of(status, code), expected, "{error}");
    }
}
