//! How many there are of what.

use super::criteria::Criteria;
use chrono::{DateTime, Utc};
use keylight_contracts::v1;
use keylight_store::StoreError;
use sqlx::{PgPool, QueryBuilder};

/// Exact counts, as of this moment. `recent_since` bounds what counts as recent.
///
/// # Errors
/// When the database fails.
pub async fn stats(
    pool: &PgPool,
    recent_since: DateTime<Utc>,
) -> Result<v1::SubmissionStatsReply, StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "total!",
               count(*) FILTER (WHERE status = 'new') AS "new!",
               count(*) FILTER (WHERE status = 'reviewed') AS "reviewed!",
               count(*) FILTER (WHERE status = 'qualified') AS "qualified!",
               count(*) FILTER (WHERE status = 'disqualified') AS "disqualified!",
               count(*) FILTER (WHERE status = 'contacted') AS "contacted!",
               count(*) FILTER (WHERE buyer_category = 'homebuyer') AS "homebuyer!",
               count(*) FILTER (WHERE buyer_category = 'developer') AS "developer!",
               count(*) FILTER (WHERE created_at > $1) AS "recent!",
               count(*) FILTER (WHERE sync_state = 'pending') AS "pending!",
               count(*) FILTER (WHERE sync_state = 'failed') AS "failed!"
           FROM entity.submissions WHERE deleted_at IS NULL"#,
        recent_since,
    )
    .fetch_one(pool)
    .await?;
    Ok(v1::SubmissionStatsReply {
        total: row.total,
        new_count: row.new,
        reviewed_count: row.reviewed,
        qualified_count: row.qualified,
        disqualified_count: row.disqualified,
        contacted_count: row.contacted,
        homebuyer_count: row.homebuyer,
        developer_count: row.developer,
        recent_count: row.recent,
        sync_pending_count: row.pending,
        sync_failed_count: row.failed,
    })
}

/// Exact number of those that match every filter.
///
/// # Errors
/// When the database fails.
pub async fn count(pool: &PgPool, criteria: &Criteria) -> Result<i64, StoreError> {
    if criteria.nothing {
        return Ok(0);
    }
    let mut query = QueryBuilder::new("SELECT count(*) FROM entity.submissions s");
    criteria.push(&mut query);
    let count = query
        .build_query_scalar()
        .persistent(false)
        .fetch_one(pool)
        .await?;
    Ok(count)
}
