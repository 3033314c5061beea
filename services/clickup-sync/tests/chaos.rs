//! Both sides are edited while webhooks get lost, doubled and reordered, answers are errors, and reads are old. In the end
//! both sides are equal, and every last edit has arrived.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use std::time::Duration;
use support::{Setup, System};

const STATUSES: [&str; 5] = ["new", "reviewed", "qualified", "contacted", "disqualified"];
const COUNT: i64 = 12;

/// A small random source, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn status(&mut self) -> &'static str {
        STATUSES[usize::try_from(self.roll(5)).unwrap()]
    }
}

async fn edit(system: &System, dice: &mut Dice) {
    let id = 1 + i64::try_from(dice.roll(12)).unwrap();
    let status = dice.status();
    match (dice.roll(2), system.entity.get(id).clickup_task_id) {
        (0, Some(task)) => {
            system
                .post(
                    &format!("/_sim/tasks/{task}/status"),
                    json!({ "status": status }),
                )
                .await;
        }
        _ => system.entity.set_status(id, status).await,
    }
    tokio::time::sleep(Duration::from_millis(dice.roll(60))).await;
}

async fn run(seed: u64, faults: Vec<serde_json::Value>) {
    let setup = Setup {
        sweep_interval: Duration::from_millis(400),
        ..Setup::default()
    };
    let mut system = System::start(setup).await;
    system.worker().await;
    for id in 1..=COUNT {
        system.entity.create(id).await;
    }
    for fault in faults {
        system.fault(fault).await;
    }
    let mut dice = Dice(seed);
    for _ in 0..120 {
        edit(&system, &mut dice).await;
    }
    system.no_faults().await;
    system.synced().await;
    // whatever is still on its way arrives; then each submission gets one last edit, on either side
    tokio::time::sleep(Duration::from_millis(1500)).await;
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
    let mut last = Vec::new();
    for id in 1..=COUNT {
        let now = system.entity.get(id);
        let status = STATUSES
            .into_iter()
            .find(|status| now.status.as_deref() != Some(status))
            .unwrap();
        if id % 2 == 0 {
            system.entity.set_status(id, status).await;
        } else {
            let task = now.clickup_task_id.unwrap();
            system
                .post(
                    &format!("/_sim/tasks/{task}/status"),
                    json!({ "status": status }),
                )
                .await;
        }
        last.push((id, status));
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
    for (id, status) in last {
        assert_eq!(
            system.entity.get(id).status.as_deref(),
            Some(status),
            "the last edit of {id}"
        );
    }
    system.assert_no_refusals().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_doubled_and_reordered_webhooks() {
    let faults = vec![
        json!({"kind": "webhook_drop", "probability": 0.3}),
        json!({"kind": "webhook_duplicate", "probability": 0.3}),
        json!({"kind": "webhook_reorder", "probability": 0.3, "ms": 200}),
    ];
    run(1, faults).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_lost_answers_of_writes() {
    let on = |method: &str, kind: &str, probability: f64| json!({"match": {"method": method, "path_prefix": "/api/v2/task"}, "kind": kind, "probability": probability, "status": 502});
    run(
        2,
        vec![
            on("PUT", "succeed_then_error", 0.2),
            on("PUT", "status", 0.1),
            on("GET", "status", 0.1),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_answers_and_early_webhooks() {
    let faults = vec![
        json!({"match": {"method": "GET", "path_prefix": "/api/v2/task"}, "kind": "stale_read", "probability": 0.3}),
        json!({"kind": "webhook_before_response", "probability": 0.5}),
    ];
    run(3, faults).await;
}
