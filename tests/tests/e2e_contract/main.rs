//! What clients of the predecessor rely on, and what they must not meet again, asked over HTTP of the whole running
//! system.
//!
//! Case names are the labels of the predecessor's recorded behaviour: `create.trim` and the like are kept, `f01` to
//! `f39` are its defects; [`coverage`] tells which case asks for which. To add a case: write an async function that
//! returns an error when the behaviour is missing, and put it into its module's table.

#![allow(clippy::unwrap_used)]

mod administration;
mod alone;
mod answers;
mod api;
mod coverage;
mod creation;
mod defects_answers;
mod defects_creation;
mod defects_reading;
mod duplicates;
mod frame;
mod inside;
mod lists;
mod search;
mod stats;
mod validation;

use api::Api;
use futures::future::BoxFuture;
use keylight_e2e::{System, system::Settings};
use std::{panic::AssertUnwindSafe, time::Duration};

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
        failures.extend(failure(case.label, (case.ask)(api)).await);
    }
    failures
}

/// A sentence if the behaviour is missing.
async fn failure(label: &str, asked: BoxFuture<'_, anyhow::Result<()>>) -> Option<String> {
    let asked = tokio::time::timeout(Duration::from_secs(60), asked);
    match futures::FutureExt::catch_unwind(AssertUnwindSafe(asked)).await {
        Ok(Ok(Ok(()))) => {
            println!("ok      {label}");
            None
        }
        Ok(Ok(Err(error))) => Some(format!("{label}: {error:#}")),
        Ok(Err(_)) => Some(format!("{label}: no end after a minute")),
        Err(_) => Some(format!("{label}: panicked, see above")),
    }
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

fn told(asked: usize, failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} of {asked} behaviours are missing:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn over_http() -> usize {
    TABLES.iter().map(|table| table.len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_the_predecessor_can_stay_embedded() {
    let mut system = System::embedded_with(SETTINGS).await;
    let failures = failures(&Api::of(&system.web)).await;
    system.stop();
    told(over_http(), &failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_the_predecessor_can_stay_distributed() {
    let system = System::distributed_with_fragile_database(SETTINGS).await;
    let api = Api::of(&system.web);
    let mut failures = failures(&api).await;
    let mut site = inside::Site { system, api };
    for case in inside::CASES {
        failures.extend(failure(case.label, (case.ask)(&mut site)).await);
    }
    site.system.stop();
    told(over_http() + inside::CASES.len(), &failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_that_nobody_configured_is_safe() {
    let folder = tempfile::tempdir().unwrap();
    let mut failures = Vec::new();
    for case in alone::CASES {
        failures.extend(failure(case.label, (case.ask)(folder.path())).await);
    }
    told(alone::CASES.len(), &failures);
}

/// For a server that runs already, with an empty database and these [`SETTINGS`].
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs KEYLIGHT_CONTRACT_URL and KEYLIGHT_CONTRACT_TOKEN"]
async fn clients_of_the_predecessor_can_stay_elsewhere() {
    let of = |name: &str| std::env::var(name).unwrap();
    let api = Api::new(&of("KEYLIGHT_CONTRACT_URL"), &of("KEYLIGHT_CONTRACT_TOKEN"));
    told(over_http(), &failures(&api).await);
}
