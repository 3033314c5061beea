//! What a person is in a project.

use crate::intake::choices::choice;

choice! {
    /// What a person is in a project.
    ProjectRole {
        /// Whose project it is; each has one.
        Owner = "owner",
        /// Buys together with the owner.
        CoBuyer = "co_buyer",
        /// Is asked and told, and buys nothing.
        Contact = "contact",
    }
}
