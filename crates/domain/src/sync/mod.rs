//! How our side and ClickUp's are kept equal: pure rules, no I/O, no clock, no randomness.
//!
//! A worker that looks at one submission gathers what is known (its link row, our view of it, perhaps a snapshot of the
//! task), asks [`decide`] what to do, does that one thing, stores the result and asks again, until there is nothing to do.
//! Whatever it was woken by, and however often, the answer depends on the state alone.
//!
//! - [`value`]: the synchronised fields, and values that are equal when they mean the same
//! - [`base`]: what both sides last agreed on
//! - [`merge`]: base, ours and theirs of one field to what has to move
//! - [`labels`]: our codes, and what people read for them
//! - [`mapping`]: our codes and the statuses, fields and options of a list
//! - [`template`]: name, description, priority and marker of the task for a submission
//! - [`hint`]: whether a webhook tells anything that is not known
//! - [`decide`]: the next step for one link
//! - [`budget`]: who may spend the rate budget, and when
//! - [`backoff`]: what a failure means for the next try
//! - [`trouble`]: kinds of failures, and what a person does about each
//!
//! # Which changes in ClickUp come back
//! Status, budget, timeline, land and category are taken over when the value has a counterpart with us. A new name,
//! description or priority, and values without counterpart, stay in ClickUp: they are remembered as *theirs* beside *ours*,
//! and nothing overwrites them until our own side of that field changes later.

pub mod backoff;
pub mod base;
pub mod budget;
pub mod decide;
pub mod hint;
pub mod labels;
pub mod mapping;
pub mod merge;
pub mod template;
pub mod trouble;
pub mod value;

#[cfg(test)]
mod simulation;

pub use base::{Agreed, Base};
pub use decide::decide;
pub use mapping::Mapping;
pub use merge::{Conflict, Plan};
pub use value::{Field, Value, View};
