//! What staff send to move an application to another status (contract 4.7).

use super::status::SubmissionStatus;
use crate::intake::RawValue;

/// Most characters (code points) of the staff's notes.
pub const MAX_NOTES: usize = 20_000;

/// The status that a body asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedStatus {
    /// None: refused before anything else.
    Missing,
    /// Something that is no status: refused after it is known that the submission exists.
    Unknown,
    /// A status.
    Known(SubmissionStatus),
}

/// Reads the status; case and blanks matter.
#[must_use]
pub fn wanted_status(value: &RawValue) -> WantedStatus {
    match value {
        RawValue::Absent | RawValue::Flag(false) => WantedStatus::Missing,
        RawValue::Text(text) if text.is_empty() => WantedStatus::Missing,
        RawValue::Number(digits) if digits == "0" => WantedStatus::Missing,
        RawValue::Text(text) => {
            SubmissionStatus::parse(text).map_or(WantedStatus::Unknown, WantedStatus::Known)
        }
        RawValue::Number(_) | RawValue::Flag(true) | RawValue::Structured => WantedStatus::Unknown,
    }
}

/// Why notes are refused. The texts are for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotesProblem {
    /// An array, an object or a boolean.
    #[error("admin_notes must be text")]
    NotText,
    /// More than [`MAX_NOTES`].
    #[error("admin_notes must be at most 20000 characters")]
    TooLong,
    /// The database takes none.
    #[error("admin_notes must not contain NUL characters")]
    Nul,
}

/// Reads the notes; `None` leaves the old ones, as nothing and an empty text do.
///
/// # Errors
/// When they are not a text that can be stored.
pub fn new_notes(value: &RawValue) -> Result<Option<&str>, NotesProblem> {
    let text = match value {
        RawValue::Absent => return Ok(None),
        RawValue::Text(text) | RawValue::Number(text) => text.as_str(),
        RawValue::Flag(_) | RawValue::Structured => return Err(NotesProblem::NotText),
    };
    if text.chars().count() > MAX_NOTES {
        return Err(NotesProblem::TooLong);
    }
    if text.contains('\0') {
        return Err(NotesProblem::Nul);
    }
    Ok((!text.is_empty()).then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        for missing in [
            RawValue::Absent,
            "".into(),
            RawValue::Flag(false),
            RawValue::Number("0".to_owned()),
        ] {
            assert_eq!(
                wanted_status(&missing),
                WantedStatus::Missing,
                "{missing:?}"
            );
        }
        for unknown in [
            "bogus".into(),
            "New".into(),
            " new".into(),
            RawValue::Structured,
            RawValue::Flag(true),
        ] {
            assert_eq!(
                wanted_status(&unknown),
                WantedStatus::Unknown,
                "{unknown:?}"
            );
        }
        assert_eq!(
            wanted_status(&"qualified".into()),
            WantedStatus::Known(SubmissionStatus::Qualified)
        );
    }

    #[test]
    fn notes() {
        assert_eq!(new_notes(&RawValue::Absent), Ok(None));
        assert_eq!(new_notes(&"".into()), Ok(None));
        assert_eq!(
            new_notes(&" Called back. ".into()),
            Ok(Some(" Called back. "))
        );
        assert_eq!(new_notes(&RawValue::Number("7".to_owned())), Ok(Some("7")));
        assert_eq!(new_notes(&RawValue::Structured), Err(NotesProblem::NotText));
        assert_eq!(new_notes(&"a\0".into()), Err(NotesProblem::Nul));
        assert_eq!(
            new_notes(&"😀".repeat(MAX_NOTES).into()).map(|notes| notes.is_some()),
            Ok(true)
        );
        assert_eq!(
            new_notes(&"x".repeat(MAX_NOTES + 1).into()),
            Err(NotesProblem::TooLong)
        );
    }
}
