//! The state of the simulated workspace and the journal that keeps it.

mod defaults;
mod journal;
mod shelf;
pub(crate) mod snapshot;
mod workspace;
mod world;

pub use snapshot::{Difference, differences};
pub use workspace::Workspace;

pub(crate) use defaults::status_id;
pub(crate) use journal::Line;
pub(crate) use shelf::ListIndex;
pub(crate) use workspace::{Folder, List, Space, Status, StatusKind, Tag, Template, User};
pub(crate) use world::World;
