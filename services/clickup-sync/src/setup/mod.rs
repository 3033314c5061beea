//! Whether the set-up is right, in plain words.
//!
//! - [`check`]: what is looked at, and how it is told
//! - [`examine`]: looks at everything
//! - [`answers`]: the gRPC contract

pub mod answers;
pub mod check;
pub mod examine;
