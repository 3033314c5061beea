//! Where a project stands, and where it may go from there.

use crate::intake::choices::choice;

choice! {
    /// Where a project stands.
    ProjectStatus {
        /// Being thought about.
        Planning = "planning",
        /// Being built.
        Active = "active",
        /// Waiting; it goes on where it was.
        OnHold = "on_hold",
        /// Built.
        Completed = "completed",
        /// Given up.
        Cancelled = "cancelled",
    }
}

impl ProjectStatus {
    /// The statuses that may follow. The database holds the same edges (`entity.project_status_edges`), so that nobody
    /// gets around them.
    #[must_use]
    pub const fn next(self) -> &'static [ProjectStatus] {
        use ProjectStatus::{Active, Cancelled, Completed, OnHold, Planning};
        match self {
            Planning => &[Active, OnHold, Cancelled],
            Active => &[OnHold, Completed, Cancelled],
            OnHold => &[Planning, Active, Cancelled],
            // taken back by staff
            Completed => &[Active],
            Cancelled => &[Planning],
        }
    }

    /// Whether `to` may follow.
    #[must_use]
    pub fn goes_to(self, to: ProjectStatus) -> bool {
        self.next().contains(&to)
    }

    /// Whether the project has come to its end.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, ProjectStatus::Completed | ProjectStatus::Cancelled)
    }
}
