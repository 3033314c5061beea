//! The life of an application once it is stored, and how people page through the stored ones.
//!
//! The readers of query parameters here never fail where the predecessor did not: a page number that makes no sense
//! is page 1 (contract 4). Everything is bounded.

mod duplicates;
mod filter;
mod id;
mod js_number;
mod paging;
mod recent;
mod search;
mod share;
mod status;
mod status_change;

pub use duplicates::Duplicates;
pub use filter::{Filter, FilterField};
pub use id::{InvalidId, parse_id};
pub use paging::{DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE, Pagination, Paging};
pub use recent::{MAX_DAYS, Recent};
pub use search::{SearchTermProblem, search_term};
pub use share::percentage;
pub use status::{
    INVALID_STATUS_IN_BODY, INVALID_STATUS_IN_PATH, STATUS_REQUIRED, SUBMISSION_NOT_FOUND,
    SubmissionStatus,
};
pub use status_change::{MAX_NOTES, NotesProblem, WantedStatus, new_notes, wanted_status};
