//! `keylight token`: keys for programs that call the API.

use super::{
    Connection,
    connection::caller,
    staff::{Common, Role},
    table::{print, print_json, rfc3339, table, time},
};
use clap::Subcommand;
use keylight_contracts::v1::{
    CreateTokenRequest, ListTokensRequest, NewToken, RevokeTokenRequest, RotateTokenRequest,
    Token as ApiToken, access_service_client::AccessServiceClient,
};
use keylight_rpc::client::Channel;
use keylight_runtime::config::parse_duration;
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};

/// What to do about API tokens.
#[derive(Subcommand)]
pub(crate) enum Token {
    /// Make a token; its secret is shown this once
    Create {
        /// What it is for; tells it apart in the audit log
        name: String,
        /// What it may do at the most
        #[arg(long, value_enum, default_value = "viewer")]
        role: Role,
        /// Only this, for example submissions:read; may be given several times, or separated by commas
        #[arg(long = "scope", value_delimiter = ',')]
        scopes: Vec<String>,
        /// Days until it expires
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i32).range(1..=3660))]
        days: i32,
        #[command(flatten)]
        common: Common,
    },
    /// Give a token a second secret, which is shown this once; the old one works on for a while
    Rotate {
        /// The token's name or id
        token: String,
        /// How long the old secret still works, for example 30m or 24h; 0s ends it at once, 720h is the most
        #[arg(long, default_value = "24h", value_parser = overlap)]
        overlap: Duration,
        #[command(flatten)]
        common: Common,
    },
    /// End a token at once
    Revoke {
        /// The token's name or id
        token: String,
        #[command(flatten)]
        common: Common,
    },
    /// List the tokens, without their secrets
    List {
        /// Also those that were revoked
        #[arg(long)]
        all: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keylight token create website --scope submissions:read --days 90
  keylight token create nightly-report --role manager --json | jq -r .secret
  keylight token rotate website --overlap 1h
  keylight token revoke website --reason 'leaked'";

fn overlap(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "not a duration with a unit (ms, s, m, h)".to_owned())
}

/// Does it.
pub(crate) fn run(what: Token) -> ExitCode {
    super::run(|connection| async move {
        let client = AccessServiceClient::new(connection.entity()?);
        perform(&connection, client, what).await
    })
}

async fn perform(
    connection: &Connection,
    mut client: AccessServiceClient<Channel>,
    what: Token,
) -> anyhow::Result<()> {
    let refused = |status| connection.entity_refused(&status);
    match what {
        Token::List { all, json } => {
            let request = ListTokensRequest {
                include_revoked: all,
            };
            let list = client.list_tokens(request).await.map_err(refused)?;
            show_list(&list.into_inner().tokens, json);
        }
        Token::Create {
            name,
            role,
            scopes,
            days,
            common,
        } => {
            let request = CreateTokenRequest {
                name,
                role: role.name(),
                scopes,
                days,
                caller: caller(&common.reason),
            };
            let reply = client.create_token(request).await.map_err(refused)?;
            show_secret(&reply.into_inner(), common.json);
        }
        Token::Rotate {
            token,
            overlap,
            common,
        } => {
            let request = RotateTokenRequest {
                token,
                overlap_seconds: i64::try_from(overlap.as_secs()).unwrap_or(i64::MAX),
                caller: caller(&common.reason),
            };
            let reply = client.rotate_token(request).await.map_err(refused)?;
            show_secret(&reply.into_inner(), common.json);
        }
        Token::Revoke { token, common } => {
            let request = RevokeTokenRequest {
                token,
                caller: caller(&common.reason),
            };
            let reply = client.revoke_token(request).await.map_err(refused)?;
            let token = reply.into_inner();
            if common.json {
                print_json(&as_json(&token));
            } else {
                print(&format!("{} is revoked\n", token.name));
            }
        }
    }
    Ok(())
}

fn show_secret(new: &NewToken, json: bool) {
    let token = new.token.clone().unwrap_or_default();
    if json {
        let mut value = as_json(&token);
        value["secret"] = new.secret.as_str().into();
        print_json(&value);
        return;
    }
    print(&format!(
        "token    {} ({}, {})\nexpires  {}\nsecret   {}\n\n\
         The secret is not shown again. Send it as `Authorization: Bearer <secret>`.\n",
        token.name,
        token.role,
        scopes(&token),
        time(token.expires_at.as_ref()),
        new.secret
    ));
}

fn scopes(token: &ApiToken) -> String {
    if token.scopes.is_empty() {
        "all that the role may".to_owned()
    } else {
        token.scopes.join(" ")
    }
}

fn show_list(tokens: &[ApiToken], json: bool) {
    if json {
        print_json(&tokens.iter().map(as_json).collect());
        return;
    }
    if tokens.is_empty() {
        print("there are no tokens; `keylight token create` makes one\n");
        return;
    }
    let rows: Vec<Vec<String>> = tokens
        .iter()
        .map(|token| {
            let ends = match &token.revoked_at {
                Some(at) => format!("revoked {}", time(Some(at))),
                None => time(token.expires_at.as_ref()),
            };
            vec![
                token.name.clone(),
                token.role.clone(),
                scopes(token),
                format!("{}…", token.hint),
                token.created_by.clone(),
                ends,
                time(token.last_used_at.as_ref()),
            ]
        })
        .collect();
    let headings = [
        "name",
        "role",
        "scopes",
        "secret",
        "made by",
        "expires",
        "last used",
    ];
    print(&table(&headings, &rows));
}

fn as_json(token: &ApiToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "scopes": token.scopes,
        "hint": token.hint,
        "created_by": token.created_by,
        "created_at": rfc3339(token.created_at.as_ref()),
        "expires_at": rfc3339(token.expires_at.as_ref()),
        "last_used_at": rfc3339(token.last_used_at.as_ref()),
        "revoked_at": rfc3339(token.revoked_at.as_ref()),
    })
}
