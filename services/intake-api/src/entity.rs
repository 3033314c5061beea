//! Calls to the entity service.

use crate::app::Door;
use keylight_contracts::v1::{
    analytics_service_client::AnalyticsServiceClient, entity_service_client::EntityServiceClient,
};
use keylight_domain::{error::ErrorCode, submissions::SUBMISSION_NOT_FOUND};
use keylight_rpc::{client::Channel, status::error_of};
use keylight_web::{error::ApiError, request_id::RequestId};
use tonic::{Response, Status};
use uuid::Uuid;

/// Largest answer that is taken. A page of a hundred imported rows may hold descriptions from the time when they had
/// no bound.
const MAX_ANSWER_BYTES: usize = 64 << 20;

impl Door {
    /// A client of the entity service; cheap, all share one connection.
    pub(crate) fn entity(&self) -> EntityServiceClient<Channel> {
        EntityServiceClient::new(self.deps.entity.clone())
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// A client of analytics.
    pub(crate) fn analytics(&self) -> AnalyticsServiceClient<Channel> {
        AnalyticsServiceClient::new(self.deps.analytics.clone())
    }

    /// The correlation id of what this request causes: its own id when that is a UUID, so that one id does for all.
    pub(crate) fn correlation_id(&self, request_id: &RequestId) -> String {
        match Uuid::try_parse(request_id.as_str()) {
            Ok(id) => id.to_string(),
            Err(_) => self.deps.clock.new_id().to_string(),
        }
    }
}

/// The answer of a call, or what the client is told instead.
pub(crate) fn answered<T>(result: Result<Response<T>, Status>) -> Result<T, ApiError> {
    match result {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err(refused(&status)),
    }
}

fn refused(status: &Status) -> ApiError {
    let mut error = error_of(status);
    if error.code == ErrorCode::NotFound {
        SUBMISSION_NOT_FOUND.clone_into(&mut error.message);
    }
    if error.code == ErrorCode::Unauthenticated || error.code == ErrorCode::Forbidden {
        // our own service token is wrong, which is no fault of the client's
        return keylight_domain::error::DomainError::internal(format!(
            "entity service refuses us: {}",
            error.code
        ))
        .into();
    }
    error.into()
}

/// What everybody is told of an id that no submission has.
pub(crate) fn not_found() -> ApiError {
    keylight_domain::error::DomainError::not_found(SUBMISSION_NOT_FOUND).into()
}
