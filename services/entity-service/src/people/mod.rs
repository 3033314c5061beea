//! People who apply, and what staff do with them.
//!
//! - [`list`], [`read`]: what people ask
//! - [`create`], [`update`], [`delete`], [`restore`]: one person at a time
//! - [`merge`], [`undo_merge`], [`merges`]: two records of one person, and one of two again
//! - [`duplicates`], [`indexer`]: who may be the same; found by keys that a task keeps in the background
//! - [`erase`]: the data of a person goes for good
//! - [`address`]: who answers for an e-mail address, and how many open submissions it has
//!
//! Every operation takes the locks of people first, in the order of their addresses, as the intake does; then those of
//! submissions and projects, by id.

pub mod act;
pub mod address;
pub mod belongings;
pub mod create;
pub mod cursor;
pub mod delete;
pub mod duplicates;
pub mod erase;
pub mod grpc;
pub mod indexer;
pub mod list;
pub mod locks;
pub mod merge;
pub mod merges;
pub mod read;
pub mod restore;
pub mod row;
pub mod undo_merge;
pub mod update;

use keylight_domain::error::DomainError;

/// What callers read when no person has this id, or only a deleted one.
pub const PERSON_NOT_FOUND: &str = "Person not found";

/// No person has this id, or it was deleted.
#[must_use]
pub fn not_found() -> DomainError {
    DomainError::not_found(PERSON_NOT_FOUND)
}
