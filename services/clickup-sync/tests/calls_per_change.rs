//! How many calls changes of ours cost, against the least possible: one for a new task, one for all that the task itself holds
//! (name, text, status, priority) and one for each custom field that changed, and none for what was overtaken before it was sent.
//! What goes on whether or not anything changes (sweep, canary, webhook, the look at the list) is counted apart. In virtual
//! time, with the intervals of production:
//!
//! `KEYLIGHT_CHANGED_RECORDS=100 cargo test -p clickup-sync --test calls_per_change -- --nocapture`
#![allow(clippy::unwrap_used)]

mod support;

use keylight_testkit::wait::wait_until;
use serde_json::Value;
use std::time::Duration;
use support::{Setup, System, virtual_time};

/// How many there are, unless `KEYLIGHT_CHANGED_RECORDS` says it.
const RECORDS: i64 = 20;
const PATIENCE: Duration = Duration::from_secs(600);

/// What some changes cost.
struct Cost {
    what: &'static str,
    changes: usize,
    least: usize,
    calls: usize,
    upkeep: usize,
    /// whether the goal is about it
    counted: bool,
}

const FIVE_AT_ONCE: &str = "five changes of a status at once, not counted below";

fn is_upkeep(entry: &Value) -> bool {
    let (method, path) = (&entry["method"], entry["path"].as_str().unwrap());
    let about_a_task =
        path.starts_with("/api/v2/task/") || *method == "POST" && path.contains("/list/");
    !about_a_task
}

async fn settled(system: &System) {
    wait_until("everything is synchronised", PATIENCE, || async {
        let waiting = system
            .entity
            .all()
            .iter()
            .filter(|one| one.sync_state != "synced")
            .count();
        let due = system
            .count("SELECT count(*) FROM sync.links WHERE due_at IS NOT NULL OR lease_until IS NOT NULL")
            .await;
        if waiting == 0 && due == 0 {
            Ok(())
        } else {
            Err(format!("{waiting} wait, {due} due"))
        }
    })
    .await;
    // echoes come back and sweeps pass: what they cost belongs to the change
    tokio::time::sleep(Duration::from_secs(25)).await;
}

/// Waits until all is done, and counts.
async fn cost(system: &System, what: &'static str, changes: usize, least: usize) -> Cost {
    settled(system).await;
    let log = system.log().await;
    let upkeep = log.iter().filter(|entry| is_upkeep(entry)).count();
    assert!(log.iter().all(|entry| entry["status"] != 429), "refused");
    system.clear_log().await;
    let cost = Cost {
        what,
        changes,
        least,
        calls: log.len() - upkeep,
        upkeep,
        counted: true,
    };
    if cost.calls > cost.least {
        let about = log.iter().filter(|entry| !is_upkeep(entry));
        let calls: Vec<String> = about
            .map(|entry| format!("{} {}", entry["method"], entry["path"]))
            .collect();
        println!("{what}: {calls:#?}");
    }
    cost
}

fn set_budget(one: &mut keylight_contracts::v1::Submission) {
    one.build_budget = if one.build_budget == "500k_plus" {
        "200k_250k"
    } else {
        "500k_plus"
    }
    .into();
}

async fn five_times(system: &System, records: i64) {
    for _ in 0..5 {
        for id in 1..=records {
            let now = system.entity.get(id).status;
            let next = if now.as_deref() == Some("new") {
                "reviewed"
            } else {
                "new"
            };
            system.entity.set_status(id, next).await;
        }
    }
}

async fn measure(time: std::sync::Arc<virtual_time::VirtualTime>) -> Vec<Cost> {
    let setup = Setup {
        rate_limit: 1_000,
        sweep_interval: Duration::from_secs(10),
        canary_interval: Duration::from_secs(10),
        call_timeout: Duration::from_secs(20),
        time: Some(time.clone()),
        ..Setup::default()
    };
    let mut system = time.still(System::prepare(setup)).await;
    system.worker().await;
    system.ready().await;
    let records =
        std::env::var("KEYLIGHT_CHANGED_RECORDS").map_or(RECORDS, |text| text.parse().unwrap());
    let all = usize::try_from(records).unwrap();
    let mut costs = Vec::new();

    for id in 1..=records {
        system.entity.create(id).await;
    }
    costs.push(cost(&system, "new applications", all, all).await);

    for id in 1..=records {
        system.entity.set_status(id, "reviewed").await;
    }
    costs.push(cost(&system, "status", all, all).await);

    for id in 1..=records {
        system.entity.change(id, set_budget).await;
    }
    costs.push(cost(&system, "one field", all, all).await);

    for id in 1..=records {
        let change = |one: &mut keylight_contracts::v1::Submission| {
            set_budget(one);
            one.status = Some("qualified".into());
            one.full_name += " the Second";
            let soon = one.construction_timeline == "less_than_3_months";
            one.construction_timeline = if soon {
                "3_to_6_months"
            } else {
                "less_than_3_months"
            }
            .into();
        };
        system.entity.change(id, change).await;
    }
    let what = "status, name and two fields at once";
    costs.push(cost(&system, what, all, 3 * all).await);

    // long after anybody looked at these tasks
    tokio::time::sleep(Duration::from_secs(900)).await;
    system.clear_log().await;
    for id in 1..=records {
        system.entity.set_status(id, "contacted").await;
    }
    costs.push(cost(&system, "status, a quarter of an hour later", all, all).await);

    // while they wait, only the last of several counts
    sqlx::query("INSERT INTO sync.pauses (scope, key, at, actor, reason, correlation_id) VALUES ('all', '', now(), 'a', '', 'c')")
        .execute(&system.pool)
        .await
        .unwrap();
    five_times(&system, records).await;
    sqlx::query("DELETE FROM sync.pauses")
        .execute(&system.pool)
        .await
        .unwrap();
    let what = "five changes of a status that had to wait";
    costs.push(cost(&system, what, 5 * all, all).await);

    // nobody knows yet that more will come, and the first goes at once
    five_times(&system, records).await;
    let mut hasty = cost(&system, FIVE_AT_ONCE, 5 * all, all).await;
    hasty.counted = false;
    costs.push(hasty);
    system.assert_equal().await;
    costs
}

#[test]
fn a_change_costs_as_few_calls_as_possible() {
    let costs = virtual_time::run(1, measure);
    let (mut calls, mut least) = (0, 0);
    println!("| changes of ours | number | least calls | calls | ratio | upkeep meanwhile |");
    println!("|---|---|---|---|---|---|");
    #[allow(clippy::cast_precision_loss)]
    let ratio = |calls: usize, least: usize| calls as f64 / least as f64;
    for cost in &costs {
        if cost.counted {
            calls += cost.calls;
            least += cost.least;
        }
        println!(
            "| {} | {} | {} | {} | {:.3} | {} |",
            cost.what,
            cost.changes,
            cost.least,
            cost.calls,
            ratio(cost.calls, cost.least),
            cost.upkeep
        );
    }
    println!(
        "| all | | {least} | {calls} | {:.3} | |",
        ratio(calls, least)
    );
    assert!(
        costs.iter().all(|cost| cost.calls >= cost.least),
        "a call is missing"
    );
    assert!(ratio(calls, least) <= 1.05, "more calls than allowed");
}
