//! What several answers hold.

use crate::envelope::time;
use keylight_contracts::v1;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Something that has to be mended, or that is left out.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingProblem)]
pub(crate) struct ProblemJson {
    /// Where in the document, for example `fields.budget.values.500k_plus`.
    path: String,
    problem: String,
    /// What to do about it.
    remedy: String,
}

impl From<v1::MappingProblem> for ProblemJson {
    fn from(problem: v1::MappingProblem) -> Self {
        Self {
            path: problem.path,
            problem: problem.problem,
            remedy: problem.remedy,
        }
    }
}

/// What a check of a document and of the live lists found.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingCheck)]
pub(crate) struct CheckJson {
    valid: bool,
    /// What has to be mended first.
    problems: Vec<ProblemJson>,
    /// What is left out because a list does not have it; stops nothing.
    left_out: Vec<ProblemJson>,
}

impl From<v1::MappingCheck> for CheckJson {
    fn from(check: v1::MappingCheck) -> Self {
        Self {
            valid: check.valid,
            problems: check.problems.into_iter().map(Into::into).collect(),
            left_out: check.left_out.into_iter().map(Into::into).collect(),
        }
    }
}

/// A version of the mapping.
#[derive(Serialize, ToSchema)]
#[schema(as = MappingVersion)]
pub(crate) struct VersionJson {
    /// 0 = everything by its name.
    version: i64,
    active: bool,
    /// The mapping; null in lists.
    document: Value,
    #[schema(format = DateTime)]
    made_at: Option<String>,
    /// Who made it active; null for version 0.
    actor: Option<String>,
    reason: Option<String>,
    /// The version that it is a copy of, after a roll-back.
    copy_of: Option<i64>,
    /// Tasks that it has not come to yet; only of the active one.
    behind: i64,
}

impl From<v1::MappingVersion> for VersionJson {
    fn from(version: v1::MappingVersion) -> Self {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        Self {
            version: version.version,
            active: version.active,
            document: serde_json::from_str(&version.document).unwrap_or(Value::Null),
            made_at: time(version.made_at.as_ref()),
            actor: filled(version.actor),
            reason: filled(version.reason),
            copy_of: version.copy_of,
            behind: version.behind,
        }
    }
}
