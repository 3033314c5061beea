//! Who may come in, and how far.
//!
//! A [`Role`] says how much an account may do at most; [`Scope`]s narrow that down for an API token.

mod role;
mod scope;

pub use role::Role;
pub use scope::{Scope, UnknownScope, covers};
