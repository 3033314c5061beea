//! What the doctor says about a set-up that is right, and about each thing that can be wrong with it.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::v1::{
    ExamineSetupRequest, SetupReport, click_up_setup_service_client::ClickUpSetupServiceClient,
};
use serde_json::json;
use std::time::Duration;
use support::{Setup, System};

async fn report(system: &System) -> SetupReport {
    ClickUpSetupServiceClient::new(system.channel())
        .examine_setup(ExamineSetupRequest {})
        .await
        .unwrap()
        .into_inner()
}

fn state<'a>(report: &'a SetupReport, name: &str) -> &'a str {
    let check = report.checks.iter().find(|check| check.name == name);
    &check
        .unwrap_or_else(|| panic!("no {name}: {report:?}"))
        .state
}

fn said(report: &SetupReport, name: &str) -> String {
    let check = report
        .checks
        .iter()
        .find(|check| check.name == name)
        .unwrap();
    format!("{} -> {}", check.found, check.remedy)
}

async fn well() -> System {
    System::start(Setup {
        sweep_interval: Duration::from_millis(500),
        ..Setup::default()
    })
    .await
}

async fn fault(system: &System, route: &str, status: u16, code: &str) {
    system
        .fault(json!({
            "match": {"method": "GET", "route": route}, "kind": "status", "status": status,
            "body": {"err": "no", "ECODE": code}
        }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_a_good_set_up() {
    let system = well().await;
    system.entity.create(1).await;
    system.synced().await;
    system.clear_log().await;
    let found = report(&system).await;
    assert_eq!(found.wrong, 0, "{found:#?}");
    for name in [
        "account",
        "token",
        "workspace",
        "list",
        "statuses",
        "webhook",
        "failures",
        "pauses",
    ] {
        assert_eq!(state(&found, name), "good", "{found:#?}");
    }
    assert!(
        found
            .checks
            .iter()
            .all(|check| (check.state == "good") == check.remedy.is_empty())
    );
    let told = format!("{found:?}");
    assert!(!told.contains("pk_1") && !told.contains("Ada"), "{told}");
    let calls = system
        .log()
        .await
        .iter()
        .filter(|entry| entry["path"] != "/api/v2/list/901001001/task")
        .count();
    assert!(calls <= 5, "{calls} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_is_wrong_is_told_with_what_to_do() {
    let system = well().await;
    fault(&system, "/api/v2/list/{id}", 401, "OAUTH_027").await;
    let found = report(&system).await;
    assert_eq!(
        (state(&found, "list"), found.wrong),
        ("bad", 1),
        "{found:#?}"
    );
    assert!(said(&found, "list").contains("share it with the user"));
    system.no_faults().await;

    sqlx::query("UPDATE sync.webhooks SET health = 'suspended', fail_count = 100")
        .execute(&system.pool)
        .await
        .unwrap();
    let found = report(&system).await;
    assert_eq!(
        (state(&found, "webhook"), found.wrong),
        ("bad", 1),
        "{found:#?}"
    );
    sqlx::query("UPDATE sync.webhooks SET health = 'active', fail_count = 0, webhook_id = NULL")
        .execute(&system.pool)
        .await
        .unwrap();
    assert_eq!(state(&report(&system).await, "webhook"), "bad");

    sqlx::query("UPDATE sync.webhooks SET webhook_id = 'w'")
        .execute(&system.pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO sync.pauses VALUES ('all', '', now(), 'staff:ada', '', '')")
        .execute(&system.pool)
        .await
        .unwrap();
    sqlx::query(
        "UPDATE sync.chores SET last_run_at = now() - interval '1 hour' WHERE name = 'sweep'",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    let found = report(&system).await;
    assert_eq!(
        (state(&found, "pauses"), state(&found, "sweep")),
        ("note", "bad"),
        "{found:#?}"
    );

    fault(&system, "/api/v2/user", 401, "OAUTH_025").await;
    let found = report(&system).await;
    assert_eq!(state(&found, "token"), "bad");
    assert!(said(&found, "token").contains("CLICKUP_TOKEN"));
    assert!(
        found.checks.iter().all(|check| check.name != "list"),
        "no further calls: {found:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_it_says_what_to_set() {
    let mut system = System::prepare(Setup::default()).await;
    let mut config = system.config();
    config.account = None;
    system.worker_with(config).await;
    let found = report(&system).await;
    assert_eq!(
        (state(&found, "account"), found.wrong),
        ("bad", 1),
        "{found:#?}"
    );
    assert!(said(&found, "account").contains("CLICKUP_TOKEN"));
}
