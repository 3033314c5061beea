//! Projects: what is built for whom. Their life from plan to completion, the people in them, and the fields that staff
//! may set.

mod fields;
mod lifecycle;
mod role;
mod sort;
mod status;

pub use fields::{MAX_NAME, ProjectFields};
pub use lifecycle::{NotPossible, Operation, Standing, Step, possible, resumed_status, step};
pub use role::ProjectRole;
pub use sort::{Sort, SortKey};
pub use status::ProjectStatus;

/// Answer to an id that no project has.
pub const PROJECT_NOT_FOUND: &str = "Project not found";
