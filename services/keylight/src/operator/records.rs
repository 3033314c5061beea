//! `keylight records`: whether the records fit together, and mending what needs no decision.

use super::{
    Connection,
    connection::caller,
    table::{print, print_json, rfc3339, table},
};
use clap::Subcommand;
use keylight_contracts::v1::{
    CheckRecordsRequest, RecordProblem, RecordReport, RepairRecordsRequest, RepairReport,
    records_service_client::RecordsServiceClient,
};
use keylight_rpc::client::Channel;
use serde_json::{Value, json};
use std::{fmt::Write as _, process::ExitCode, time::Duration};

/// How long one call may take: rules go through whole tables.
const PATIENCE: Duration = Duration::from_secs(300);
/// Cases that people are shown of each rule.
const EXAMPLES_SHOWN: i32 = 5;
/// Cases in JSON; programs want all that there are.
const EXAMPLES_IN_JSON: i32 = 1000;

/// What to do about records.
#[derive(Subcommand)]
pub(crate) enum Records {
    /// Report every rule across users, projects and submissions that is broken; exit code 1 if there is one
    Check {
        /// Print JSON, with up to 1000 cases of each rule
        #[arg(long)]
        json: bool,
    },
    /// Mend the cases of one rule that need no decision; each change is told in the audit log
    Repair {
        /// Name of the rule, as `keylight records check` shows it
        rule: String,
        /// Only say what would be done
        #[arg(long)]
        preview: bool,
        /// Only this record; may be given several times
        #[arg(long = "id", value_name = "ID")]
        ids: Vec<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Why, for the audit log
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keylight records check
  keylight records repair submission_without_person --preview
  keylight records repair submission_without_person --reason 'after the import'";

/// Does it.
pub(crate) fn run(what: Records) -> ExitCode {
    super::run(|connection| async move {
        let channel = connection.patient(PATIENCE).entity()?;
        let client = RecordsServiceClient::new(channel).max_decoding_message_size(32 << 20);
        match what {
            Records::Check { json } => check(&connection, client, json).await,
            Records::Repair {
                rule,
                preview,
                ids,
                json,
                reason,
            } => {
                let request = RepairRecordsRequest {
                    rule,
                    entity_ids: ids,
                    preview,
                    caller: caller(&reason),
                };
                repair(&connection, client, request, json).await
            }
        }
    })
}

async fn check(
    connection: &Connection,
    mut client: RecordsServiceClient<Channel>,
    json: bool,
) -> anyhow::Result<()> {
    let examples = if json {
        EXAMPLES_IN_JSON
    } else {
        EXAMPLES_SHOWN
    };
    let report = client
        .check_records(CheckRecordsRequest { examples })
        .await
        .map_err(|status| connection.entity_refused(&status))?
        .into_inner();
    if json {
        print_json(&as_json(&report));
    } else {
        print(&text_of(&report));
    }
    match report.rules.len() {
        0 => Ok(()),
        1 => anyhow::bail!("1 rule is broken"),
        rules => anyhow::bail!("{rules} rules are broken"),
    }
}

fn text_of(report: &RecordReport) -> String {
    if report.rules.is_empty() {
        return "everything fits together\n".to_owned();
    }
    let mut text = String::new();
    for rule in &report.rules {
        let _ = writeln!(
            text,
            "{} ({} cases)\n  {}",
            rule.rule, rule.count, rule.meaning
        );
        for case in &rule.examples {
            let _ = writeln!(
                text,
                "  {} {}: {}",
                case.entity, case.entity_id, case.detail
            );
        }
        let shown = i64::try_from(rule.examples.len()).unwrap_or(i64::MAX);
        if rule.count > shown {
            let _ = writeln!(text, "  and {} more", rule.count - shown);
        }
        let _ = if rule.repairable {
            writeln!(
                text,
                "  -> keylight records repair {} --preview\n",
                rule.rule
            )
        } else {
            writeln!(text, "  -> to be decided case by case\n")
        };
    }
    text
}

/// Calls until nothing is left to do: one call goes so far and no further.
async fn repair(
    connection: &Connection,
    mut client: RecordsServiceClient<Channel>,
    request: RepairRecordsRequest,
    json: bool,
) -> anyhow::Result<()> {
    let mut whole = RepairReport::default();
    loop {
        let report = client
            .repair_records(request.clone())
            .await
            .map_err(|status| connection.entity_refused(&status))?
            .into_inner();
        whole.count += report.count;
        whole.repaired.extend(report.repaired);
        (whole.left, whole.unseen) = (report.left, report.unseen);
        // those that have to be decided come up in each call again
        if request.preview || report.count == 0 || report.unseen == 0 {
            break;
        }
    }
    if json {
        print_json(&json!({
            "preview": request.preview,
            "count": whole.count,
            "repaired": problems(&whole.repaired),
            "left": problems(&whole.left),
            "unseen": whole.unseen,
        }));
    } else {
        print(&said(&whole, request.preview));
    }
    Ok(())
}

fn said(report: &RepairReport, preview: bool) -> String {
    let rows = |problems: &[RecordProblem]| {
        problems
            .iter()
            .map(|case| {
                let record = format!("{} {}", case.entity, case.entity_id);
                vec![record, case.detail.clone(), case.remedy.clone()]
            })
            .collect::<Vec<_>>()
    };
    let mut text = String::new();
    if !report.repaired.is_empty() {
        let third = if preview { "would be done" } else { "done" };
        text += &table(&["record", "found", third], &rows(&report.repaired));
    }
    if !report.left.is_empty() {
        text += "\nto be decided:\n";
        text += &table(&["record", "found", "remedy"], &rows(&report.left));
    }
    let verb = if preview { "would be mended" } else { "mended" };
    let _ = writeln!(
        text,
        "{} {verb}, {} left to decide",
        report.count,
        report.left.len()
    );
    if report.unseen > 0 {
        let _ = writeln!(text, "{} more were not looked at", report.unseen);
    }
    text
}

fn problems(cases: &[RecordProblem]) -> Vec<Value> {
    cases
        .iter()
        .map(|case| {
            json!({
                "entity": case.entity,
                "id": case.entity_id,
                "detail": case.detail,
                "remedy": case.remedy,
            })
        })
        .collect()
}

fn as_json(report: &RecordReport) -> Value {
    let rules: Vec<Value> = report
        .rules
        .iter()
        .map(|rule| {
            json!({
                "rule": rule.rule,
                "meaning": rule.meaning,
                "count": rule.count,
                "repairable": rule.repairable,
                "examples": problems(&rule.examples),
            })
        })
        .collect();
    json!({ "at": rfc3339(report.at.as_ref()), "rules": rules })
}
