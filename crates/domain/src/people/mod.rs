//! People who apply: what may be written about them, and which two of them may be the same person.
//!
//! - [`NewPerson`], [`PersonChange`]: the rules and limits of the application form, for people whom staff write down
//! - [`Traits`], [`keys`]: what is compared; [`compare`] says how alike two people are, and why

mod contact_data;
mod fold;
mod keys;
mod likeness;

pub use contact_data::{NewPerson, PersonChange, Phone};
pub use fold::{digits, folded_email, folded_words};
pub use keys::{DuplicateKey, keys};
pub use likeness::{Likeness, Reason, SUGGESTED_FROM, Traits, compare};
