//! The gRPC contract.

use super::change::{self, ChangeError, Check, Wish};
use super::store::{self, Version};
use super::{drift, preview, resync};
use crate::{account::Current, entity::Entity, remote::Remote};
use keylight_contracts::{
    time::to_wire,
    v1::{self, mapping_service_server::MappingService},
};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_domain::sync::mapping::{Document, Problem};
use keylight_rpc::status::status_of;
use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Answers other services.
pub struct MappingAnswers {
    /// The database.
    pub pool: PgPool,
    /// The system of record.
    pub entity: Entity,
    /// ClickUp, if there is an account.
    pub current: Current,
    /// What applies while there is no version.
    pub by_name: Document,
}

fn failed(error: impl Into<StoreError>) -> Status {
    status_of(&DomainError::from(error.into()))
}

fn refused(error: ChangeError) -> Status {
    status_of(&error.into())
}

fn wrong(message: impl Into<String>) -> Status {
    status_of(&DomainError::new(ErrorCode::InvalidInput, message.into()))
}

fn problems(problems: Vec<Problem>) -> Vec<v1::MappingProblem> {
    problems
        .into_iter()
        .map(|problem| v1::MappingProblem {
            path: problem.path,
            problem: problem.problem,
            remedy: problem.remedy,
        })
        .collect()
}

fn check_of(check: Check) -> v1::MappingCheck {
    v1::MappingCheck {
        valid: check.is_valid(),
        problems: problems(check.problems),
        left_out: problems(check.left_out),
    }
}

fn version_of(version: Version, active: i64, with_document: bool) -> v1::MappingVersion {
    v1::MappingVersion {
        active: version.version == active,
        version: version.version,
        document: if with_document {
            version.document.to_string()
        } else {
            String::new()
        },
        made_at: Some(to_wire(version.made_at)),
        actor: version.actor,
        reason: version.reason,
        copy_of: version.copy_of,
        behind: 0,
    }
}

impl MappingAnswers {
    fn remote(&self) -> Result<Arc<Remote>, Status> {
        let working = self.current.get();
        working.map(|working| working.remote).ok_or_else(|| {
            status_of(&DomainError::new(
                ErrorCode::Unavailable,
                "ClickUp is not set up: there is no token",
            ))
        })
    }

    async fn version(&self, number: Option<i64>) -> Result<v1::MappingVersion, Status> {
        let active = store::active_number(&self.pool).await.map_err(failed)?;
        let number = number.unwrap_or(active);
        let mut version = if number == 0 {
            v1::MappingVersion {
                active: active == 0,
                document: self.by_name.to_json().to_string(),
                ..v1::MappingVersion::default()
            }
        } else {
            let found = store::find(&self.pool, Some(number))
                .await
                .map_err(failed)?;
            let found = found.ok_or_else(|| {
                status_of(&DomainError::not_found(
                    "There is no such version of the mapping",
                ))
            })?;
            version_of(found, active, true)
        };
        if version.active {
            version.behind = resync::behind(&self.pool, number).await.map_err(failed)?;
        }
        Ok(version)
    }

    async fn activated(
        &self,
        (version, check): (Option<i64>, Check),
    ) -> Result<Response<v1::MappingActivated>, Status> {
        let version = match version {
            Some(version) => Some(self.version(Some(version)).await?),
            None => None,
        };
        Ok(Response::new(v1::MappingActivated {
            version,
            check: Some(check_of(check)),
        }))
    }
}

#[tonic::async_trait]
impl MappingService for MappingAnswers {
    async fn get_mapping(
        &self,
        request: Request<v1::GetMappingRequest>,
    ) -> Result<Response<v1::MappingVersion>, Status> {
        let version = self.version(request.into_inner().version).await?;
        Ok(Response::new(version))
    }

