//! Typed client for the ClickUp API (v2), for the calls that Keylight needs.
//!
//! Four promises, each tested:
//!
//! - **Nothing is retried here.** Every call is one request; whoever owns the rate budget decides about another.
//! - **The caller learns whether the call may have happened.** [`ClickUpError::sent`] tells a request that certainly did
//!   not run from one that may have: creating a task is not idempotent.
//! - **Strange answers do not break it.** Ids, times and numbers may be text, numbers or null, unknown keys are ignored,
//!   an HTML page never hides the status it came with.
//! - **The token stays here.** It goes to the API host only (no redirect is followed), and no `Debug` shows it or
//!   anything a person wrote.
//!
//! To add a call: a method in [`calls`](ClickUp) beside its kind, with the route template as the constant text, and a test
//! against a strange answer.

mod call;
mod calls;
pub mod delivery;
mod error;
mod model;
mod rate;
pub mod signature;
mod token;
mod transport;

pub use calls::lists::ListInfo;
pub use calls::tasks::{
    CreateTask, FieldFilter, FieldInput, ListQuery, OrderBy, TaskPage, UpdateTask,
};
pub use calls::webhooks::{NewWebhook, Scope};
pub use error::{Class, ClickUpError, Sent, SetupError};
pub use model::field::{Choice, Chosen, FieldDefinition, FieldKind, TaskField};
pub use model::people::{Team, User};
pub use model::status::{Status, StatusKind};
pub use model::task::{Priority, Task};
pub use model::webhook::{Health, Webhook};
pub use rate::RateInfo;
pub use transport::{Answer, ClickUp, Options};

/// Reading values whose JSON type differs between documents, examples and the live service.
pub mod lenient {
    pub use crate::model::lenient::{flag, id, millis, opt_id, skipping, whole};
}
