//! The account that the workers use.
//!
//! - [`current`]: what works with it now

pub mod current;

pub use current::{Current, Working};
