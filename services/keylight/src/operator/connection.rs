//! Finds the services: where the settings say, or in the process that runs on the data folder.
//!
//! 1. `KEYLIGHT_ENTITY_URL` is set: there, with `KEYLIGHT_SERVICE_TOKEN`.
//! 2. A `keylight up` runs on `KEYLIGHT_DATA_DIR`: in it.
//! 3. `KEYLIGHT_SERVICE_TOKEN` is set: at the default addresses.

use crate::{
    running::Running,
    settings::{self, Environment},
};
use keylight_contracts::v1;
use keylight_rpc::{
    client::{self, Channel},
    status,
};
use keylight_runtime::{
    clock::{Clock as _, SystemClock},
    config::{Problem, Reader},
};
use std::{path::Path, time::Duration};
use tonic::{Code, Status};
use url::Url;

/// Who the audit log names for what is done here: whoever may read the service token.
const ACTOR: &str = "command-line";

/// Where the services answer, and how they are called.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    entity: Url,
    sync: Url,
    gateway: Url,
    rpc: keylight_rpc::config::Config,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The settings are wrong.
    Settings(Vec<Problem>),
    /// Nothing runs, or what runs cannot be found.
    Nowhere(anyhow::Error),
}

impl Connection {
    /// Finds the services. Nothing is sent yet.
    ///
    /// # Errors
    /// When the settings are wrong, or nothing runs where they point.
    pub(crate) fn find(environment: Environment) -> Result<Self, Lost> {
        let mut reader = Reader::new(environment);
        let entity_said = reader.is_set(&clickup_sync::config::ENTITY_URL);
        let token_said = reader.is_set(&keylight_rpc::config::SERVICE_TOKEN);
        let data_dir = reader.path(&settings::DATA_DIR);
        let running = if entity_said {
            None
        } else {
            Running::find(&data_dir).map_err(Lost::Nowhere)?
        };
        if let Some(running) = &running {
            use secrecy::ExposeSecret as _;
            reader.force(
                &keylight_rpc::config::SERVICE_TOKEN,
                running.service_token().expose_secret(),
            );
        } else if !entity_said && !token_said {
            return Err(Lost::Nowhere(nothing_runs(&data_dir)));
        }
        let (entity, sync, gateway) = (
            reader.url(&clickup_sync::config::ENTITY_URL),
            reader.url(&webhook_gateway::config::SYNC_URL),
            reader.url(&webhook_gateway::config::GATEWAY_URL),
        );
        let rpc = keylight_rpc::config::Config::read(&mut reader);
        let problems = reader.problems(&[&settings::all_keys()]);
        if !problems.is_empty() {
            return Err(Lost::Settings(problems));
        }
        Ok(match running {
            Some(running) => Self {
                entity: running.entity,
                sync: running.sync,
                gateway: running.gateway,
                rpc,
            },
            None => Self {
                entity,
                sync,
                gateway,
                rpc,
            },
        })
    }

    /// The same, for calls that take long.
    #[must_use]
    pub(crate) fn patient(&self, deadline: Duration) -> Self {
        let mut connection = self.clone();
        connection.rpc.deadline = deadline;
        connection
    }

    /// A channel to entity-service.
    ///
    /// # Errors
    /// When the token cannot be sent in a header.
    pub(crate) fn entity(&self) -> anyhow::Result<Channel> {
        client::channel(&self.entity, &self.rpc)
    }

    /// A channel to clickup-sync.
    ///
    /// # Errors
    /// As [`Connection::entity`].
    pub(crate) fn sync(&self) -> anyhow::Result<Channel> {
        client::channel(&self.sync, &self.rpc)
    }

    /// A channel to webhook-gateway.
    ///
    /// # Errors
    /// As [`Connection::entity`].
    pub(crate) fn gateway(&self) -> anyhow::Result<Channel> {
        client::channel(&self.gateway, &self.rpc)
    }

    /// Why entity-service refused, in words for a person.
    pub(crate) fn entity_refused(&self, status: &Status) -> anyhow::Error {
        refused("entity-service", &self.entity, status)
    }

    /// Why clickup-sync refused, in words for a person.
    pub(crate) fn sync_refused(&self, status: &Status) -> anyhow::Error {
        refused("clickup-sync", &self.sync, status)
    }

    /// Why webhook-gateway refused, in words for a person.
    pub(crate) fn gateway_refused(&self, status: &Status) -> anyhow::Error {
        refused("webhook-gateway", &self.gateway, status)
    }
}

