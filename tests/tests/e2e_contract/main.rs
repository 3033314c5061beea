//! What clients of the predecessor rely on, and what they must not meet again, asked over HTTP of the whole running
//! system.
//!
//! Case names are the labels of the predecessor's recorded behaviour: `create.trim` and the like are kept, `f01` to
//! `f25` are its defects. To add a case: write an async function that returns an error when the behaviour is missing,
//! and put it into its module's table.

#![allow(clippy::unwrap_used)]

mod administration;
mod answers;
mod api;
mod creation;
mod defects_answers;
mod defects_creation;
mod defects_reading;
mod duplicates;
mod frame;
mod lists;
mod search;
mod stats;
mod validation;

use api::Api;
use futures::future::BoxFuture;
use keylight_e2e::{System, system::Settings};
use std::{collections::BTreeSet, panic::AssertUnwindSafe, time::Duration};

/// Some behaviour, and how to ask for it.
pub struct Case {
    label: &'static str,
    ask: for<'a> fn(&'a Api) -> BoxFuture<'a, anyhow::Result<()>>,
}

/// A table of cases: `"label" => function`.
macro_rules! cases {
    ($($label:literal => $function:path),* $(,)?) => {
        &[$($crate::Case { label: $label, ask: |api| Box::pin($function(api)) }),*]
    };
}
pub(crate) use cases;

/// In this order: the first ones want to see an empty table.
const TABLES: &[&[Case]] = &[
    lists::ON_EMPTY_TABLE,
    stats::ON_EMPTY_TABLE,
    search::ON_EMPTY_TABLE,
    frame::CASES,
    creation::CASES,
    duplicates::CASES,
    validation::CASES,
    lists::CASES,
    stats::CASES,
    search::CASES,
    administration::CASES,
    defects_creation::CASES,
    defects_reading::CASES,
    defects_answers::CASES,
];

/// Asks for every behaviour; returns a sentence for each that is missing.
async fn failures(api: &Api) -> Vec<String> {
    let mut failures = Vec::new();
    for case in TABLES.iter().flat_map(|table| table.iter()) {
        let asked = AssertUnwindSafe(tokio::time::timeout(
            Duration::from_secs(60),
            (case.ask)(api),
        ));
        match futures::FutureExt::catch_unwind(asked).await {
            Ok(Ok(Ok(()))) => println!("ok      {}", case.label),
            Ok(Ok(Err(error))) => failures.push(format!("{}: {error:#}", case.label)),
            Ok(Err(_)) => failures.push(format!("{}: no end after a minute", case.label)),
            Err(_) => failures.push(format!("{}: panicked, see above", case.label)),
        }
    }
    failures
}

/// Settings of both set-ups. The blank after the comma is how people write lists.
const SETTINGS: Settings<'_> = &[
    // the one-process set-up is made for a developer's machine otherwise
    ("KEYLIGHT_ENVIRONMENT", "production"),
    (
        "FRONTEND_URL",
        concat!("https://www.example.com", ", ", "https://admin.example.com"),
    ),
];

async fn holds(mut system: System) {
    let failures = failures(&Api::of(&system.web)).await;
    system.stop();
    told(&failures);
}

fn told(failures: &[String]) {
    let asked: usize = TABLES.iter().map(|table| table.len()).sum();
    assert!(
        failures.is_empty(),
        "{} of {asked} behaviours are missing:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_the_predecessor_can_stay_embedded() {
    holds(System::embedded_with(SETTINGS).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_the_predecessor_can_stay_distributed() {
    holds(System::distributed_with(SETTINGS).await).await;
}

/// For a server that runs already, with an empty database and these [`SETTINGS`].
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs KEYLIGHT_CONTRACT_URL and KEYLIGHT_CONTRACT_TOKEN"]
async fn clients_of_the_predecessor_can_stay_elsewhere() {
    let of = |name: &str| std::env::var(name).unwrap();
    let api = Api::new(&of("KEYLIGHT_CONTRACT_URL"), &of("KEYLIGHT_CONTRACT_TOKEN"));
    told(&failures(&api).await);
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let labels: Vec<&str> = TABLES
        .iter()
        .flat_map(|table| table.iter())
        .map(|case| case.label)
        .collect();
    let distinct: BTreeSet<&str> = labels.iter().copied().collect();
    assert_eq!(labels.len(), distinct.len());
    for number in 1..=25 {
        let defect = format!("f{number:02}");
        assert!(
            labels.iter().any(|label| label.starts_with(&defect)),
            "no case for {defect}"
        );
    }
}
