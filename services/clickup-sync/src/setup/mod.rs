//! Whether the set-up is right, in plain words.
//!
//! - [`check`]: what is looked at, and how it is told
//! - [`examine`]: looks at everything
//! - [`connect`]: checks an account and stores it
//! - [`lists`]: what a token may use
//! - [`answers`]: the gRPC contract

pub mod answers;
pub mod check;
pub mod connect;
pub mod examine;
pub mod lists;
