//! Who may come in, and how far.
//!
//! A [`Role`] says how much an account may do at most; [`Scope`]s narrow that down for an API token. The rest are rules
//! for what opens a door: names, passwords, secrets, how long they count, and how often one may try.

mod lifetime;
mod name;
mod password;
mod role;
mod scope;
mod secret;
mod throttle;

pub use lifetime::{
    MAX_OVERLAP_SECONDS, MAX_TOKEN_DAYS, SESSION_IDLE, SESSION_LIFETIME, overlap, session_end,
    token_lifetime,
};
pub use name::{login_name, shown_name};
pub use password::{MAX_PASSWORD, MIN_PASSWORD, check_password};
pub use role::Role;
pub use scope::{Scope, UnknownScope, covers};
pub use secret::{HINT_LENGTH, SECRET_LENGTH, TOKEN_PREFIX, one_time_password, spell};
pub use throttle::{Attempts, FORGOTTEN_AFTER, Subject};
