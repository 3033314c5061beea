//! Where an application stands.

use crate::intake::choices::choice;

choice! {
    /// Where an application stands. Staff may go from any status to any other.
    SubmissionStatus {
        /// Nobody has looked at it.
        New = "new",
        /// Somebody has looked at it.
        Reviewed = "reviewed",
        /// It will become a project.
        Qualified = "qualified",
        /// It will not become a project.
        Disqualified = "disqualified",
        /// Staff have talked to the applicant.
        Contacted = "contacted",
    }
}

/// Answer to a change of status that names none (contract 4.7).
pub const STATUS_REQUIRED: &str = "Status is required";
/// Answer to a change to a status that does not exist (contract 4.7).
pub const INVALID_STATUS_IN_BODY: &str =
    "Status must be one of: new, reviewed, qualified, disqualified, contacted";
/// Answer to a list by a status that does not exist (contract 4.5).
pub const INVALID_STATUS_IN_PATH: &str =
    "Invalid status. Must be one of: new, reviewed, qualified, disqualified, contacted";
/// Answer to an id that no submission has (contract 1.3).
pub const SUBMISSION_NOT_FOUND: &str = "Submission not found";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_list_every_status() {
        assert!(INVALID_STATUS_IN_BODY.ends_with(&SubmissionStatus::listed()));
        assert!(INVALID_STATUS_IN_PATH.ends_with(&SubmissionStatus::listed()));
        assert_eq!(SubmissionStatus::parse("New"), None);
    }
}
