//! What staff may do with a project, depending on where it stands.

use super::status::ProjectStatus;
use crate::intake::choices::choice;

choice! {
    /// What staff do with a project as a whole.
    Operation {
        /// Building begins.
        Activate = "activate",
        /// It has to wait.
        Hold = "hold",
        /// It goes on where it was held.
        Resume = "resume",
        /// It is built.
        Complete = "complete",
        /// It is given up.
        Cancel = "cancel",
        /// The end is taken back.
        Reopen = "reopen",
        /// Out of the everyday lists, once it is over.
        Archive = "archive",
        /// Back into them.
        Unarchive = "unarchive",
    }
}

/// Where a project stands, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// `None` for a status that is no status: rows of the predecessor may hold anything or nothing. From there every
    /// status can be reached.
    pub status: Option<ProjectStatus>,
    /// Whether it is archived.
    pub archived: bool,
    /// The status from which it was put on hold, where that is known.
    pub held_from: Option<ProjectStatus>,
}

/// What an operation changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The status afterwards; `None` leaves it.
    pub status: Option<ProjectStatus>,
    /// Whether it is archived afterwards; `None` leaves that.
    pub archived: Option<bool>,
}

/// The operation is not possible now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} is not possible while the project is {state}; possible now: {}", names(.possible))]
pub struct NotPossible {
    /// What was wanted.
    pub operation: Operation,
    /// Where it stands, in a word or two.
    pub state: String,
    /// What can be done instead.
    pub possible: Vec<Operation>,
}

fn names(operations: &[Operation]) -> String {
    let names: Vec<&str> = operations
        .iter()
        .map(|operation| operation.as_str())
        .collect();
    names.join(", ")
}

/// Where a held project goes on: where it was before, or with building if that is not known.
#[must_use]
pub const fn resumed_status(held_from: Option<ProjectStatus>) -> ProjectStatus {
    match held_from {
        Some(ProjectStatus::Planning) => ProjectStatus::Planning,
        _ => ProjectStatus::Active,
    }
}

/// What can be done now, in the order of [`Operation::ALL`].
#[must_use]
pub fn possible(standing: Standing) -> Vec<Operation> {
    Operation::ALL
        .iter()
        .copied()
        .filter(|operation| change(*operation, standing).is_some())
        .collect()
}

/// What `operation` changes.
///
/// # Errors
/// When it is not possible now; the text says what is.
pub fn step(operation: Operation, standing: Standing) -> Result<Step, NotPossible> {
    change(operation, standing).ok_or_else(|| NotPossible {
        operation,
        state: match (standing.status, standing.archived) {
            (Some(status), true) => format!("{status} and archived"),
            (Some(status), false) => status.to_string(),
            (None, true) => "of unknown status and archived".to_owned(),
            (None, false) => "of unknown status".to_owned(),
        },
        possible: possible(standing),
    })
}

fn change(operation: Operation, standing: Standing) -> Option<Step> {
    use ProjectStatus::{Active, Cancelled, Completed, OnHold, Planning};
    let Standing {
        status,
        archived,
        held_from,
    } = standing;
    let to = |status| {
        Some(Step {
            status: Some(status),
            archived: None,
        })
    };
    match (operation, status) {
        (Operation::Unarchive, _) => archived.then_some(Step {
            status: None,
            archived: Some(false),
        }),
        (Operation::Reopen, Some(Completed)) => reopened(Active, archived),
        (Operation::Reopen, Some(Cancelled) | None) => reopened(Planning, archived),
        // what is put away is taken out first
        (_, _) if archived => None,
        (Operation::Activate, Some(Planning) | None) => to(Active),
        (Operation::Hold, Some(Planning | Active) | None) => to(OnHold),
        (Operation::Resume, Some(OnHold)) => to(resumed_status(held_from)),
        (Operation::Complete, Some(Active) | None) => to(Completed),
        (Operation::Cancel, Some(Planning | Active | OnHold) | None) => to(Cancelled),
        (Operation::Archive, Some(Completed | Cancelled)) => Some(Step {
            status: None,
            archived: Some(true),
        }),
        _ => None,
    }
}

fn reopened(status: ProjectStatus, archived: bool) -> Option<Step> {
    Some(Step {
        status: Some(status),
        archived: archived.then_some(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProjectStatus::{Active, Cancelled, Completed, OnHold, Planning};

    fn standing(status: Option<ProjectStatus>) -> Standing {
        Standing {
            status,
            archived: false,
            held_from: None,
        }
    }

    #[test]
    fn no_operation_leaves_the_edges_and_every_edge_is_an_operation() {
        let mut taken = std::collections::BTreeSet::new();
        for from in ProjectStatus::ALL.iter().copied() {
            for held_from in [None, Some(Planning), Some(Active), Some(Completed)] {
                for archived in [false, true] {
                    let standing = Standing {
                        status: Some(from),
                        archived,
                        held_from,
                    };
                    for operation in possible(standing) {
                        let step = step(operation, standing).expect("it is possible");
                        assert_ne!((step.status, step.archived), (None, None), "{operation}");
                        if let Some(to) = step.status {
                            assert!(from.goes_to(to), "{operation}: {from} to {to}");
                            taken.insert((from, to));
                        }
                    }
                }
            }
        }
        let edges = ProjectStatus::ALL
            .iter()
            .flat_map(|from| from.next().iter().map(move |to| (*from, *to)))
            .collect();
        assert_eq!(taken, edges);
    }

    #[test]
    fn a_held_project_goes_on_where_it_was() {
        for (held_from, to) in [
            (Some(Planning), Planning),
            (Some(Active), Active),
            (None, Active),
            (Some(Cancelled), Active),
        ] {
            let held = Standing {
                held_from,
                ..standing(Some(OnHold))
            };
            assert_eq!(
                step(Operation::Resume, held).map(|step| step.status),
                Ok(Some(to))
            );
        }
    }

    #[test]
    fn only_what_is_over_is_archived_and_reopening_takes_it_out() {
        for status in ProjectStatus::ALL.iter().copied() {
            let archives = step(Operation::Archive, standing(Some(status))).is_ok();
            assert_eq!(archives, status.is_over(), "{status}");
        }
        let archived = Standing {
            archived: true,
            ..standing(Some(Completed))
        };
        assert_eq!(
            possible(archived),
            [Operation::Reopen, Operation::Unarchive]
        );
        assert_eq!(
            step(Operation::Reopen, archived),
            Ok(Step {
                status: Some(Active),
                archived: Some(false)
            })
        );
    }

    #[test]
    fn from_an_unknown_status_every_status_can_be_reached() {
        let reached: std::collections::BTreeSet<_> = possible(standing(None))
            .into_iter()
            .filter_map(|operation| step(operation, standing(None)).ok()?.status)
            .collect();
        assert_eq!(reached, ProjectStatus::ALL.iter().copied().collect());
    }

    #[test]
    fn the_refusal_says_what_is_possible() {
        let refused = step(Operation::Complete, standing(Some(Planning)));
        assert_eq!(
            refused.map_err(|problem| problem.to_string()),
            Err("complete is not possible while the project is planning; possible now: activate, hold, cancel".to_owned())
        );
    }
}
