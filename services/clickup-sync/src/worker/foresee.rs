//! What a try would do, without doing it: for people who are about to replay a record.

use super::{Worker, job::Seen};
use crate::{links::Claim, remote::snapshot};
use keylight_clickup::UpdateTask;
use keylight_domain::error::DomainError;
use keylight_domain::sync::{
    Mapping, Plan,
    decide::{Decision, Progress},
};

/// What the first steps of a try would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Calls to ClickUp, as `METHOD /route`, in their order.
    pub calls: Vec<String>,
    /// What depends on their answers, or why there is none.
    pub note: &'static str,
}

impl Worker {
    /// What a try with the link as it stands in `claim` would call. Asks the system of record, and makes no call itself.
    ///
    /// # Errors
    /// When the system of record is away.
    pub async fn foresee(&self, claim: Claim) -> Result<Foreseen, DomainError> {
        let Some(known) = self.remote.known() else {
            return Ok(Foreseen {
                calls: vec![
                    "GET /v2/user".to_owned(),
                    "GET /v2/list/{list}".to_owned(),
                    "GET /v2/list/{list}/field".to_owned(),
                ],
                note: "the list was not read yet; what comes after depends on it",
            });
        };
        let submission = self.entity.submission(claim.submission_id).await?;
        let stale = claim.progress == Progress::TaskGone;
        let mut job = self.job(claim, submission, known, None);
        job.claim.stale |= stale;
        job.link_again();
        if let Progress::Uncertain {
            searched_at: None, ..
        } = job.claim.progress
        {
            return Ok(found_first());
        }
        let marker = job.marker();
        let ours = job
            .submission
            .as_ref()
            .map(|submission| job.our_view(submission, &marker));
        debug_assert!(matches!(job.seen, Seen::Nothing));
        job.take_up_mapping(ours.as_ref());
        Ok(match job.decide(ours.as_ref()) {
            Decision::Create if job.known.mapping.is_gone(job.list()) => Foreseen {
                calls: Vec::new(),
                note: "the list is gone; it waits until it is back or the mapping names another",
            },
            Decision::Create => Foreseen {
                calls: vec!["POST /v2/list/{list}/task".to_owned()],
                note: "makes the task",
            },
            Decision::FindMarker | Decision::WaitUntil(_) => found_first(),
            Decision::GetRemote => Foreseen {
                calls: vec!["GET /v2/task/{task}".to_owned()],
                note: "writes follow only for what differs then",
            },
            Decision::Move(plan) => Foreseen {
                calls: writes(&plan, job.mapping()),
                note: "writes what differs from what both sides last agreed on",
            },
            Decision::Done(_) => Foreseen {
                calls: Vec::new(),
                note: "nothing differs",
            },
            Decision::Unlink => Foreseen {
                calls: Vec::new(),
                note: "the submission is deleted; the task is left alone",
            },
            Decision::TaskGone => Foreseen {
                calls: Vec::new(),
                note: "the task is deleted",
            },
        })
    }
}

fn found_first() -> Foreseen {
    Foreseen {
        calls: vec!["GET /v2/list/{list}/task".to_owned()],
        note: "looks for a task of an earlier try by its marker; makes one only when there is none",
    }
}

fn writes(plan: &Plan, mapping: &Mapping) -> Vec<String> {
    let mut calls = Vec::new();
    if snapshot::update(&plan.push, mapping) != UpdateTask::default() {
        calls.push("PUT /v2/task/{task}".to_owned());
    }
    for (field, value) in plan.push.iter().filter(|(field, _)| field.is_custom()) {
        let sets = mapping.write(field, value).is_some();
        let method = if sets { "POST" } else { "DELETE" };
        calls.push(format!(
            "{method} /v2/task/{{task}}/field/{{field}} ({})",
            field.as_str()
        ));
    }
    calls
}
