//! One row per submission: the queue of the workers, and what must not be forgotten about its task.

mod claim;
mod record;
mod row;
mod wake;

pub use claim::{claim_due, claim_one, end_all_leases, peek, renew};
pub use record::{Ending, finish, note_defect, save_created, save_intent};
pub use row::Claim;
pub use wake::{Wish, wake_after_outage, wish, wish_missing};
