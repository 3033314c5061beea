//! Calls to the services behind the door.

use crate::{app::Door, requests::Noun};
use keylight_contracts::v1::{
    analytics_service_client::AnalyticsServiceClient, entity_service_client::EntityServiceClient,
    people_service_client::PeopleServiceClient, project_service_client::ProjectServiceClient,
    records_service_client::RecordsServiceClient,
};
use keylight_domain::error::{DomainError, ErrorCode, IDEMPOTENCY_KEY_REUSED};
use keylight_rpc::{client::Channel, status::error_of};
use keylight_web::{error::ApiError, request_id::RequestId};
use tonic::{Response, Status};
use uuid::Uuid;

/// Largest answer that is taken. A page of a hundred imported rows may hold descriptions from the time when they had
/// no bound.
pub(crate) const MAX_ANSWER_BYTES: usize = 64 << 20;

impl Door {
    /// A client of the entity service; cheap, all share one connection.
    pub(crate) fn entity(&self) -> EntityServiceClient<Channel> {
        EntityServiceClient::new(self.deps.entity.clone())
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// A client of the entity service for people.
    pub(crate) fn people(&self) -> PeopleServiceClient<Channel> {
        PeopleServiceClient::new(self.deps.entity.clone())
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// A client of the entity service for projects.
    pub(crate) fn projects(&self) -> ProjectServiceClient<Channel> {
        ProjectServiceClient::new(self.deps.entity.clone())
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// A client of the entity service for what concerns all records.
    pub(crate) fn records(&self) -> RecordsServiceClient<Channel> {
        RecordsServiceClient::new(self.deps.entity.clone())
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

/// The answer of a call about a submission, or what the client is told instead.
pub(crate) fn answered<T>(result: Result<Response<T>, Status>) -> Result<T, ApiError> {
    answered_about(Noun::SUBMISSION, result)
}

/// The answer of a call about one kind of record, or what the client is told instead.
pub(crate) fn answered_about<T>(
    noun: Noun,
    result: Result<Response<T>, Status>,
) -> Result<T, ApiError> {
    answered_in_its_words(result).map_err(|error| {
        if error.code == ErrorCode::NotFound.as_str() {
            noun.not_found()
        } else {
            error
        }
    })
}

/// The answer of a call about several kinds of records: only the entity service knows which one is missing.
pub(crate) fn answered_in_its_words<T>(result: Result<Response<T>, Status>) -> Result<T, ApiError> {
    match result {
        Ok(response) => Ok(response.into_inner()),
        Err(status) => Err(refused(&status)),
    }
}

fn refused(status: &Status) -> ApiError {
    let error = error_of(status);
    match error.code {
        // our own service token is wrong, which is no fault of the client's
        ErrorCode::Unauthenticated | ErrorCode::Forbidden => {
            DomainError::internal(format!("entity service refuses us: {}", error.code)).into()
        }
        ErrorCode::AlreadyExists if error.message == IDEMPOTENCY_KEY_REUSED => {
            ApiError::idempotency_key_reused()
        }
        _ => error.into(),
    }
}
