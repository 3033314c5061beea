//! How requests to the newer resources are read: exact types, every problem named. The resources of the predecessor
//! keep its tolerance and read for themselves.
//!
//! - [`Sent`]: the request with its whole body, and what it says of itself: idempotency key, expected version
//! - [`Fields`]: the fields of a body
//! - [`Parameters`]: the query
//! - [`PathTexts`]: what stands in the path
//! - [`Precondition`]: which version of a record will be changed

mod fields;
mod parameters;
mod path;
mod precondition;
mod sent;

pub(crate) use fields::Fields;
pub(crate) use parameters::{NO_MOMENT, PageQuery, Parameters, moment};
pub(crate) use path::{Noun, PathTexts};
pub(crate) use precondition::Precondition;
pub(crate) use sent::{Reason, ReasonQuery, Sent};
