//! The system of record, over gRPC.

use chrono::{DateTime, Utc};
use keylight_contracts::{time, v1, v1::entity_service_client::EntityServiceClient};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_domain::sync::{Field, View, template::Record};
use keylight_rpc::{client::Channel, status::error_of};

/// A submission as the worker needs it.
#[derive(Clone)]
pub struct Submission {
    /// What the task is made from.
    pub record: Record,
    /// Its version.
    pub version: i64,
    /// When it changed last.
    pub changed_at: DateTime<Utc>,
    /// From the form to the task and back.
    pub correlation_id: String,
    /// It came from the predecessor: nobody waits for its task, and nobody is to be notified of it.
    pub imported: bool,
}

/// Why a change was not taken over.
#[derive(Debug)]
pub enum NotApplied {
    /// Our side moved on: look again.
    Conflict,
    /// The submission is gone: look again.
    Gone,
    /// The value is not acceptable to us, and will not be.
    Refused(DomainError),
    /// The service is away.
    Away(DomainError),
}

/// Where a submission stands in ClickUp.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The submission.
    pub submission_id: i64,
    /// The task, once there is one.
    pub task: Option<(&'a str, &'a str)>,
    /// pending, synced, failed.
    pub state: &'a str,
    /// The version that it is about.
    pub version: i64,
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Entity {
    client: EntityServiceClient<Channel>,
}

impl Entity {
    /// A client over `channel`.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: EntityServiceClient::new(channel).max_decoding_message_size(16 << 20),
        }
    }

    /// The submission; `None` once it is deleted.
    ///
    /// # Errors
    /// When the service is away.
    pub async fn submission(&self, id: i64) -> Result<Option<Submission>, DomainError> {
        let request = v1::GetSyncViewRequest { submission_id: id };
        let reply = self
            .client
            .clone()
            .get_sync_view(request)
            .await
            .map_err(|status| error_of(&status))?
            .into_inner();
        if !reply.found {
            return Ok(None);
        }
        let Some(submission) = reply.submission else {
            return Err(DomainError::internal("sync view without a submission"));
        };
        let changed_at = submission
            .updated_at
            .or(submission.created_at)
            .as_ref()
            .and_then(time::from_wire);
        Ok(Some(Submission {
            version: submission.version,
            // rows without any time are old ones
            changed_at: changed_at.unwrap_or(DateTime::UNIX_EPOCH),
            correlation_id: reply.correlation_id,
            imported: reply.imported,
            record: record_of(submission),
        }))
    }

    /// Takes over what was changed in ClickUp; the new version.
    ///
    /// # Errors
    /// See [`NotApplied`].
    pub async fn apply(
        &self,
        submission_id: i64,
        changes: &View,
        expected_version: i64,
        cause: String,
        remote_time: Option<DateTime<Utc>>,
        correlation_id: String,
    ) -> Result<i64, NotApplied> {
        let code = |field| {
            changes
                .get(field)
                .and_then(|value| value.as_code())
                .map(ToOwned::to_owned)
        };
        let request = v1::ApplyRemoteRequest {
            submission_id,
            status: code(Field::Status),
            build_budget: code(Field::Budget),
            construction_timeline: code(Field::Timeline),
            land_status: code(Field::Land),
            buyer_category: code(Field::Category),
            expected_version,
            cause,
            remote_time: remote_time.map(time::to_wire),
            correlation_id,
        };
        match self.client.clone().apply_remote(request).await {
            Ok(reply) => Ok(reply.into_inner().version),
            Err(status) => {
                let error = error_of(&status);
                Err(match error.code {
                    ErrorCode::Conflict => NotApplied::Conflict,
                    ErrorCode::NotFound => NotApplied::Gone,
                    ErrorCode::InvalidInput => NotApplied::Refused(error),
                    _ => NotApplied::Away(error),
                })
            }
        }
    }

    /// Tells where a submission stands in ClickUp.
    ///
    /// # Errors
    /// When the service is away.
    pub async fn report(&self, report: Report<'_>) -> Result<(), DomainError> {
        let (task_id, url) = report.task.unzip();
        let request = v1::RecordSyncRequest {
            submission_id: report.submission_id,
            clickup_task_id: task_id.map(ToOwned::to_owned),
            clickup_url: url.filter(|url| !url.is_empty()).map(ToOwned::to_owned),
            sync_state: report.state.to_owned(),
            synced_version: report.version,
        };
        // not found: deleted meanwhile, and its event is on its way
        self.client
            .clone()
            .record_sync(request)
            .await
            .map_err(|status| error_of(&status))?;
        Ok(())
    }

    /// Submissions after `after_id` that have waited for ClickUp since before `changed_before`.
    ///
    /// # Errors
    /// When the service is away.
    pub async fn unsynced(
        &self,
        changed_before: DateTime<Utc>,
        after_id: i64,
        limit: i32,
    ) -> Result<Vec<i64>, DomainError> {
        let request = v1::ListUnsyncedRequest {
            changed_before: Some(time::to_wire(changed_before)),
            after_id,
            limit,
        };
        let reply = self
            .client
            .clone()
            .list_unsynced(request)
            .await
            .map_err(|status| error_of(&status))?;
        Ok(reply.into_inner().submission_ids)
    }
}

fn record_of(submission: v1::Submission) -> Record {
    Record {
        submitted_at: submission.created_at.as_ref().and_then(time::from_wire),
        full_name: submission.full_name,
        email_address: submission.email_address,
        phone_number: submission.phone_number,
        company_name: submission.company_name,
        buyer_category: submission.buyer_category,
        financing_plan: submission.financing_plan,
        interested_in_preferred_lender: submission.interested_in_preferred_lender,
        land_status: submission.land_status,
        lot_address: submission.lot_address,
        needs_help_finding_land: submission.needs_help_finding_land,
        preferred_area_description: submission.preferred_area_description,
        build_budget: submission.build_budget,
        construction_timeline: submission.construction_timeline,
        project_description: submission.project_description,
        status: submission.status,
        referral_source: submission.referral_source,
    }
}
