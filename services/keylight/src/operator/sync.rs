//! `keylight sync`: how records stand with ClickUp, and what to do about those that are stuck.

use super::{
    Connection,
    connection::caller,
    table::{print, print_json, rfc3339, table, time},
};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use keylight_contracts::{
    time::to_wire,
    v1::{
        FailureFilter, GetSyncOverviewRequest, GetSyncRecordRequest, ListFailuresRequest,
        PauseSyncRequest, ReplayFailuresReply, ReplayFailuresRequest, ResumeSyncRequest,
        SyncFailure, SyncOverview, SyncPause, SyncRecord,
        sync_operations_service_client::SyncOperationsServiceClient,
    },
};
use keylight_rpc::client::Channel;
use serde_json::{Value, json};
use std::{fmt::Write as _, process::ExitCode, time::Duration};

/// A preview asks for many records one by one.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to do about the synchronisation.
#[derive(Subcommand)]
pub(crate) enum Sync {
    /// Show queue, rate budget, trouble by kind with its remedy, and pauses
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List records whose last try failed
    Failures {
        #[command(flatten)]
        which: Which,
        /// Also those that are tried again by themselves
        #[arg(long)]
        waiting: bool,
        /// Most records
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=100))]
        limit: i32,
        /// Begin behind this submission
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        after: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show how one submission stands, and why
    Record {
        /// Id of the submission
        id: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Try failed records again; without ids and filters all that were given up
    Replay {
        /// Ids of submissions
        ids: Vec<i64>,
        #[command(flatten)]
        which: Which,
        /// Only show which calls it would make
        #[arg(long)]
        preview: bool,
        /// Most records, the oldest ids first
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i32).range(1..=1000))]
        limit: i32,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Why, for the log of operations
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Keep everything, one list or one record from being worked on; what comes up meanwhile waits
    Pause(Held),
    /// End a pause
    Resume(Held),
}

/// Which failed records.
#[derive(Args)]
pub(crate) struct Which {
    /// Only this kind of trouble, as `keylight sync status` names it
    #[arg(long, default_value = "", hide_default_value = true)]
    class: String,
    /// Only this list of ClickUp
    #[arg(long, default_value = "", hide_default_value = true)]
    list: String,
    /// Only those that began to fail at this time (RFC 3339) or later
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Only those that began to fail before this time
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
}

impl Which {
    fn filter(self, ids: Vec<i64>, waiting_too: bool) -> FailureFilter {
        FailureFilter {
            submission_ids: ids,
            class: self.class,
            list_id: self.list,
            from: self.from.map(to_wire),
            to: self.to.map(to_wire),
            waiting_too,
        }
    }
}

/// What a pause holds.
#[derive(Args)]
pub(crate) struct Held {
    /// Everything
    #[arg(long, required_unless_present_any = ["list", "record"])]
    all: bool,
    /// The records of a list of ClickUp
    #[arg(long, value_name = "ID", conflicts_with_all = ["all", "record"])]
    list: Option<String>,
    /// One submission
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    record: Option<i64>,
    /// Why, for the log of operations
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
}

