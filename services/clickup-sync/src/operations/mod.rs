//! What stands in the way of records, and what people do about it.
//!
//! - [`failures`]: links whose last try failed, dead letters among them
//! - [`replay`]: trying them again, or foreseeing it
//! - [`pauses`]: what is kept from being worked on
//! - [`book`]: who did what, when and why
//! - [`answers`]: the gRPC contract

pub mod answers;
pub mod book;
pub mod failures;
pub mod pauses;
pub mod replay;

use keylight_contracts::v1;

/// Who does something, for the book.
#[derive(Debug, Clone)]
pub struct Doer {
    /// As audit logs name them.
    pub actor: String,
    /// In their words; may be empty.
    pub reason: String,
    /// One id for everything that follows.
    pub correlation_id: String,
}

impl From<Option<v1::Caller>> for Doer {
    fn from(caller: Option<v1::Caller>) -> Self {
        let caller = caller.unwrap_or_default();
        let actor = if caller.actor.is_empty() {
            "unknown".to_owned()
        } else {
            caller.actor
        };
        Self {
            actor,
            reason: caller.reason.chars().take(500).collect(),
            correlation_id: caller.correlation_id,
        }
    }
}
