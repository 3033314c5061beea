//! ClickUp's outages never reach a client.

use super::{AMPLE, wait_until_all_have_tasks};
use crate::{System, applications};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

/// Far below every time limit of a call to ClickUp: an answer that waited for one would be late.
const QUICK: Duration = Duration::from_secs(1);
const EACH: usize = 6;

/// Answers stay quick while ClickUp refuses, hangs, limits or fails; each application has exactly one task afterwards.
pub async fn outages_are_not_noticed_and_leave_one_task_each(system: &mut System) {
    system.simulator.rate_limit(AMPLE).await;
    let mut posted = 0;
    for mode in ["refuse", "hang", "429", "500"] {
        system.simulator.down(mode).await;
        for _ in 0..EACH {
            let answer = system.web.post(&applications::next()).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
            assert!(
                answer.took < QUICK,
                "answered after {} ms while ClickUp is down ({mode})",
                answer.took.as_millis()
            );
            posted += 1;
        }
        // so that work is under way in this mode when it ends
        tokio::time::sleep(Duration::from_secs(1)).await;
        system.simulator.up().await;
        wait_until_all_have_tasks(system, posted).await;
        println!("{mode}: {posted} submissions, one task each");
    }
}

/// The answer to a creation is lost although the task was made: it is found again, not made twice.
pub async fn lost_answers_leave_one_task_each(system: &mut System) {
    system.simulator.rate_limit(AMPLE).await;
    let mut posted = 0;
    for kind in [
        json!({ "kind": "succeed_then_hang" }),
        json!({ "kind": "succeed_then_error", "status": 502 }),
        json!({ "kind": "cut_body" }),
    ] {
        let mut fault = kind.clone();
        fault["match"] = json!({ "method": "POST", "path_prefix": "/api/v2/list" });
        fault["probability"] = json!(1.0);
        fault["times"] = json!(EACH / 2);
        system.simulator.fault(fault).await;
        for _ in 0..EACH {
            system.web.submit(&applications::next()).await;
            posted += 1;
        }
        wait_until_all_have_tasks(system, posted).await;
        system.simulator.no_faults().await;
        println!("{kind}: {posted} submissions, one task each");
    }
}
