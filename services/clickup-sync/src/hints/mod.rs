//! Webhooks: each tells that something happened to a task. What is known already ends here; the rest becomes a reason to
//! look.

mod consumer;
mod read;
mod stored;

pub use consumer::Hints;
pub use read::changes_of;
pub use stored::{StoredHint, hints_for};