    async fn list_mapping_versions(
        &self,
        request: Request<v1::ListMappingVersionsRequest>,
    ) -> Result<Response<v1::MappingVersions>, Status> {
        let request = request.into_inner();
        let before = if request.before > 0 {
            request.before
        } else {
            i64::MAX
        };
        let limit = i64::from(request.limit.clamp(1, 100));
        let active = store::active_number(&self.pool).await.map_err(failed)?;
        let versions = store::before(&self.pool, before, limit)
            .await
            .map_err(failed)?;
        Ok(Response::new(v1::MappingVersions {
            versions: versions
                .into_iter()
                .map(|version| version_of(version, active, false))
                .collect(),
        }))
    }

    async fn validate_mapping(
        &self,
        request: Request<v1::ValidateMappingRequest>,
    ) -> Result<Response<v1::MappingCheck>, Status> {
        let remote = self.remote()?;
        let document = request.into_inner().document;
        let check = change::check(&remote, &document).await.map_err(refused)?;
        Ok(Response::new(check_of(check)))
    }

    async fn preview_mapping(
        &self,
        request: Request<v1::PreviewMappingRequest>,
    ) -> Result<Response<v1::MappingPreview>, Status> {
        let request = request.into_inner();
        if request.submission_ids.is_empty() || request.submission_ids.len() > preview::MOST {
            return Err(wrong(format!("Name 1 to {} submissions", preview::MOST)));
        }
        let remote = self.remote()?;
        let check = if request.document.is_empty() {
            let known = remote
                .surroundings()
                .await
                .map_err(|error| refused(error.into()))?;
            let (problems, left_out) = known.mapping.lacks();
            Check {
                problems,
                left_out,
                known: Some(known.mapping.clone()),
            }
        } else {
            change::check(&remote, &request.document)
                .await
                .map_err(refused)?
        };
        let mut tasks = Vec::new();
        if let Some(known) = &check.known {
            for id in request.submission_ids {
                let task = preview::of_submission(&self.pool, &self.entity, known, id).await;
                tasks.push(task.map_err(|error| status_of(&error))?);
            }
        }
        Ok(Response::new(v1::MappingPreview {
            check: Some(check_of(check)),
            tasks,
        }))
    }

    async fn activate_mapping(
        &self,
        request: Request<v1::ActivateMappingRequest>,
    ) -> Result<Response<v1::MappingActivated>, Status> {
        let request = request.into_inner();
        let remote = self.remote()?;
        let caller = request.caller.unwrap_or_default();
        let wish = Wish {
            expected: request.expected_version,
            actor: &caller.actor,
            reason: &caller.reason,
            correlation_id: &caller.correlation_id,
            copy_of: None,
        };
        let done = change::activate(&remote, &request.document, wish).await;
        self.activated(done.map_err(refused)?).await
    }

    async fn rollback_mapping(
        &self,
        request: Request<v1::RollbackMappingRequest>,
    ) -> Result<Response<v1::MappingActivated>, Status> {
        let request = request.into_inner();
        let remote = self.remote()?;
        let caller = request.caller.unwrap_or_default();
        let wish = Wish {
            expected: request.expected_version,
            actor: &caller.actor,
            reason: &caller.reason,
            correlation_id: &caller.correlation_id,
            copy_of: Some(request.to_version),
        };
        let done = change::roll_back(&remote, request.to_version, wish)
            .await
            .map_err(refused)?;
        let done = done.ok_or_else(|| {
            status_of(&DomainError::not_found(
                "There is no such version of the mapping",
            ))
        })?;
        self.activated(done).await
    }

    async fn list_mapping_drift(
        &self,
        _request: Request<v1::ListMappingDriftRequest>,
    ) -> Result<Response<v1::MappingDrifts>, Status> {
        let (findings, checked_at) = drift::findings(&self.pool).await.map_err(failed)?;
        let drifts = findings.into_iter().map(|finding| v1::MappingDrift {
            list_id: finding.list_id,
            field: finding.field,
            code: finding.code,
            problem: finding.problem,
            remedy: finding.remedy,
            records: finding.records,
            sample: finding.sample,
            first_seen_at: Some(to_wire(finding.first_seen_at)),
            seen_at: Some(to_wire(finding.seen_at)),
        });
        Ok(Response::new(v1::MappingDrifts {
            drifts: drifts.collect(),
            checked_at: checked_at.map(to_wire),
        }))
    }
}
