//! What must hold in every set-up.

pub mod becoming_tasks;
pub mod clickup_down;
pub mod console;
pub mod exactly_once;
pub mod kills;
pub mod statuses;

use crate::{System, applications::differences, simulator::Task};
use keylight_testkit::wait::wait_until;
use serde_json::Value;
use std::{collections::HashMap, time::Duration};

/// How long work may take that waits for other programs; generous, because tests share a small machine.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// More than any scenario spends in a minute, so that the rate limit plays no part where it is not the subject.
pub const AMPLE: u32 = 100_000;

/// Waits until submission `id` has exactly one task with equal fields, and gives both.
pub async fn wait_for_task(system: &System, id: i64) -> (Value, Task) {
    let (web, simulator) = (&system.web, &system.simulator);
    wait_until(
        &format!("submission {id} has its task"),
        PATIENCE,
        || async move {
            let submission = web.submission(id).await;
            let mut tasks = simulator.tasks_of(id).await;
            let task = tasks
                .pop()
                .ok_or_else(|| format!("no task; sync state {}", submission["sync_state"]))?;
            assert!(
                tasks.is_empty(),
                "submission {id} has more than one task: {task:?} and {tasks:?}"
            );
            let differences = differences(&submission, &task);
            if differences.is_empty() {
                Ok((submission, task))
            } else {
                Err(differences.join("; "))
            }
        },
    )
    .await
}

/// Waits until every submission there is has exactly one task with equal fields, and no task is of none.
pub async fn wait_until_all_have_tasks(system: &System, at_least: usize) -> Vec<Value> {
    let (web, simulator) = (&system.web, &system.simulator);
    wait_until(
        "every submission has exactly one task with equal fields",
        PATIENCE,
        || async move {
            let (submissions, tasks) = (web.submissions().await?, simulator.tasks().await);
            assert!(
                submissions.len() >= at_least,
                "{} submissions, {at_least} were answered",
                submissions.len()
            );
            let mut state = Vec::new();
            let mut by_submission: HashMap<i64, Vec<&Task>> = HashMap::new();
            for task in &tasks {
                let of = by_submission.entry(task.submission().unwrap_or(-1));
                of.or_default().push(task);
            }
            for submission in &submissions {
                let id = submission["id"].as_i64().expect("ids are numbers");
                let of_it = by_submission.get(&id).map_or(&[][..], Vec::as_slice);
                match of_it {
                    [] => state.push(format!("{id} has no task")),
                    [task] => state.extend(
                        differences(submission, task)
                            .iter()
                            .map(|text| format!("{id}: {text}")),
                    ),
                    several => panic!("submission {id} has {} tasks: {several:?}", several.len()),
                }
            }
            if tasks.len() > submissions.len() {
                state.push(format!(
                    "{} tasks for {} submissions",
                    tasks.len(),
                    submissions.len()
                ));
            }
            if state.is_empty() {
                return Ok(submissions);
            }
            Err(format!("{} differences, first {}", state.len(), state[0]))
        },
    )
    .await
}
