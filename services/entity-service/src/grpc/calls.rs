//! What calls have in common.

use super::Door;
use crate::{
    idempotency::{self, Begun},
    journal::{Caller, Cause},
};
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use prost::Message;

impl Door {
    /// The cause of a call that says nothing but a correlation id.
    pub(super) fn cause(&self, correlation_id: String) -> Cause {
        self.caller_of(String::new(), correlation_id, String::new())
            .cause
    }

    /// Who calls, from calls that are older than the message for it.
    pub(super) fn caller_of(
        &self,
        actor: String,
        correlation_id: String,
        reason: String,
    ) -> Caller {
        let caller = v1::Caller {
            actor,
            correlation_id,
            reason,
            idempotency: None,
        };
        Caller::read(Some(caller), &*self.clock)
    }

    /// The answer of the first time, when this request was made before; nothing is kept of the question.
    pub(super) async fn earlier_answer<R: Message + Default>(
        &self,
        caller: &Caller,
    ) -> Result<Option<R>, DomainError> {
        if caller.idempotency.is_none() {
            return Ok(None);
        }
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        let begun = idempotency::begin(&mut transaction, caller, self.clock.now()).await?;
        transaction.rollback().await.map_err(StoreError::from)?;
        Ok(match begun {
            Begun::Done(reply) => Some(reply),
            Begun::Fresh(_) => None,
        })
    }

    /// Keeps the answer to a request whose effect is stored already; of two, the first counts.
    pub(super) async fn keep_answer<R: Message + Default>(
        &self,
        caller: &Caller,
        reply: R,
    ) -> Result<R, DomainError> {
        if caller.idempotency.is_none() {
            return Ok(reply);
        }
        let mut transaction = self.pool.begin().await.map_err(StoreError::from)?;
        match idempotency::begin(&mut transaction, caller, self.clock.now()).await? {
            Begun::Done(reply) => Ok(reply),
            Begun::Fresh(ticket) => {
                ticket.finish(&mut transaction, &reply, None).await?;
                transaction.commit().await.map_err(StoreError::from)?;
                Ok(reply)
            }
        }
    }
}
