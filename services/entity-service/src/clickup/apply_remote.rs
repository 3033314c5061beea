//! A change that staff made in ClickUp becomes ours.

use crate::{
    journal::{self, Cause, Change},
    submissions::{
        facts::{event_kind, facts},
        lock,
        row::{SubmissionRow, update_submission},
    },
};
use chrono::{DateTime, SubsecRound as _, Utc};
use keylight_domain::{
    error::{DomainError, ErrorCode},
    intake::{BuildBudget, BuyerCategory, ConstructionTimeline, LandStatus},
    submissions::SubmissionStatus,
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::{Map, Value, json};
use sqlx::PgPool;

/// Who makes these changes, in audit entries and events.
pub const ACTOR: &str = "clickup";

/// What ClickUp's values became, in our words; `None` = unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemoteValues {
    status: Option<SubmissionStatus>,
    build_budget: Option<BuildBudget>,
    construction_timeline: Option<ConstructionTimeline>,
    land_status: Option<LandStatus>,
    buyer_category: Option<BuyerCategory>,
}

impl RemoteValues {
    /// Reads the values by their names.
    ///
    /// # Errors
    /// `InvalidInput` that names the field whose value does not exist.
    pub fn read(
        status: Option<&str>,
        build_budget: Option<&str>,
        construction_timeline: Option<&str>,
        land_status: Option<&str>,
        buyer_category: Option<&str>,
    ) -> Result<Self, DomainError> {
        fn one<T>(
            field: &str,
            text: Option<&str>,
            parse: fn(&str) -> Option<T>,
        ) -> Result<Option<T>, DomainError> {
            text.map(|text| {
                parse(text)
                    .ok_or_else(|| DomainError::invalid(format!("{field} has no such value")))
            })
            .transpose()
        }
        Ok(Self {
            status: one("status", status, SubmissionStatus::parse)?,
            build_budget: one("build_budget", build_budget, BuildBudget::parse)?,
            construction_timeline: one(
                "construction_timeline",
                construction_timeline,
                ConstructionTimeline::parse,
            )?,
            land_status: one("land_status", land_status, LandStatus::parse)?,
            buyer_category: one("buyer_category", buyer_category, BuyerCategory::parse)?,
        })
    }

    /// The columns that differ, before and after.
    fn differences(&self, row: &SubmissionRow) -> (Map<String, Value>, Map<String, Value>) {
        let pairs = [
            (
                "status",
                row.status.as_deref(),
                self.status.map(SubmissionStatus::as_str),
            ),
            (
                "build_budget",
                Some(row.build_budget.as_str()),
                self.build_budget.map(BuildBudget::as_str),
            ),
            (
                "construction_timeline",
                Some(row.construction_timeline.as_str()),
                self.construction_timeline.map(ConstructionTimeline::as_str),
            ),
            (
                "land_status",
                Some(row.land_status.as_str()),
                self.land_status.map(LandStatus::as_str),
            ),
            (
                "buyer_category",
                Some(row.buyer_category.as_str()),
                self.buyer_category.map(BuyerCategory::as_str),
            ),
        ];
        let (mut old, mut new) = (Map::new(), Map::new());
        for (column, ours, theirs) in pairs {
            if theirs.is_some() && ours != theirs {
                old.insert(column.to_owned(), json!(ours));
                new.insert(column.to_owned(), json!(theirs));
            }
        }
        (old, new)
    }
}

/// One remote change.
pub struct Remote<'a> {
    /// The submission.
    pub submission_id: i64,
    /// What it became there.
    pub values: RemoteValues,
    /// The version of ours that the decision was based on.
    pub expected_version: i64,
    /// Task, history item or sweep, for the audit log.
    pub why: &'a str,
    /// When ClickUp says that it happened.
    pub remote_time: Option<DateTime<Utc>>,
    /// What it follows from.
    pub cause: Cause,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Our version now.
    pub version: i64,
    /// Whether anything differed.
    pub changed: bool,
}

/// Takes the change over. Both sides are equal in it afterwards: a submission that was in sync stays so, and one that
/// waits to be pushed for another reason keeps waiting.
///
/// # Errors
/// `Conflict` when our version is another than expected, `NotFound` when there is no such submission.
pub async fn apply(
    pool: &PgPool,
    clock: &dyn Clock,
    outbox: &Outbox,
    remote: Remote<'_>,
) -> Result<Applied, DomainError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let before = lock(&mut transaction, remote.submission_id).await?;
    if before.version != remote.expected_version {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            "The submission has changed meanwhile",
        ));
    }
    let (old, mut new) = remote.values.differences(&before);
    if new.is_empty() {
        return Ok(Applied {
            version: before.version,
            changed: false,
        });
    }
    let at = clock.now().trunc_subsecs(6);
    let values = remote.values;
    let after = update_submission!(
        "SET status = COALESCE($2, status), build_budget = COALESCE($3, build_budget),
             construction_timeline = COALESCE($4, construction_timeline), land_status = COALESCE($5, land_status),
             buyer_category = COALESCE($6, buyer_category), updated_at = $7, version = version + 1,
             synced_version = CASE WHEN synced_version = version THEN version + 1 ELSE synced_version END
         WHERE id = $1",
        remote.submission_id,
        values.status.map(SubmissionStatus::as_str),
        values.build_budget.map(BuildBudget::as_str),
        values.construction_timeline.map(ConstructionTimeline::as_str),
        values.land_status.map(LandStatus::as_str),
        values.buyer_category.map(BuyerCategory::as_str),
        at,
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if let Some(time) = remote.remote_time {
        new.insert("remote_time".to_owned(), json!(time));
    }
    let change = Change {
        at,
        actor: ACTOR,
        action: "changed in clickup",
        before: Value::Object(old),
        after: Value::Object(new),
        why: Some(remote.why).filter(|why| !why.is_empty()),
        cause: &remote.cause,
    };
    let (kind, facts) = (event_kind(&before, &after), facts(&before, &after, ACTOR));
    journal::tell(
        &mut transaction,
        outbox.origin,
        clock.new_id(),
        kind,
        &change,
        &facts,
    )
    .await?;
    transaction.commit().await.map_err(StoreError::from)?;
    outbox.wake();
    Ok(Applied {
        version: after.version,
        changed: true,
    })
}
