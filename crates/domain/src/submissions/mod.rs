//! Rules of submissions.
