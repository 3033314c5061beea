//! Every application becomes exactly one task, whatever dies on the way and whichever answers are lost.

use super::{AMPLE, kills::Poster, wait_until_all_have_tasks};
use crate::System;
use keylight_testkit::wait::wait_until;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How likely it is that a task is made and nobody is told.
const LOST: f64 = 0.05;
/// Longest that the whole may take, for each application.
const EACH: Duration = Duration::from_millis(500);

/// With fewer deaths nothing would be shown.
const FEWEST_KILLS: u32 = 5;

/// How many, and which dice.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Applications that are answered.
    pub applications: usize,
    /// Decides who is killed when.
    pub seed: u64,
}

impl Trial {
    /// As `KEYLIGHT_TRIAL_APPLICATIONS` and `KEYLIGHT_TRIAL_SEED` say; 300, and a seed of this moment.
    ///
    /// # Panics
    /// When one of them is not a number.
    #[must_use]
    pub fn from_env() -> Self {
        let number = |name: &str| {
            std::env::var(name)
                .ok()
                .map(|text| text.parse::<u64>().expect("a whole number"))
        };
        Self {
            applications: usize::try_from(number("KEYLIGHT_TRIAL_APPLICATIONS").unwrap_or(300))
                .expect("it fits"),
            seed: number("KEYLIGHT_TRIAL_SEED")
                .unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 >> 32),
        }
    }
}

/// Applications come in while a random part is killed every few seconds and one creation in twenty succeeds without an
/// answer.
pub async fn one_task_each(system: &mut System, trial: Trial) {
    println!(
        "KEYLIGHT_TRIAL_APPLICATIONS={} KEYLIGHT_TRIAL_SEED={}",
        trial.applications, trial.seed
    );
    let mut dice = StdRng::seed_from_u64(trial.seed);
    system.simulator.rate_limit(AMPLE).await;
    let fault = json!({
        "kind": "succeed_then_hang",
        "match": { "method": "POST", "route": "/api/v2/list/{id}/task" },
        "probability": LOST,
    });
    system.simulator.fault(fault).await;
    let (began, longest) = (
        Instant::now(),
        Duration::from_secs(120)
            + EACH * u32::try_from(trial.applications).expect("not so many applications"),
    );
    let poster = Poster::start(&system.web, 4, trial.applications);
    let parts = system.parts();
    let mut kills: BTreeMap<String, u32> = BTreeMap::new();
    let mut told = Instant::now();
    // few applications are answered before much could die; the way to their tasks is longer
    while poster.count() < trial.applications || kills.values().sum::<u32>() < FEWEST_KILLS {
        assert!(
            began.elapsed() < longest,
            "only {} of {} were answered within {longest:?}",
            poster.count(),
            trial.applications
        );
        tokio::time::sleep(Duration::from_millis(dice.random_range(500..3_000))).await;
        let part = parts[dice.random_range(0..parts.len())];
        system.kill(part).await;
        tokio::time::sleep(Duration::from_millis(dice.random_range(50..1_000))).await;
        system.revive(part).await;
        *kills.entry(format!("{part:?}")).or_default() += 1;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!(
                "{:>6.0} s: {} of {} answered, {} kills",
                began.elapsed().as_secs_f64(),
                poster.count(),
                trial.applications,
                kills.values().sum::<u32>()
            );
        }
    }
    let answered = poster.stop().await;
    let posted = began.elapsed();
    system.simulator.no_faults().await;

    // first by number, which is cheap to ask for, then each
    let database = system.database();
    wait_until(
        "every application says that it has its task",
        longest,
        || async {
            let without: Result<i64, _> = sqlx::query_scalar(
                "SELECT count(*) FROM entity.submissions WHERE sync_state <> 'synced'",
            )
            .fetch_one(database)
            .await;
            match without {
                Ok(0) => Ok(()),
                Ok(without) => Err(format!("{without} have none")),
                Err(error) => Err(error.to_string()),
            }
        },
    )
    .await;
    let submissions = wait_until_all_have_tasks(system, answered.len()).await;
    let stored: std::collections::HashSet<i64> = submissions
        .iter()
        .filter_map(|submission| submission["id"].as_i64())
        .collect();
    let lost: Vec<i64> = answered
        .iter()
        .copied()
        .filter(|id| !stored.contains(id))
        .collect();
    assert_eq!(lost, Vec::<i64>::new(), "answered and not stored");
    println!(
        "{} answered within {:.0} s, {} stored, {} tasks after {:.0} s: one each, none missing; killed {kills:?}",
        answered.len(),
        posted.as_secs_f64(),
        submissions.len(),
        system.simulator.tasks().await.len(),
        began.elapsed().as_secs_f64(),
    );
}
