//! Whether the records fit together, and what was done to them.
//!
//! - [`rules`]: every rule across entities, as data: what it means, which SQL finds the cases, how a case is mended
//! - [`check`]: which rules are broken
//! - [`repair`], [`remedies`]: mends what can be mended without deciding anything
//! - [`audit`]: what was done, newest first
//! - [`door`]: the calls
//!
//! To add a rule: an entry in one of the tables of [`rules`], and a statement that breaks it in `tests/it/records_breakers.rs`: a test
//! goes through the tables and misses the one that nobody breaks.

pub mod audit;
pub mod check;
pub mod door;
pub mod remedies;
pub mod repair;
pub mod rules;
