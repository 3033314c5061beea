//! Which rules are broken now.

use super::rules::{self, Rule};
use crate::projects::Workshop;
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// Most cases that are shown of each rule.
pub const MAX_EXAMPLES: i64 = 1000;

/// One record that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The record.
    pub id: i64,
    /// In words, without personal data.
    pub detail: String,
    /// The other record that a remedy needs.
    pub target: Option<i64>,
}

impl Case {
    /// The case as it travels.
    #[must_use]
    pub fn told(&self, rule: &Rule) -> v1::RecordProblem {
        v1::RecordProblem {
            rule: rule.name.to_owned(),
            entity: rule.entity.to_owned(),
            entity_id: self.id,
            detail: self.detail.clone(),
            remedy: rule.remedy_for(self.target),
        }
    }
}

/// Goes through all rules, one statement each, so that others get their turn in between. Each is true of one moment.
///
/// # Errors
/// When the database fails.
pub async fn check(
    workshop: &Workshop,
    request: v1::CheckRecordsRequest,
) -> Result<v1::RecordReport, DomainError> {
    let limit = i64::from(request.examples).clamp(1, MAX_EXAMPLES);
    let mut reports = Vec::new();
    for rule in rules::all() {
        let mut connection = workshop.pool.acquire().await.map_err(StoreError::from)?;
        let (count, cases) = cases(&mut connection, rule, &[], limit).await?;
        if count > 0 {
            reports.push(v1::RuleReport {
                rule: rule.name.to_owned(),
                meaning: rule.meaning.to_owned(),
                count,
                repairable: rule.remedy.is_some(),
                examples: cases.iter().map(|case| case.told(rule)).collect(),
            });
        }
    }
    Ok(v1::RecordReport {
        rules: reports,
        at: Some(to_wire(workshop.clock.now())),
    })
}

/// How many cases a rule has, and the first ones by id; only those of `ids` unless that is empty.
///
/// # Errors
/// When the database fails.
pub async fn cases(
    connection: &mut PgConnection,
    rule: &Rule,
    ids: &[i64],
    limit: i64,
) -> Result<(i64, Vec<Case>), StoreError> {
    // constants of ours; what callers send is bound
    let statement = AssertSqlSafe(if ids.is_empty() {
        format!(
            "WITH found AS MATERIALIZED (SELECT id, detail, target FROM ({}) c WHERE $1::bigint[] = '{{}}')
             SELECT id, detail, target, (SELECT count(*) FROM found) AS total FROM found ORDER BY id, target LIMIT $2",
            rule.cases
        )
    } else {
        format!(
            "WITH found AS MATERIALIZED (SELECT id, detail, target FROM ({}) c WHERE id = ANY($1))
             SELECT id, detail, target, (SELECT count(*) FROM found) AS total FROM found ORDER BY id, target LIMIT $2",
            rule.cases
        )
    });
    let rows = sqlx::query(statement)
        .bind(ids)
        .bind(limit)
        .persistent(false)
        .fetch_all(connection)
        .await?;
    let mut total = 0;
    let mut cases = Vec::with_capacity(rows.len());
    for row in rows {
        total = row.try_get(3)?;
        cases.push(Case {
            id: row.try_get(0)?,
            detail: row.try_get(1)?,
            target: row.try_get(2)?,
        });
    }
    Ok((total, cases))
}
