//! What a complete application is, and the messages for one that is not.
//!
//! The way of an application: a body becomes [`RawFields`] (known fields only, each as it was sent), [`parse`] makes
//! a validated [`Application`] of it or collects every [`FieldProblem`] in the order that clients know. The words of
//! the messages are part of the public API: the intake website shows them.

mod application;
mod body;
pub(crate) mod choices;
mod contact;
mod field;
mod raw_fields;
mod validation;
mod whitespace;
mod yes_no;

pub use application::{Application, DEFAULT_REFERRAL_SOURCE};
pub use body::InvalidJson;
pub use choices::{BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus};
pub(crate) use contact::{is_email, is_phone};
pub use field::Field;
pub use raw_fields::{RawFields, RawValue};
pub use validation::{FieldProblem, MAX_TEXT, parse, parse_owned};
pub(crate) use validation::{MAX_NAME, MAX_PHONE};
pub use whitespace::{is_blank, is_js_space, trim};

/// What callers read when an e-mail address has applied already (contract 3.3). It is a plain invalid input, not a
/// conflict, and checked after validation.
pub const DUPLICATE_EMAIL: &str = "A submission with this email already exists";
/// What callers read above the list of field problems (contract 3.2).
pub const VALIDATION_FAILED: &str = "Validation failed";
