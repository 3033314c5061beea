//! Calls that change something.

use super::Door;
use crate::{
    clickup::{
        apply_remote::{self, Remote, RemoteValues},
        record_sync::{self, Report},
    },
    idempotency::{self, Begun},
    journal::Caller,
    submissions::{
        bulk::Bulk,
        candidate::{self, Candidate},
        change_status::{self, Wish},
        delete::{self, Removal},
        quarantine::{self, Settlement},
        restore,
    },
};
use keylight_contracts::{time::from_wire, v1};
use keylight_domain::error::DomainError;
use keylight_store::StoreError;

impl Door {
    pub(super) async fn create(
        &self,
        mut request: v1::CreateSubmissionRequest,
    ) -> Result<v1::Submission, DomainError> {
        let caller = self.applicant(&mut request);
        let application = candidate::read(request)?;
        let candidate = Candidate {
            project_name: candidate::project_name(&application),
            event_id: self.clock.new_id(),
            cause: caller.cause.clone(),
            application,
        };
        if caller.idempotency.is_some() {
            return self.keyed.submit(candidate, &caller).await;
        }
        let kept = candidate.application.clone();
        let accepted = self.gatherer.submit(candidate).await?;
        Ok(candidate::into_submission(kept, accepted))
    }

    /// Who applies is nobody that we know.
    fn applicant(&self, request: &mut v1::CreateSubmissionRequest) -> Caller {
        let caller = v1::Caller {
            actor: crate::submissions::accept::ACTOR.to_owned(),
            correlation_id: std::mem::take(&mut request.correlation_id),
            reason: String::new(),
            idempotency: request.idempotency.take(),
        };
        Caller::read(Some(caller), &*self.clock)
    }

    pub(super) async fn change(
        &self,
        request: v1::UpdateSubmissionStatusRequest,
    ) -> Result<v1::Submission, DomainError> {
        let caller = self.caller_of(request.actor, request.correlation_id, request.reason);
        let wish = Wish {
            id: request.id,
            status: &request.status,
            notes: request.admin_notes.as_deref(),
            actor: &caller.actor,
            cause: caller.cause.clone(),
            expected_version: request.expected_version,
            why: caller.why.as_deref(),
        };
        let row =
            change_status::change_status(&self.pool, &*self.clock, &self.outbox, wish).await?;
        Ok(row.into())
    }

    pub(super) async fn delete(
        &self,
        request: v1::DeleteSubmissionRequest,
    ) -> Result<v1::Submission, DomainError> {
        let caller = self.caller_of(request.actor, request.correlation_id, request.reason);
        let removal = Removal {
            id: request.id,
            actor: &caller.actor,
            cause: caller.cause.clone(),
            expected_version: request.expected_version,
            why: caller.why.as_deref(),
        };
        let row = delete::delete(&self.pool, &*self.clock, &self.outbox, removal).await?;
        Ok(row.into())
    }

    pub(super) async fn restore(
        &self,
        request: v1::RestoreSubmissionRequest,
    ) -> Result<v1::Submission, DomainError> {
        let caller = Caller::read(request.caller, &*self.clock);
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let begun = idempotency::begin(&mut transaction, &caller, self.clock.now()).await?;
        let ticket = match begun {
            Begun::Done(reply) => return Ok(reply),
            Begun::Fresh(ticket) => ticket,
        };
        let row = restore::restore(
            &mut transaction,
            &*self.clock,
            &self.outbox,
            self.duplicates,
            request.id,
            &caller,
        )
        .await?;
        let person_id = row.user_id;
        let reply = v1::Submission::from(row);
        ticket.finish(&mut transaction, &reply, person_id).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        self.outbox.wake();
        Ok(reply)
    }

    /// Each lot has a transaction of its own, so the answer is kept after them. What a crash leaves undone is done when
    /// the request comes again, and what is done is found unchanged.
    pub(super) async fn bulk(
        &self,
        request: v1::BulkChangeRequest,
    ) -> Result<v1::BulkChangeReply, DomainError> {
        let caller = Caller::read(request.caller.clone(), &*self.clock);
        if let Some(reply) = self.earlier_answer(&caller).await? {
            return Ok(reply);
        }
        let bulk = Bulk {
            pool: &self.pool,
            clock: &*self.clock,
            outbox: &self.outbox,
            caller: &caller,
        };
        let reply = bulk.run(&request).await?;
        self.keep_answer(&caller, reply).await
    }

    pub(super) async fn put_aside(
        &self,
        request: v1::QuarantineRequest,
    ) -> Result<v1::QuarantinedApplication, DomainError> {
        let mut application = request.application.unwrap_or_default();
        let caller = self.applicant(&mut application);
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let begun = idempotency::begin(&mut transaction, &caller, self.clock.now()).await?;
        let ticket = match begun {
            Begun::Done(reply) => return Ok(reply),
            Begun::Fresh(ticket) => ticket,
        };
        let reply = quarantine::put(
            &mut transaction,
            &*self.clock,
            &application,
            &request.reason,
            &caller,
        )
        .await?;
        // the kept answer says only that it is kept: nobody's data is needed to say so again
        let bare = v1::QuarantinedApplication {
            application: None,
            ..reply.clone()
        };
        ticket.finish(&mut transaction, &bare, None).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(reply)
    }

    pub(super) async fn settle(
        &self,
        request: v1::SettleQuarantineRequest,
    ) -> Result<v1::QuarantinedApplication, DomainError> {
        let caller = Caller::read(request.caller, &*self.clock);
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let begun = idempotency::begin(&mut transaction, &caller, self.clock.now()).await?;
        let ticket = match begun {
            Begun::Done(reply) => return Ok(reply),
            Begun::Fresh(ticket) => ticket,
        };
        let settlement = Settlement {
            id: &request.id,
            release: request.release,
            caller: &caller,
            duplicates: self.duplicates,
        };
        let (reply, person_id) =
            quarantine::settle(&mut transaction, &*self.clock, &self.outbox, &settlement).await?;
        let bare = v1::QuarantinedApplication {
            application: None,
            ..reply.clone()
        };
        ticket.finish(&mut transaction, &bare, person_id).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        self.outbox.wake();
        Ok(reply)
    }

    pub(super) async fn apply(
        &self,
        request: v1::ApplyRemoteRequest,
    ) -> Result<v1::ApplyRemoteReply, DomainError> {
        let values = RemoteValues::read(
            request.status.as_deref(),
            request.build_budget.as_deref(),
            request.construction_timeline.as_deref(),
            request.land_status.as_deref(),
            request.buyer_category.as_deref(),
        )?;
        let remote = Remote {
            submission_id: request.submission_id,
            values,
            expected_version: request.expected_version,
            why: &request.cause,
            remote_time: request.remote_time.as_ref().and_then(from_wire),
            cause: self.cause(request.correlation_id),
        };
        let applied = apply_remote::apply(&self.pool, &*self.clock, &self.outbox, remote).await?;
        Ok(v1::ApplyRemoteReply {
            version: applied.version,
            changed: applied.changed,
        })
    }

    pub(super) async fn record(
        &self,
        request: v1::RecordSyncRequest,
    ) -> Result<v1::RecordSyncReply, DomainError> {
        let report = Report {
            submission_id: request.submission_id,
            task_id: request.clickup_task_id.as_deref(),
            url: request.clickup_url.as_deref(),
            state: &request.sync_state,
            synced_version: request.synced_version,
        };
        let found = record_sync::record(&self.pool, &report).await?;
        Ok(v1::RecordSyncReply { found })
    }
}
