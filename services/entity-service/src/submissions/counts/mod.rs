//! How many there are of what, exact at once and without reading every submission.
//!
//! The database appends what each statement changed to `submission_deltas` (see the migration), [`fold`] moves it into
//! totals, and whoever asks adds both up in one statement, hence of one moment. [`check`] compares with a real count.

pub mod check;
pub mod fold;

use super::criteria::{Assigned, Criteria, KINDS};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use keylight_contracts::v1;
use keylight_store::StoreError;
use sqlx::{PgPool, Postgres, QueryBuilder};

/// Exact counts, as of this moment. `recent_since` bounds what counts as recent.
///
/// # Errors
/// When the database fails.
pub async fn stats(
    pool: &PgPool,
    recent_since: DateTime<Utc>,
) -> Result<v1::SubmissionStatsReply, StoreError> {
    // whole hours are counted already; of the hour in which the time lies, the index tells the rest
    let next_hour = recent_since
        .duration_trunc(TimeDelta::hours(1))
        .unwrap_or(recent_since)
        + TimeDelta::hours(1);
    let rows = sqlx::query!(
        r#"SELECT kind AS "kind!", value, sum(n)::bigint AS "n!" FROM (
               SELECT kind, value, n FROM entity.submission_values
               WHERE kind IN ('all', 'status', 'buyer_category', 'sync_state')
               UNION ALL
               SELECT k.kind, k.value, d.n FROM entity.submission_deltas d
               CROSS JOIN LATERAL (VALUES ('all', NULL), ('status', d.status), ('buyer_category', d.buyer_category),
                   ('sync_state', d.sync_state)) AS k (kind, value)
               UNION ALL
               SELECT 'recent', NULL, n FROM entity.submission_hours WHERE hour >= $2
               UNION ALL
               SELECT 'recent', NULL, n FROM entity.submission_deltas WHERE hour >= $2
               UNION ALL
               SELECT 'recent', NULL, count(*) FROM entity.submissions s
               WHERE s.deleted_at IS NULL AND s.created_at > $1 AND s.created_at < $2
           ) counts GROUP BY kind, value"#,
        recent_since,
        next_hour,
    )
    .fetch_all(pool)
    .await?;
    let mut reply = v1::SubmissionStatsReply::default();
    for row in rows {
        let slot = match (row.kind.as_str(), row.value.as_deref()) {
            ("all", _) => &mut reply.total,
            ("recent", _) => &mut reply.recent_count,
            ("status", Some("new")) => &mut reply.new_count,
            ("status", Some("reviewed")) => &mut reply.reviewed_count,
            ("status", Some("qualified")) => &mut reply.qualified_count,
            ("status", Some("disqualified")) => &mut reply.disqualified_count,
            ("status", Some("contacted")) => &mut reply.contacted_count,
            ("buyer_category", Some("homebuyer")) => &mut reply.homebuyer_count,
            ("buyer_category", Some("developer")) => &mut reply.developer_count,
            ("sync_state", Some("pending")) => &mut reply.sync_pending_count,
            ("sync_state", Some("failed")) => &mut reply.sync_failed_count,
            // values of the predecessor are counted in the total only
            _ => continue,
        };
        *slot = row.n;
    }
    Ok(reply)
}

/// Exact number of those that match every filter.
///
/// # Errors
/// When the database fails.
pub async fn count(pool: &PgPool, criteria: &Criteria) -> Result<i64, StoreError> {
    if criteria.nothing {
        return Ok(0);
    }
    if criteria.only_kinds() {
        return counted_ahead(pool, &criteria.kinds).await;
    }
    // most have nobody who takes care of them; it is quicker to count those that have
    let unassigned = Criteria {
        assigned: None,
        ..criteria.clone()
    };
    if criteria.assigned == Some(Assigned::Nobody) && unassigned.only_kinds() {
        let mut query = QueryBuilder::new("SELECT (");
        push_counted_ahead(&mut query, &criteria.kinds);
        query.push(") - (SELECT count(*) FROM entity.submissions s");
        unassigned.push(&mut query);
        query.push(" AND s.assignee IS NOT NULL)");
        return fetch(pool, query, false).await;
    }
    let mut query = QueryBuilder::new("SELECT count(*) FROM entity.submissions s");
    criteria.push(&mut query);
    fetch(pool, query, false).await
}

async fn counted_ahead(
    pool: &PgPool,
    kinds: &[Option<String>; KINDS.len()],
) -> Result<i64, StoreError> {
    let mut query = QueryBuilder::new("");
    push_counted_ahead(&mut query, kinds);
    fetch(pool, query, true).await
}

/// Adds a `SELECT` of the sum of totals and deltas of those with these values.
fn push_counted_ahead(query: &mut QueryBuilder<Postgres>, kinds: &[Option<String>; KINDS.len()]) {
    let given: Vec<(&str, &str)> = KINDS
        .iter()
        .zip(kinds)
        .filter_map(|(kind, value)| Some((*kind, value.as_deref()?)))
        .collect();
    query.push("SELECT coalesce(sum(n), 0)::bigint FROM (SELECT n FROM entity.");
    match given.as_slice() {
        [] => {
            query.push("submission_values WHERE kind = 'all'");
        }
        [(kind, value)] => {
            query.push("submission_values WHERE kind = '").push(*kind);
            query.push("' AND value = ").push_bind(*value);
        }
        _ => {
            query.push("submission_combinations WHERE true");
            push_values(query, &given);
        }
    }
    query.push(" UNION ALL SELECT n FROM entity.submission_deltas WHERE true");
    push_values(query, &given);
    query.push(") counts");
}

fn push_values(query: &mut QueryBuilder<Postgres>, given: &[(&str, &str)]) {
    for (kind, value) in given {
        query
            .push(" AND ")
            .push(*kind)
            .push(" = ")
            .push_bind(*value);
    }
}

async fn fetch(
    pool: &PgPool,
    mut query: QueryBuilder<Postgres>,
    keep_plan: bool,
) -> Result<i64, StoreError> {
    // what is counted ahead is in small tables; anything else is planned each time, as its list is
    let count = query
        .build_query_scalar()
        .persistent(keep_plan)
        .fetch_one(pool)
        .await?;
    Ok(count)
}
