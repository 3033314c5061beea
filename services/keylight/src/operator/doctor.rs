//! `keylight doctor`: what is wrong with the set-up, in plain words.

use super::{
    Connection,
    table::{print, print_json, rfc3339},
};
use clap::Args;
use keylight_contracts::v1::{
    ExamineSetupRequest, SetupCheck, SetupReport,
    click_up_setup_service_client::ClickUpSetupServiceClient,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, process::ExitCode, time::Duration};

/// It makes calls to ClickUp, which may be slow just then.
const PATIENCE: Duration = Duration::from_secs(120);

/// How to tell it.
#[derive(Args)]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) fn run(what: Doctor) -> ExitCode {
    super::run(|connection| examine(connection, what.json))
}

async fn examine(connection: Connection, json: bool) -> anyhow::Result<()> {
    let mut client = ClickUpSetupServiceClient::new(connection.patient(PATIENCE).sync()?);
    let report = client
        .examine_setup(ExamineSetupRequest {})
        .await
        .map_err(|status| connection.sync_refused(&status))?
        .into_inner();
    if json {
        print_json(&as_json(&report));
    } else {
        print(&checks_text(&report.checks));
    }
    match report.wrong {
        0 => Ok(()),
        1 => anyhow::bail!("1 thing is wrong"),
        wrong => anyhow::bail!("{wrong} things are wrong"),
    }
}

/// Checks for people.
pub(super) fn checks_text(checks: &[SetupCheck]) -> String {
    let mut text = String::new();
    for check in checks {
        let _ = writeln!(
            text,
            "{:<8} {:<10} {}",
            check.state, check.name, check.found
        );
        if !check.remedy.is_empty() {
            let _ = writeln!(text, "{:<19} -> {}", "", check.remedy);
        }
    }
    text
}

/// Checks for programs.
pub(super) fn checks_json(checks: &[SetupCheck]) -> Vec<Value> {
    let checks = checks.iter().map(|check| {
        json!({
            "name": check.name, "state": check.state, "found": check.found, "remedy": check.remedy,
        })
    });
    checks.collect()
}

fn as_json(report: &SetupReport) -> Value {
    let checks = checks_json(&report.checks);
    json!({ "at": rfc3339(report.at.as_ref()), "wrong": report.wrong, "checks": checks })
}
