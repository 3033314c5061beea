//! What happens when a known address applies again.

use crate::intake::choices::choice;

choice! {
    /// What happens when an address applies that has an application already.
    Duplicates {
        /// It is refused, as the predecessor did (contract 3.3).
        Reject = "reject",
        /// It is a new application with a new project of the same person.
        Link = "link",
    }
}
