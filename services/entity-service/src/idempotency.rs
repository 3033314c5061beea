//! The same request twice has one effect and one answer, also across a crash.
//!
//! The key is inserted first, in the transaction of the effect; a second request with it waits for that transaction. The
//! reply is stored before the commit. A request that fails rolls its key back, so it can be tried again.

use crate::journal::Caller;
use chrono::{DateTime, Utc};
use keylight_domain::error::{DomainError, ErrorCode, IDEMPOTENCY_KEY_REUSED};
use keylight_store::StoreError;
use prost::Message;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

/// How long an answer is kept.
pub const KEPT: chrono::Duration = chrono::Duration::hours(24);

/// What to do with a request.
pub enum Begun<R> {
    /// It is new: do it, then [`Ticket::finish`] in the same transaction.
    Fresh(Ticket),
    /// It was done: this was the answer.
    Done(R),
}

/// The right to answer a request for the first time.
#[must_use = "the answer must be stored with `finish`"]
pub struct Ticket {
    digest: Option<Vec<u8>>,
}

/// Looks whether the caller has made this request before. Call it first in the transaction.
///
/// # Errors
/// `AlreadyExists` when the key was used for another request, `InvalidInput` when it is empty or longer than 255 bytes.
pub async fn begin<R: Message + Default>(
    transaction: &mut PgConnection,
    caller: &Caller,
    at: DateTime<Utc>,
) -> Result<Begun<R>, DomainError> {
    let Some(request) = &caller.idempotency else {
        return Ok(Begun::Fresh(Ticket { digest: None }));
    };
    if request.key.is_empty() || request.key.len() > 255 {
        return Err(DomainError::invalid(
            "Idempotency-Key must be 1 to 255 characters",
        ));
    }
    let digest = digest_of(&caller.actor, &request.key);
    let fingerprint = Sha256::digest(&request.fingerprint).to_vec();
    let fresh = sqlx::query!(
        "INSERT INTO entity.idempotency_keys (key_digest, fingerprint, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (key_digest) DO NOTHING",
        digest,
        fingerprint,
        at,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?
    .rows_affected()
        == 1;
    if fresh {
        return Ok(Begun::Fresh(Ticket {
            digest: Some(digest),
        }));
    }
    let known = sqlx::query!(
        "SELECT fingerprint, reply FROM entity.idempotency_keys WHERE key_digest = $1",
        digest,
    )
    .fetch_one(transaction)
    .await
    .map_err(StoreError::from)?;
    if known.fingerprint != fingerprint {
        return Err(DomainError::new(
            ErrorCode::AlreadyExists,
            IDEMPOTENCY_KEY_REUSED,
        ));
    }
    // only an erasure takes a stored answer away
    let Some(reply) = known.reply else {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "This request was answered before, and the answer was erased with the data of its person",
        ));
    };
    R::decode(reply.as_slice())
        .map(Begun::Done)
        .map_err(|error| DomainError::internal(format!("stored reply cannot be read: {error}")))
}

impl Ticket {
    /// Stores the answer, to be committed with the effect. `person_id` is the person whose data it holds, if any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish<R: Message>(
        self,
        transaction: &mut PgConnection,
        reply: &R,
        person_id: Option<i64>,
    ) -> Result<(), StoreError> {
        let Some(digest) = self.digest else {
            return Ok(());
        };
        sqlx::query!(
            "UPDATE entity.idempotency_keys SET reply = $2, person_id = $3 WHERE key_digest = $1",
            digest,
            reply.encode_to_vec(),
            person_id,
        )
        .execute(transaction)
        .await?;
        Ok(())
    }
}

fn digest_of(actor: &str, key: &str) -> Vec<u8> {
    let mut digest = Sha256::new();
    digest.update(actor.as_bytes());
    digest.update([0]);
    digest.update(key.as_bytes());
    digest.finalize().to_vec()
}