/// Who asks, for the audit log: the command line, in a chain of its own.
pub(crate) fn caller(reason: &str) -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: ACTOR.to_owned(),
        correlation_id: SystemClock.new_id().to_string(),
        reason: reason.to_owned(),
        idempotency: None,
    })
}

fn nothing_runs(data_dir: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "no Keylight runs on the data folder {}: start one with `keylight up`, set KEYLIGHT_DATA_DIR to its folder, or \
         set KEYLIGHT_ENTITY_URL and KEYLIGHT_SERVICE_TOKEN as the services have them",
        data_dir.display()
    )
}

fn refused(service: &str, url: &Url, status: &Status) -> anyhow::Error {
    if status::is_from_transport(status) {
        return match status.code() {
            Code::Unauthenticated => anyhow::anyhow!(
                "{service} at {url} wants another service token: set KEYLIGHT_SERVICE_TOKEN as the services have it"
            ),
            Code::Unimplemented => {
                anyhow::anyhow!(
                    "{service} at {url} does not know this call: it is of another version"
                )
            }
            Code::DeadlineExceeded | Code::Cancelled => anyhow::anyhow!(
                "{service} at {url} did not answer in time; KEYLIGHT_RPC_DEADLINE gives it longer"
            ),
            code => anyhow::anyhow!(
                "{service} does not answer at {url} ({code:?}): is it running there?"
            ),
        };
    }
    let error = status::error_of(status);
    let mut text = error.message.clone();
    for detail in &error.details {
        text.push_str("\n  ");
        text.push_str(detail);
    }
    anyhow::anyhow!(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::data_folder::DataFolder;
    use keylight_domain::error::DomainError;
    use secrecy::{ExposeSecret as _, SecretString};
    use std::{net::SocketAddr, time::Duration};

    fn find(pairs: &[(&str, &str)]) -> Result<Connection, Lost> {
        let environment = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Connection::find(environment)
    }

    #[test]
    fn when_nothing_runs_one_sentence_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let Err(Lost::Nowhere(error)) = find(&[("KEYLIGHT_DATA_DIR", path)]) else {
            panic!("found something")
        };
        let text = format!("{error:#}");
        for word in [path, "keylight up", "KEYLIGHT_ENTITY_URL"] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn settings_point_to_services_elsewhere() {
        let found = find(&[
            ("KEYLIGHT_ENTITY_URL", "http://10.0.0.7:50051"),
            ("KEYLIGHT_SERVICE_TOKEN", "a-token-for-tests-only"),
        ])
        .unwrap();
        assert_eq!(found.entity.as_str(), "http://10.0.0.7:50051/");
        let Err(Lost::Settings(problems)) =
            find(&[("KEYLIGHT_ENTITY_URL", "http://10.0.0.7:50051")])
        else {
            panic!("went on without a token")
        };
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].place, "KEYLIGHT_SERVICE_TOKEN");
    }

    #[tokio::test]
    async fn a_running_process_is_found_by_its_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path(), Duration::ZERO)
            .await
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 4711));
        let token = SecretString::from("token-of-the-process");
        let running = Running::here(address, address, address, address, &token).unwrap();
        let _told = running.tell(folder.path()).unwrap();
        // a token for the services elsewhere does not count here
        let found = find(&[
            ("KEYLIGHT_DATA_DIR", parent.path().to_str().unwrap()),
            ("KEYLIGHT_SERVICE_TOKEN", "a-token-for-tests-only"),
        ])
        .unwrap();
        assert_eq!(found.entity.port(), Some(4711));
        assert_eq!(found.rpc.token.expose_secret(), "token-of-the-process");
        assert!(!format!("{found:?}").contains("token-of"));
    }

    #[test]
    fn refusals_are_for_people() {
        let url = Url::parse("http://127.0.0.1:1").unwrap();
        let told = |status: &Status| refused("entity-service", &url, status).to_string();
        assert!(told(&Status::unavailable("tcp connect error")).contains("is it running"));
        assert!(told(&Status::unauthenticated("missing")).contains("KEYLIGHT_SERVICE_TOKEN"),);
        let error = DomainError::invalid("Not all fields are right")
            .with_details(vec!["password is too short".to_owned()]);
        assert_eq!(
            told(&status::status_of(&error)),
            "Not all fields are right\n  password is too short"
        );
    }
}
