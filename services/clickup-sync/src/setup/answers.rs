//! The gRPC contract of the set-up.

use super::{
    check::{Check, State},
    connect::{Connector, Wanted},
    examine::Examiner,
    lists::lists,
};
use crate::{account::stored::Stored, operations::Doer, remote::Remote};
use keylight_contracts::{
    time::to_wire,
    v1::{self, click_up_setup_service_server::ClickUpSetupService},
};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use secrecy::SecretString;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use url::Url;

/// Most bytes of a token.
const MAX_TOKEN: usize = 500;

/// Answers people who set it up.
pub struct Setup {
    /// Looks at everything.
    pub examiner: Examiner,
    /// Stores accounts.
    pub connector: Connector,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

fn wire(checks: Vec<Check>) -> Vec<v1::SetupCheck> {
    let checks = checks.into_iter().map(|check| v1::SetupCheck {
        name: check.name.to_owned(),
        state: check.state.as_str().to_owned(),
        found: check.found,
        remedy: check.remedy,
    });
    checks.collect()
}

fn token_of(text: &str) -> Result<SecretString, DomainError> {
    let fits = !text.is_empty()
        && text.len() <= MAX_TOKEN
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(SecretString::from(text))
    } else {
        Err(DomainError::invalid(
            "token must be a ClickUp token: letters, digits and signs without blanks",
        ))
    }
}

fn id_of(field: &str, text: String) -> Result<String, DomainError> {
    if (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(DomainError::invalid(format!("{field} must be digits")))
    }
}

fn wanted(request: v1::ConnectClickUpRequest) -> Result<Wanted, DomainError> {
    let webhook_url = match request.webhook_url.as_str() {
        "" => None,
        text => Some(
            Url::parse(text)
                .ok()
                .filter(|url| url.has_host() && ["http", "https"].contains(&url.scheme()))
                .ok_or_else(|| DomainError::invalid("webhook_url must be an address, https://…"))?,
        ),
    };
    Ok(Wanted {
        account: Stored {
            token: token_of(&request.token)?,
            team_id: id_of("team_id", request.team_id)?,
            list_id: id_of("list_id", request.list_id)?,
            webhook_url,
        },
        test_task: request.test_task,
        preview: request.preview,
    })
}

#[tonic::async_trait]
impl ClickUpSetupService for Setup {
    async fn examine_setup(
        &self,
        _request: Request<v1::ExamineSetupRequest>,
    ) -> Result<Response<v1::SetupReport>, Status> {
        let now = self.clock.now();
        let checks = self
            .examiner
            .examine(now)
            .await
            .map_err(|error| status_of(&DomainError::from(error)))?;
        let wrong = checks
            .iter()
            .filter(|check| matches!(check.state, State::Bad | State::Unknown))
            .count();
        Ok(Response::new(v1::SetupReport {
            at: Some(to_wire(now)),
            wrong: i32::try_from(wrong).unwrap_or(i32::MAX),
            checks: wire(checks),
        }))
    }

    async fn list_click_up_lists(
        &self,
        request: Request<v1::ListClickUpListsRequest>,
    ) -> Result<Response<v1::ListClickUpListsReply>, Status> {
        let token = token_of(&request.into_inner().token).map_err(|error| status_of(&error))?;
        let nowhere = Stored {
            token,
            team_id: String::new(),
            list_id: String::new(),
            webhook_url: None,
        };
        let connector = &self.connector;
        let account = connector.connection.with(&nowhere);
        let remote = Remote::new(account, connector.pool.clone(), self.clock.clone())
            .map_err(|_| status_of(&DomainError::invalid("token cannot be used")))?;
        let found = lists(&remote).await;
        if let Err(error) = remote.tell_books().await {
            tracing::debug!(error = %error, "budget is not told about the look");
        }
        let (lists, more) = found.map_err(|error| status_of(&error))?;
        Ok(Response::new(v1::ListClickUpListsReply {
            more,
            lists: lists
                .into_iter()
                .map(|found| v1::ClickUpList {
                    team_id: found.team_id,
                    team_name: found.team,
                    space_name: found.space,
                    folder_name: found.folder,
                    list_id: found.list_id,
                    list_name: found.list,
                })
                .collect(),
        }))
    }

    async fn connect_click_up(
        &self,
        request: Request<v1::ConnectClickUpRequest>,
    ) -> Result<Response<v1::ConnectClickUpReply>, Status> {
        let mut request = request.into_inner();
        let doer = Doer::from(request.caller.take());
        let wanted = wanted(request).map_err(|error| status_of(&error))?;
        // whoever waits for an account takes this one up
        let works = self.examiner.current.get().is_some();
        let done = self
            .connector
            .connect(&wanted, &doer)
            .await
            .map_err(|error| status_of(&error))?;
        let in_force = match (done.stored, self.connector.in_settings, works) {
            (false, ..) => "",
            (true, true, _) => "settings_first",
            (true, false, true) => "after_restart",
            (true, false, false) => "now",
        };
        Ok(Response::new(v1::ConnectClickUpReply {
            checks: wire(done.checks),
            stored: done.stored,
            in_force: in_force.to_owned(),
        }))
    }
}
