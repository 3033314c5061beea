//! Our webhooks at ClickUp as rows, their secrets sealed.
//!
//! - [`row`]: what is known of each
//! - [`seals`]: which keys their secrets are sealed under, and moving them to another

pub mod row;
pub mod seals;

use keylight_store::sealed::Place;

/// Column of the secret that signs now.
const SECRET: &str = "sync.webhooks.secret";
/// Column of the secret before that.
const PREVIOUS: &str = "sync.webhooks.previous_secret";

fn secret_of(name: &str) -> Place<'_> {
    Place::new(SECRET, name)
}

fn previous_of(name: &str) -> Place<'_> {
    Place::new(PREVIOUS, name)
}
