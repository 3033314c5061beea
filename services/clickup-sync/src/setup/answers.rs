//! The gRPC contract of the set-up.

use super::{check::State, examine::Examiner};
use keylight_contracts::{
    time::to_wire,
    v1::{self, click_up_setup_service_server::ClickUpSetupService},
};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Answers people who set it up.
pub struct Setup {
    /// Looks at everything.
    pub examiner: Examiner,
    /// Time.
    pub clock: Arc<dyn Clock>,
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
            checks: checks
                .into_iter()
                .map(|check| v1::SetupCheck {
                    name: check.name.to_owned(),
                    state: check.state.as_str().to_owned(),
                    found: check.found,
                    remedy: check.remedy,
                })
                .collect(),
        }))
    }
}
