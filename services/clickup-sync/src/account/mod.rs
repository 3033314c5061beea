//! The account that the workers use.
//!
//! - [`current`]: what works with it now
//! - [`stored`]: the one that somebody set up by hand

pub mod current;
pub mod stored;

pub use current::{Current, Working};
