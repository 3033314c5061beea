//! What people look for: one, a page, a search, the newest.

use super::row::{SubmissionRow, select_submissions};
use chrono::{DateTime, Utc};
use keylight_domain::submissions::{Filter, Paging};
use keylight_store::StoreError;
use sqlx::PgPool;

/// One page of a list.
pub struct Page {
    /// Newest first; those without a time last.
    pub rows: Vec<SubmissionRow>,
    /// Exact number of rows in the whole list.
    pub total: i64,
}

impl Page {
    /// The list without rows.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            rows: Vec::new(),
            total: 0,
        }
    }
}

/// The submission with this id, unless it was deleted.
///
/// # Errors
/// When the database fails.
pub async fn get(pool: &PgPool, id: i64) -> Result<Option<SubmissionRow>, StoreError> {
    Ok(select_submissions!(
        "WHERE id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity'",
        id
    )
    .fetch_optional(pool)
    .await?)
}

/// A page of those that match every filter.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool, filter: &Filter, paging: Paging) -> Result<Page, StoreError> {
    if filter.matches_nothing() {
        return Ok(Page::empty());
    }
    let total = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM entity.submissions
           WHERE deleted_at IS NULL AND ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR buyer_category = $2)
             AND ($3::text IS NULL OR build_budget = $3) AND ($4::text IS NULL OR construction_timeline = $4)"#,
        filter.status.as_deref(),
        filter.buyer_category.as_deref(),
        filter.build_budget.as_deref(),
        filter.construction_timeline.as_deref(),
    )
    .fetch_one(pool)
    .await?;
    if paging.offset() >= total {
        return Ok(Page {
            rows: Vec::new(),
            total,
        });
    }
    let rows = select_submissions!(
        "WHERE deleted_at IS NULL AND ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR buyer_category = $2)
           AND ($3::text IS NULL OR build_budget = $3) AND ($4::text IS NULL OR construction_timeline = $4)
         ORDER BY created_at DESC NULLS LAST, id DESC LIMIT $5 OFFSET $6",
        filter.status.as_deref(),
        filter.buyer_category.as_deref(),
        filter.build_budget.as_deref(),
        filter.construction_timeline.as_deref(),
        i64::from(paging.page_size),
        paging.offset(),
    )
    .fetch_all(pool)
    .await?;
    Ok(Page { rows, total })
}

/// A page of those whose name, e-mail, company or description holds `term`, whatever the case. The term is plain text.
///
/// # Errors
/// When the database fails.
pub async fn search(pool: &PgPool, term: &str, paging: Paging) -> Result<Page, StoreError> {
    let pattern = containing(term);
    let total = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM entity.submissions
           WHERE deleted_at IS NULL AND (full_name ILIKE $1 OR email_address ILIKE $1 OR company_name ILIKE $1
             OR project_description ILIKE $1)"#,
        pattern,
    )
    .fetch_one(pool)
    .await?;
    if paging.offset() >= total {
        return Ok(Page {
            rows: Vec::new(),
            total,
        });
    }
    let rows = select_submissions!(
        "WHERE deleted_at IS NULL AND (full_name ILIKE $1 OR email_address ILIKE $1 OR company_name ILIKE $1
           OR project_description ILIKE $1)
         ORDER BY created_at DESC NULLS LAST, id DESC LIMIT $2 OFFSET $3",
        pattern,
        i64::from(paging.page_size),
        paging.offset(),
    )
    .fetch_all(pool)
    .await?;
    Ok(Page { rows, total })
}

/// The newest `limit` of those that came in after `since`.
///
/// # Errors
/// When the database fails.
pub async fn recent(
    pool: &PgPool,
    since: DateTime<Utc>,
    limit: i32,
) -> Result<Vec<SubmissionRow>, StoreError> {
    let rows = select_submissions!(
        "WHERE deleted_at IS NULL AND created_at > $1 ORDER BY created_at DESC NULLS LAST, id DESC LIMIT $2",
        since,
        i64::from(limit),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}

/// A pattern for `ILIKE` that matches texts with `term` in them, its wildcards taken as plain characters.
fn containing(term: &str) -> String {
    let mut pattern = String::with_capacity(term.len() + 2);
    pattern.push('%');
    for c in term.chars() {
        if matches!(c, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_plain_text() {
        assert_eq!(containing("50% a_b\\"), "%50\\% a\\_b\\\\%");
    }
}
