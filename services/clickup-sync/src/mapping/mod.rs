//! What goes where in ClickUp: the versions of the mapping, and the active one together with the live lists.
//!
//! - [`store`]: the versions as rows
//! - [`known`]: the active version and the lists as they are
//! - [`change`]: validation against the live workspace, activation, roll-back
//! - [`preview`]: what would be sent for some submissions
//! - [`resync`]: tasks that a newer version has not come to yet
//! - [`drift`]: where the lists no longer have what the mapping names
//! - [`answers`]: the gRPC contract

pub mod answers;
pub mod change;
pub mod drift;
pub mod known;
pub mod preview;
pub mod resync;
pub mod store;

pub use known::{KnownList, KnownMapping, Shapes};
