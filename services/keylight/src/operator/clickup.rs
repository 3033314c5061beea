//! `keylight clickup`: the account at ClickUp.

use super::{
    Connection,
    connection::caller,
    doctor, password,
    table::{print, print_json, table},
};
use clap::Subcommand;
use keylight_contracts::v1::{
    ConnectClickUpRequest, ListClickUpListsReply, ListClickUpListsRequest,
    click_up_setup_service_client::ClickUpSetupServiceClient,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

/// Many calls to ClickUp may follow from one of ours.
const PATIENCE: Duration = Duration::from_secs(180);

/// What to do about the account.
#[derive(Subcommand)]
pub(crate) enum ClickUp {
    /// Check an account and store it, its token sealed; without --list only show the lists that the token may use
    Connect {
        /// Id of the workspace
        #[arg(long, requires = "list", default_value = "", hide_default_value = true)]
        team: String,
        /// Id of the list for applications
        #[arg(long, requires = "team", default_value = "", hide_default_value = true)]
        list: String,
        /// Public address of the webhook gateway, if KEYLIGHT_WEBHOOK_URL does not say it
        #[arg(long, default_value = "", hide_default_value = true)]
        webhook_url: String,
        /// Also make a task and delete it again
        #[arg(long)]
        test_task: bool,
        /// Only check
        #[arg(long)]
        preview: bool,
        /// Take the token from the first line of standard input
        #[arg(long)]
        token_stdin: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Why, for the log of operations
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keylight clickup connect                                          asks for the token and shows its lists
  keylight clickup connect --team 9001001 --list 901001001 --test-task
  keylight doctor                                                   is everything right now?

CLICKUP_TOKEN and CLICKUP_LIST_ID go before what is stored here.";

/// Does it.
pub(crate) fn run(what: ClickUp) -> ExitCode {
    super::run(|connection| act(connection, what))
}

async fn act(connection: Connection, what: ClickUp) -> anyhow::Result<()> {
    let ClickUp::Connect {
        team,
        list,
        webhook_url,
        test_task,
        preview,
        token_stdin,
        json,
        reason,
    } = what;
    let token = password::token(token_stdin).await?;
    let mut client = ClickUpSetupServiceClient::new(connection.patient(PATIENCE).sync()?);
    if list.is_empty() {
        let request = ListClickUpListsRequest {
            token: token.expose_secret().to_owned(),
        };
        let found = client
            .list_click_up_lists(request)
            .await
            .map_err(|status| connection.sync_refused(&status))?
            .into_inner();
        if json {
            print_json(&as_json(&found));
            return Ok(());
        }
        let rows: Vec<Vec<String>> = found
            .lists
            .iter()
            .map(|list| {
                vec![
                    list.team_id.clone(),
                    list.team_name.clone(),
                    list.space_name.clone(),
                    list.folder_name.clone(),
                    list.list_id.clone(),
                    list.list_name.clone(),
                ]
            })
            .collect();
        print(&table(
            &["--team", "workspace", "space", "folder", "--list", "list"],
            &rows,
        ));
        if found.more {
            print("there are more spaces; their lists can be named all the same\n");
        }
        return Ok(());
    }
    let request = ConnectClickUpRequest {
        token: token.expose_secret().to_owned(),
        team_id: team,
        list_id: list,
        webhook_url,
        test_task,
        preview,
        caller: caller(&reason),
    };
    let done = client
        .connect_click_up(request)
        .await
        .map_err(|status| connection.sync_refused(&status))?
        .into_inner();
    if json {
        print_json(&json!({
            "stored": done.stored, "in_force": done.in_force, "checks": doctor::checks_json(&done.checks),
        }));
    } else {
        print(&doctor::checks_text(&done.checks));
    }
    match (done.stored, done.in_force.as_str()) {
        (false, _) if preview && done.checks.iter().all(|check| check.state != "bad") => Ok(()),
        (false, _) => anyhow::bail!("nothing was stored"),
        (true, "now") => {
            print("stored; it is used from now on\n");
            Ok(())
        }
        (true, "after_restart") => {
            print("stored; restart clickup-sync to use it\n");
            Ok(())
        }
        (true, _) => {
            print("stored; but CLICKUP_TOKEN and CLICKUP_LIST_ID are set and go before it\n");
            Ok(())
        }
    }
}

/// Lists for programs.
fn as_json(found: &ListClickUpListsReply) -> Value {
    let lists = found.lists.iter().map(|list| {
        json!({
            "team_id": list.team_id, "team_name": list.team_name, "space_name": list.space_name,
            "folder_name": list.folder_name, "list_id": list.list_id, "list_name": list.list_name,
        })
    });
    json!({ "lists": lists.collect::<Vec<Value>>(), "more": found.more })
}
