//! `keylight staff`: accounts of the people who work here.

use super::{
    Connection,
    connection::caller,
    password,
    table::{print, print_json, rfc3339, table, time},
};
use clap::{Args, Subcommand, ValueEnum};
use keylight_contracts::v1::{
    CreateStaffRequest, ListStaffRequest, SetPasswordRequest, Staff as Account, UpdateStaffRequest,
    access_service_client::AccessServiceClient,
};
use keylight_rpc::client::Channel;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::process::ExitCode;

/// What somebody may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Role {
    /// See everything, change nothing
    Viewer,
    /// Also change applications, people and projects
    Manager,
    /// Also manage staff, tokens and settings
    Admin,
}

impl Role {
    pub(super) fn name(self) -> String {
        match self {
            Role::Viewer => "viewer",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
        .to_owned()
    }
}

/// What every command of this kind takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Why, for the audit log
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(super) reason: String,
}

/// What to do about accounts.
#[derive(Subcommand)]
pub(crate) enum Staff {
    /// Make an account; its password is asked for
    Add {
        /// Name to sign in with: 3 to 64 of a-z, 0-9 and . _ - @
        username: String,
        /// What the account may do
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// Name that others see
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
        #[command(flatten)]
        password: Password,
        #[command(flatten)]
        common: Common,
    },
    /// Set a new password; ends every session of the account
    Passwd {
        /// The account
        username: String,
        #[command(flatten)]
        password: Password,
        #[command(flatten)]
        common: Common,
    },
    /// Change what an account may do, or the name that others see
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["role", "name"]))]
    Change {
        /// The account
        username: String,
        /// What the account may do
        #[arg(long, value_enum)]
        role: Option<Role>,
        /// Name that others see
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Shut an account out: ends its sessions and revokes its tokens
    Disable {
        /// The account
        username: String,
        #[command(flatten)]
        common: Common,
    },
    /// Let a disabled account in again
    Enable {
        /// The account
        username: String,
        #[command(flatten)]
        common: Common,
    },
    /// List the accounts
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Where a new password comes from.
#[derive(Debug, Args)]
pub(crate) struct Password {
    /// Take the first line of standard input as the password (at least 12 characters)
    #[arg(long)]
    password_stdin: bool,
    /// Let the password be good for one sign-in only, at which a new one has to be chosen
    #[arg(long)]
    must_change: bool,
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keylight staff add anna --role manager --name 'Anna Berg'
  printf '%s\\n' \"$PASSWORD\" | keylight staff add robot --password-stdin --must-change
  keylight staff passwd anna
  keylight staff change anna --role admin
  keylight staff disable anna --reason 'has left'
  keylight staff list --json";

/// Does it.
pub(crate) fn run(what: Staff) -> ExitCode {
    super::run(|connection| async move {
        let client = AccessServiceClient::new(connection.entity()?);
        perform(&connection, client, what).await
    })
}

async fn perform(
    connection: &Connection,
    mut client: AccessServiceClient<Channel>,
    what: Staff,
) -> anyhow::Result<()> {
    let (account, json, done) = match what {
        Staff::List { json } => {
            let reply = client.list_staff(ListStaffRequest {}).await;
            let list = reply
                .map_err(|status| connection.entity_refused(&status))?
                .into_inner();
            show_list(&list.staff, json);
            return Ok(());
        }
        Staff::Add {
            username,
            role,
            name,
            password,
            common,
        } => {
            let secret = password::new_password(password.password_stdin).await?;
            let request = CreateStaffRequest {
                username,
                full_name: name,
                role: role.name(),
                password: secret.expose_secret().to_owned(),
                must_change_password: password.must_change,
                caller: caller(&common.reason),
            };
            let reply = client.create_staff(request).await;
            (reply, common.json, "can sign in")
        }
        Staff::Passwd {
            username,
            password,
            common,
        } => {
            let secret = password::new_password(password.password_stdin).await?;
            let request = SetPasswordRequest {
                staff: username,
                password: secret.expose_secret().to_owned(),
                must_change_password: password.must_change,
                caller: caller(&common.reason),
                ..SetPasswordRequest::default()
            };
            let reply = client.set_password(request).await;
            (reply, common.json, "has a new password")
        }
        Staff::Change {
            username,
            role,
            name,
            common,
        } => {
            let request = UpdateStaffRequest {
                staff: username,
                role: role.map(Role::name),
                full_name: name,
                caller: caller(&common.reason),
                ..UpdateStaffRequest::default()
            };
            let reply = client.update_staff(request).await;
            (reply, common.json, "is changed")
        }
        Staff::Disable { username, common } => {
            let request = set_disabled(username, true, &common);
            let reply = client.update_staff(request).await;
            (reply, common.json, "is disabled")
        }
        Staff::Enable { username, common } => {
            let request = set_disabled(username, false, &common);
            let reply = client.update_staff(request).await;
            (reply, common.json, "is enabled")
        }
    };
    let account = account
        .map_err(|status| connection.entity_refused(&status))?
        .into_inner();
    if json {
        print_json(&as_json(&account));
    } else {
        print(&format!("{} ({}) {done}\n", account.username, account.role));
    }
    Ok(())
}

fn set_disabled(staff: String, disabled: bool, common: &Common) -> UpdateStaffRequest {
    UpdateStaffRequest {
        staff,
        disabled: Some(disabled),
        caller: caller(&common.reason),
        ..UpdateStaffRequest::default()
    }
}

fn show_list(staff: &[Account], json: bool) {
    if json {
        print_json(&staff.iter().map(as_json).collect());
        return;
    }
    if staff.is_empty() {
        print("there are no accounts yet; `keylight staff add` makes one\n");
        return;
    }
    let rows: Vec<Vec<String>> = staff
        .iter()
        .map(|account| {
            let state = match (account.disabled, account.must_change_password) {
                (true, _) => "disabled",
                (false, true) => "must change password",
                (false, false) => "active",
            };
            vec![
                account.username.clone(),
                account.role.clone(),
                state.to_owned(),
                account.full_name.clone(),
                time(account.created_at.as_ref()),
                time(account.last_sign_in_at.as_ref()),
            ]
        })
        .collect();
    let headings = ["username", "role", "state", "name", "made", "last sign-in"];
    print(&table(&headings, &rows));
}

fn as_json(account: &Account) -> Value {
    json!({
        "id": account.id,
        "username": account.username,
        "full_name": account.full_name,
        "role": account.role,
        "disabled": account.disabled,
        "must_change_password": account.must_change_password,
        "version": account.version,
        "created_at": rfc3339(account.created_at.as_ref()),
        "last_sign_in_at": rfc3339(account.last_sign_in_at.as_ref()),
    })
}
