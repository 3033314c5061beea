//! `keylight seal`: keys of the secrets that stand sealed in the database.

use super::{
    Connection,
    table::{print, print_json, table},
};
use clap::Subcommand;
use keylight_contracts::v1::{
    GetSealStatusRequest, ResealRequest, SealStatus, seal_service_client::SealServiceClient,
};
use keylight_rpc::client::Channel;
use keylight_runtime::clock::{Clock as _, SystemClock};
use keylight_store::sealed;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    process::ExitCode,
};
use tonic::Status;

/// What to do about keys.
#[derive(Subcommand)]
pub(crate) enum Seal {
    /// Print a fresh key, in the form id:key of KEYLIGHT_SEAL_KEYS
    NewKey {
        /// Its id: 1 to 32 of a-z, 0-9 and - [default: the date and four random digits]
        #[arg(long)]
        id: Option<String>,
    },
    /// Count the sealed values by key and tell under which keys nothing is sealed any more
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Seal everything anew under the first key of KEYLIGHT_SEAL_KEYS, in every service
    Rotate {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Examples for `--help`.
pub(crate) const EXAMPLES: &str = "\
To put a new key in the place of an old one:
  1. keylight seal new-key            and put it behind the keys that are in KEYLIGHT_SEAL_KEYS; restart the services
  2. move it to the front             and restart the services: from now on it seals
  3. keylight seal rotate             seals what is there anew
  4. keylight seal status             when it says that nothing is sealed under the old key, take it away and restart the services

Services in one process (keylight up) have their keys in the file seal-keys of the data folder, a key a line; step 2 and
its restart can be left out there.";

/// Does it.
pub(crate) fn run(what: Seal) -> ExitCode {
    match what {
        Seal::NewKey { id } => new_key(id),
        Seal::Status { json } => super::run(move |connection| status(connection, json)),
        Seal::Rotate { json } => super::run(move |connection| rotate(connection, json)),
    }
}

fn new_key(id: Option<String>) -> ExitCode {
    let id = id.unwrap_or_else(|| {
        let random: u16 = rand::random();
        format!("{}-{random:04x}", SystemClock.now().format("%Y-%m-%d"))
    });
    if !sealed::is_key_id(&id) {
        eprintln!("keylight: an id is 1 to 32 of a-z, 0-9 and -");
        return ExitCode::from(keylight_runtime::process::EXIT_CONFIG);
    }
    print(&format!("{}\n", sealed::new_key(&id).expose_secret()));
    ExitCode::SUCCESS
}

/// A service that keeps sealed values.
struct Keeper {
    name: &'static str,
    client: SealServiceClient<Channel>,
    refused: fn(&Connection, &Status) -> anyhow::Error,
}

fn keepers(connection: &Connection) -> anyhow::Result<[Keeper; 2]> {
    Ok([
        Keeper {
            name: "clickup-sync",
            client: SealServiceClient::new(connection.sync()?),
            refused: Connection::sync_refused,
        },
        Keeper {
            name: "webhook-gateway",
            client: SealServiceClient::new(connection.gateway()?),
            refused: Connection::gateway_refused,
        },
    ])
}

/// What a service has, and how many values it has just sealed anew.
struct Told {
    service: &'static str,
    status: SealStatus,
    resealed: Option<i64>,
}

async fn status(connection: Connection, json: bool) -> anyhow::Result<()> {
    let mut told = Vec::new();
    for mut keeper in keepers(&connection)? {
        let status = keeper
            .client
            .get_seal_status(GetSealStatusRequest {})
            .await
            .map_err(|status| (keeper.refused)(&connection, &status))?
            .into_inner();
        told.push(Told {
            service: keeper.name,
            status,
            resealed: None,
        });
    }
    show(&told, json);
    Ok(())
}

async fn rotate(connection: Connection, json: bool) -> anyhow::Result<()> {
    let mut told = Vec::new();
    for mut keeper in keepers(&connection)? {
        let reply = keeper
            .client
            .reseal(ResealRequest {})
            .await
            .map_err(|status| (keeper.refused)(&connection, &status))?
            .into_inner();
        told.push(Told {
            service: keeper.name,
            status: reply.status.unwrap_or_default(),
            resealed: Some(reply.resealed),
        });
    }
    show(&told, json);
    Ok(())
}

fn show(told: &[Told], json: bool) {
    if json {
        print_json(&as_json(told));
    } else {
        print(&text(told));
    }
}

/// Keys that some service has, that none seals under and nothing is sealed under.
fn idle_keys(told: &[Told]) -> BTreeSet<&str> {
    let mut idle: BTreeSet<&str> = told
        .iter()
        .flat_map(|told| told.status.keys.iter().map(String::as_str))
        .collect();
    for status in told.iter().map(|told| &told.status) {
        idle.remove(status.first_key.as_str());
        for values in &status.values {
            idle.remove(values.key.as_str());
        }
    }
    idle
}

fn text(told: &[Told]) -> String {
    let mut text = String::new();
    for Told {
        service, resealed, ..
    } in told
    {
        if let Some(resealed) = resealed {
            text.push_str(&format!("{service}: {resealed} sealed anew\n"));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let mut rows = Vec::new();
    for Told {
        service, status, ..
    } in told
    {
        for values in &status.values {
            let key = match values.key.as_str() {
                "" => "(not sealed)".to_owned(),
                key if key == status.first_key => format!("{key} (seals)"),
                key => key.to_owned(),
            };
            rows.push(vec![
                (*service).to_owned(),
                values.place.clone(),
                key,
                values.count.to_string(),
            ]);
        }
    }
    if rows.is_empty() {
        text.push_str("nothing is sealed yet\n");
    } else {
        text.push_str(&table(&["service", "place", "key", "values"], &rows));
    }
    let firsts: BTreeMap<&str, &str> = told
        .iter()
        .map(|told| (told.status.first_key.as_str(), told.service))
        .collect();
    if firsts.len() > 1 {
        let each: Vec<String> = told
            .iter()
            .map(|told| format!("{} under {}", told.service, told.status.first_key))
            .collect();
        text.push_str(&format!(
            "\nThe services do not seal under the same key ({}): give all the same KEYLIGHT_SEAL_KEYS and restart them.\n",
            each.join(", ")
        ));
    }
    let idle: Vec<&str> = idle_keys(told).into_iter().collect();
    if !idle.is_empty() {
        text.push_str(&format!(
            "\nNothing is sealed under {}: old keys among them can be taken out of KEYLIGHT_SEAL_KEYS. Keep them with the \
             backups that were made before.\n",
            idle.join(", ")
        ));
    }
    text
}

fn as_json(told: &[Told]) -> Value {
    let services = told.iter().map(|told| {
        let values: Vec<Value> = told
            .status
            .values
            .iter()
            .map(|values| {
                let key = Some(&values.key).filter(|key| !key.is_empty());
                json!({ "place": values.place, "key": key, "count": values.count })
            })
            .collect();
        let mut service = json!({
            "service": told.service,
            "first_key": told.status.first_key,
            "keys": told.status.keys,
            "values": values,
        });
        if let Some(resealed) = told.resealed {
            service["resealed"] = resealed.into();
        }
        service
    });
    json!({
        "services": services.collect::<Vec<_>>(),
        "unused_keys": idle_keys(told),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use keylight_contracts::v1::SealedValues;

    fn told(service: &'static str, first: &str, values: &[(&str, i64)]) -> Told {
        Told {
            service,
            status: SealStatus {
                first_key: first.to_owned(),
                keys: vec!["new".to_owned(), "old".to_owned()],
                values: values
                    .iter()
                    .map(|(key, count)| SealedValues {
                        place: "a.b.c".to_owned(),
                        key: (*key).to_owned(),
                        count: *count,
                    })
                    .collect(),
            },
            resealed: None,
        }
    }

    #[test]
    fn a_key_is_only_given_up_when_no_service_needs_it() {
        let done = [told("x", "new", &[("new", 2)]), told("y", "new", &[])];
        assert!(text(&done).contains("Nothing is sealed under old:"));
        assert_eq!(as_json(&done)["unused_keys"], json!(["old"]));
        for waiting in [
            [told("x", "new", &[("old", 1)]), told("y", "new", &[])],
            [told("x", "new", &[]), told("y", "new", &[("old", 1)])],
            [told("x", "new", &[]), told("y", "old", &[])],
        ] {
            assert!(
                !text(&waiting).contains("Nothing is sealed under"),
                "{}",
                text(&waiting)
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = text(&[told("x", "new", &[("", 3)]), told("y", "old", &[])]);
        assert!(
            text.contains("(not sealed)") && text.contains("do not seal under the same key"),
            "{text}"
        );
    }
}
