//! Where the live lists no longer have what the active mapping names: a status was renamed, an option or a field removed, a
//! list deleted. It is reported with the records that it concerns, and stops nothing else.

use super::KnownMapping;
use super::known::gone;
use crate::chores::Chore;
use crate::remote::Remote;
use chrono::{DateTime, Utc};
use keylight_domain::sync::mapping::{Missing, Problem};
use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::sync::Arc;

/// Records shown of each finding.
const SAMPLE: i64 = 20;
/// Findings kept: a mapping has a few hundred values at most, and nobody reads more.
const MOST: usize = 500;

/// The chore.
pub struct Drift {
    /// The database.
    pub pool: PgPool,
    /// ClickUp.
    pub remote: Arc<Remote>,
}

/// A finding.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The list.
    pub list_id: String,
    /// A field of ours, or "list".
    pub field: String,
    /// Empty when all of the field is concerned.
    pub code: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
    /// Records that it concerns.
    pub records: i64,
    /// The first of them.
    pub sample: Vec<i64>,
    /// When it was found first.
    pub first_seen_at: DateTime<Utc>,
    /// When it was found last.
    pub seen_at: DateTime<Utc>,
}

struct Lack {
    list: String,
    field: String,
    code: String,
    problem: Problem,
    /// the document asks for it
    said: bool,
}

/// All that the lists lack.
fn lacks(known: &KnownMapping) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for (list, shown) in known.lists() {
        if shown.gone {
            lacks.push(Lack {
                list: list.to_owned(),
                field: "list".to_owned(),
                code: String::new(),
                problem: gone(list),
                said: known.uses(list),
            });
        }
        lacks.extend(shown.mapping.missing().map(|missing| lack(list, missing)));
    }
    lacks.truncate(MOST);
    lacks
}

fn lack(list: &str, missing: &Missing) -> Lack {
    Lack {
        list: list.to_owned(),
        field: missing.field.as_str().to_owned(),
        code: missing.code.clone().unwrap_or_default(),
        problem: missing.problem(list),
        said: missing.said,
    }
}

impl Drift {
    /// Number and sample of the records that have the value, or wait for its place.
    async fn concerned(&self, lack: &Lack) -> Result<(i64, Vec<i64>), StoreError> {
        let row = sqlx::query!(
            r#"WITH concerned AS (
                   SELECT submission_id FROM sync.links
                    WHERE coalesce(list_id, $1) = $2 AND progress <> 'unlinked'
                      AND ($3 = 'list'
                           OR base -> $3 ->> 'ours' = $4
                           OR ($4 IS NULL AND base -> $3 ->> 'ours' IS NOT NULL)
                           OR (NOT base ? $3 AND $3 = ANY(blocked))))
               SELECT count(*) AS "records!",
                      ARRAY(SELECT submission_id FROM concerned ORDER BY submission_id LIMIT $5) AS "sample!"
                 FROM concerned"#,
            self.remote.account.list_id,
            lack.list,
            lack.field,
            // codes stand in the base as they do in rows
            (!lack.code.is_empty()).then(|| format!("={}", lack.code)),
            SAMPLE,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((row.records, row.sample))
    }

    async fn store(
        &self,
        version: i64,
        lack: &Lack,
        found: (i64, Vec<i64>),
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            r#"INSERT INTO sync.mapping_drift AS d
                      (list_id, field, code, version, problem, remedy, records, sample, first_seen_at, seen_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
               ON CONFLICT (list_id, field, code) DO UPDATE SET
                      version = $4, problem = $5, remedy = $6, records = $7, sample = $8, seen_at = $9"#,
            lack.list,
            lack.field,
            lack.code,
            version,
            lack.problem.problem,
            lack.problem.remedy,
            found.0,
            &found.1,
            now,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Chore for Drift {
    const NAME: &'static str = "mapping-drift";

    async fn round(&self, began_at: DateTime<Utc>, _position: i64) -> anyhow::Result<(i64, bool)> {
        self.remote.distrust_list();
        let known = self.remote.surroundings().await?;
        let version = known.mapping.version;
        let mut findings = 0_u32;
        for lack in lacks(&known.mapping) {
            let concerned = self.concerned(&lack).await?;
            // what nobody asks for and no record has is no drift
            if lack.said || concerned.0 > 0 {
                self.store(version, &lack, concerned, began_at).await?;
                findings += 1;
            }
        }
        sqlx::query!(
            "DELETE FROM sync.mapping_drift WHERE seen_at < $1",
            began_at
        )
        .execute(&self.pool)
        .await?;
        metrics::gauge!("keylight_sync_mapping_drift").set(f64::from(findings));
        if findings > 0 {
            tracing::warn!(
                findings,
                "the clickup lists lack what the mapping names: see `/api/clickup/mapping/drift`"
            );
        }
        Ok((version, true))
    }
}

/// Everything that the last check found, and when it was.
///
/// # Errors
/// When the database is away.
pub async fn findings(pool: &PgPool) -> Result<(Vec<Finding>, Option<DateTime<Utc>>), StoreError> {
    let findings = sqlx::query_as!(
        Finding,
        r#"SELECT list_id, field, code, problem, remedy, records, sample, first_seen_at, seen_at
             FROM sync.mapping_drift ORDER BY list_id, field, code"#,
    )
    .fetch_all(pool)
    .await?;
    let checked_at = sqlx::query_scalar!(
        "SELECT last_run_at FROM sync.chores WHERE name = $1",
        <Drift as Chore>::NAME
    )
    .fetch_optional(pool)
    .await?;
    Ok((findings, checked_at.flatten()))
}