impl Held {
    fn scope(&self) -> (String, String) {
        match (&self.list, self.record) {
            (Some(list), _) => ("list".to_owned(), list.clone()),
            (None, Some(id)) => ("record".to_owned(), id.to_string()),
            (None, None) => ("all".to_owned(), String::new()),
        }
    }
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keylight sync status
  keylight sync failures --class forbidden
  keylight sync replay --class forbidden --preview
  keylight sync replay 42 --reason 'the list is shared now'
  keylight sync pause --all --reason 'ClickUp is being rearranged'
  keylight sync resume --all";

/// Does it.
pub(crate) fn run(what: Sync) -> ExitCode {
    super::run(|connection| async move {
        let channel = connection.patient(PATIENCE).sync()?;
        let client = SyncOperationsServiceClient::new(channel);
        act(&connection, client, what).await
    })
}

async fn act(
    connection: &Connection,
    mut client: SyncOperationsServiceClient<Channel>,
    what: Sync,
) -> anyhow::Result<()> {
    let refused = |status: tonic::Status| connection.sync_refused(&status);
    match what {
        Sync::Status { json } => {
            let request = GetSyncOverviewRequest {};
            let found = client.get_sync_overview(request).await.map_err(refused)?;
            show(json, found.get_ref(), overview_json, overview_text);
        }
        Sync::Failures {
            which,
            waiting,
            limit,
            after,
            json,
        } => {
            let request = ListFailuresRequest {
                filter: Some(which.filter(Vec::new(), waiting)),
                size: limit,
                after,
            };
            let found = client.list_failures(request).await.map_err(refused)?;
            let found = found.into_inner();
            if json {
                let failures: Vec<Value> = found.failures.iter().map(failure_json).collect();
                print_json(&json!({ "failures": failures, "next": found.next }));
            } else {
                print(&failures_text(&found.failures));
                if found.next > 0 {
                    print(&format!("more: --after {}\n", found.next));
                }
            }
        }
        Sync::Record { id, json } => {
            let request = GetSyncRecordRequest { submission_id: id };
            let found = client.get_sync_record(request).await.map_err(refused)?;
            show(json, found.get_ref(), record_json, record_text);
        }
        Sync::Replay {
            ids,
            which,
            preview,
            limit,
            json,
            reason,
        } => {
            let request = ReplayFailuresRequest {
                filter: Some(which.filter(ids, false)),
                limit,
                preview,
                caller: caller(&reason),
            };
            let done = client.replay_failures(request).await.map_err(refused)?;
            let done = done.into_inner();
            if json {
                print_json(&replay_json(&done, preview));
            } else {
                print(&replay_text(&done, preview));
            }
        }
        Sync::Pause(held) => {
            let (scope, key) = held.scope();
            let request = PauseSyncRequest {
                scope,
                key,
                caller: caller(&held.reason),
            };
            let done = client
                .pause_sync(request)
                .await
                .map_err(refused)?
                .into_inner();
            print(&format!(
                "{}; {} still in hand\n",
                if done.already {
                    "was paused already"
                } else {
                    "paused"
                },
                done.in_hand
            ));
        }
        Sync::Resume(held) => {
            let (scope, key) = held.scope();
            let request = ResumeSyncRequest {
                scope,
                key,
                caller: caller(&held.reason),
            };
            let done = client
                .resume_sync(request)
                .await
                .map_err(refused)?
                .into_inner();
            let said = if done.was_paused {
                "goes on"
            } else {
                "was not paused"
            };
            print(&format!("{said}\n{}", pauses_text(&done.pauses)));
        }
    }
    Ok(())
}

fn show<T>(json: bool, what: &T, as_json: fn(&T) -> Value, as_text: fn(&T) -> String) {
    if json {
        print_json(&as_json(what));
    } else {
        print(&as_text(what));
    }
}

fn overview_text(found: &SyncOverview) -> String {
    let status = found.status.clone().unwrap_or_default();
    let mut text = String::new();
    if !found.connected {
        text.push_str("there is no ClickUp account to work with: everything waits\n");
    }
    let _ = writeln!(
        text,
        "{} links, {} waiting (oldest since {}), {} in hand, {} failed",
        status.links,
        status.backlog,
        some(time(status.oldest_due_at.as_ref())),
        found.in_hand,
        status.failed
    );
    let _ = writeln!(
        text,
        "rate budget: {} of {} used; webhook: {}; last sweep: {}",
        status.budget_used,
        status.budget_limit,
        status.webhook_health,
        some(time(status.last_sweep_at.as_ref()))
    );
    text.push_str(&pauses_text(&found.pauses));
    if !found.failures.is_empty() {
        let rows: Vec<_> = found
            .failures
            .iter()
            .map(|count| {
                vec![
                    count.class.clone(),
                    count.waiting.to_string(),
                    count.dead.to_string(),
                    count.remedy.clone(),
                ]
            })
            .collect();
        text.push('\n');
        text += &table(&["trouble", "waiting", "given up", "remedy"], &rows);
    }
    text
}

fn some(text: String) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

fn pauses_text(pauses: &[SyncPause]) -> String {
    pauses.iter().fold(String::new(), |mut text, pause| {
        let _ = writeln!(
            text,
            "paused: {} {} since {} by {} {}",
            pause.scope,
            pause.key,
            time(pause.at.as_ref()),
            pause.actor,
            pause.reason
        );
        text
    })
}

fn failures_text(failures: &[SyncFailure]) -> String {
    if failures.is_empty() {
        return "nothing has failed\n".to_owned();
    }
    let rows: Vec<_> = failures
        .iter()
        .map(|failure| {
            vec![
                failure.submission_id.to_string(),
                failure.class.clone(),
                failure.attempts.to_string(),
                time(failure.failing_since.as_ref()),
                match &failure.dead_at {
                    Some(_) => "given up".to_owned(),
                    None => time(failure.next_attempt_at.as_ref()),
                },
                failure.error.clone(),
            ]
        })
        .collect();
    table(
        &["submission", "trouble", "tries", "since", "next", "error"],
        &rows,
    )
}

fn record_text(found: &SyncRecord) -> String {
    let link = found.link.clone().unwrap_or_default();
    let mut text = format!(
        "submission {}: {} ({}), task {}\n",
        link.submission_id,
        link.state,
        found.progress,
        some(link.task_url.or(link.task_id).unwrap_or_default())
    );
    let _ = writeln!(
        text,
        "synced at {}, next try {}{}",
        some(time(link.synced_at.as_ref())),
        some(time(link.next_attempt_at.as_ref())),
        if found.in_hand { ", in hand now" } else { "" }
    );
    if !found.blocked.is_empty() {
        let _ = writeln!(
            text,
            "no place in ClickUp for: {}",
            found.blocked.join(", ")
        );
    }
    text.push_str(&pauses_text(&found.pauses));
    if let Some(failure) = &found.failure {
        text += &failures_text(std::slice::from_ref(failure));
        let _ = writeln!(text, "{}", failure.remedy);
    }
    text
}

fn replay_text(done: &ReplayFailuresReply, preview: bool) -> String {
    let mut text = String::new();
    if !done.foreseen.is_empty() {
        let rows: Vec<_> = done
            .foreseen
            .iter()
            .map(|record| {
                vec![
                    record.submission_id.to_string(),
                    record.calls.join(", "),
                    record.note.clone(),
                ]
            })
            .collect();
        text += &table(&["submission", "calls", "note"], &rows);
    }
    let verb = if preview {
        "would be tried again"
    } else {
        "are tried again"
    };
    let _ = writeln!(text, "{} {verb}, {} left", done.records, done.left);
    text
}

fn pause_json(pause: &SyncPause) -> Value {
    json!({
        "scope": pause.scope, "key": pause.key, "at": rfc3339(pause.at.as_ref()), "actor": pause.actor,
        "reason": pause.reason,
    })
}

fn failure_json(failure: &SyncFailure) -> Value {
    json!({
        "submission_id": failure.submission_id,
        "task_id": failure.task_id,
        "class": failure.class,
        "error": failure.error,
        "remedy": failure.remedy,
        "attempts": failure.attempts,
        "failing_since": rfc3339(failure.failing_since.as_ref()),
        "dead_at": rfc3339(failure.dead_at.as_ref()),
        "next_attempt_at": rfc3339(failure.next_attempt_at.as_ref()),
        "correlation_id": failure.correlation_id,
    })
}

fn overview_json(found: &SyncOverview) -> Value {
    let status = found.status.clone().unwrap_or_default();
    let failures: Vec<Value> = found
        .failures
        .iter()
        .map(|count| {
            json!({
                "class": count.class, "waiting": count.waiting, "dead": count.dead, "remedy": count.remedy,
            })
        })
        .collect();
    json!({
        "connected": found.connected,
        "links": status.links,
        "backlog": status.backlog,
        "failed": status.failed,
        "in_hand": found.in_hand,
        "oldest_due_at": rfc3339(status.oldest_due_at.as_ref()),
        "budget_limit": status.budget_limit,
        "budget_used": status.budget_used,
        "webhook_health": status.webhook_health,
        "last_sweep_at": rfc3339(status.last_sweep_at.as_ref()),
        "failures": failures,
        "pauses": found.pauses.iter().map(pause_json).collect::<Vec<_>>(),
    })
}

fn record_json(found: &SyncRecord) -> Value {
    let link = found.link.clone().unwrap_or_default();
    json!({
        "submission_id": link.submission_id,
        "state": link.state,
        "progress": found.progress,
        "task_id": link.task_id,
        "task_url": link.task_url,
        "synced_at": rfc3339(link.synced_at.as_ref()),
        "next_attempt_at": rfc3339(link.next_attempt_at.as_ref()),
        "in_hand": found.in_hand,
        "blocked": found.blocked,
        "failure": found.failure.as_ref().map(failure_json),
        "pauses": found.pauses.iter().map(pause_json).collect::<Vec<_>>(),
    })
}

fn replay_json(done: &ReplayFailuresReply, preview: bool) -> Value {
    let foreseen: Vec<Value> = done
        .foreseen
        .iter()
        .map(|record| {
            json!({
                "submission_id": record.submission_id, "calls": record.calls, "note": record.note,
            })
        })
        .collect();
    json!({
        "preview": preview,
        "records": done.records,
        "left": done.left,
        "submission_ids": done.submission_ids,
        "foreseen": foreseen,
    })
}
