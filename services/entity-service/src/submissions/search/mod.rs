//! Search for a piece of text in name, e-mail address, company and description, whatever the case.
//!
//! [`documents`] keeps one lower-case document for each submission, with an index of its trigrams. Of submissions that
//! changed a moment ago the document may be old; those are few, they are known by id, and they are looked at themselves.
//! So what is found is exact at once. A term of fewer than three characters has no trigram: it is looked for in every
//! document, which is still much less than every submission.

pub mod documents;

use super::{
    list::Page,
    row::{COLUMNS, SubmissionRow},
};
use keylight_domain::submissions::Paging;
use keylight_store::StoreError;
use sqlx::{PgPool, QueryBuilder};
use std::collections::HashMap;

/// Between the texts of a document. A term that holds it might match across the border of two texts.
const BORDER: char = '\u{1}';

/// A page of those that hold `term`, newest first. The term is plain text.
///
/// # Errors
/// When the database fails.
pub async fn search(pool: &PgPool, term: &str, paging: Paging) -> Result<Page, StoreError> {
    let pattern = containing(term);
    let mut query = QueryBuilder::new(
        "WITH waiting AS MATERIALIZED (
             SELECT DISTINCT unnest(ids) AS id FROM entity.submission_search_pending
         ), hits AS MATERIALIZED (
             SELECT x.submission_id AS id, x.created_at FROM entity.submission_search x
             WHERE x.document LIKE lower(",
    );
    query.push_bind(&pattern);
    query.push(") AND NOT EXISTS (SELECT FROM waiting w WHERE w.id = x.submission_id)");
    if term.contains(BORDER) {
        query.push(
            " AND EXISTS (SELECT FROM entity.submissions s WHERE s.id = x.submission_id AND ",
        );
        push_match(&mut query, &pattern);
        query.push(")");
    }
    query.push(
        " UNION ALL
             SELECT s.id, s.created_at FROM waiting w JOIN entity.submissions s ON s.id = w.id
             WHERE coalesce(s.deleted_at, 'infinity') = 'infinity' AND ",
    );
    push_match(&mut query, &pattern);
    query.push(
        ") SELECT (SELECT count(*) FROM hits),
               ARRAY(SELECT id FROM hits ORDER BY created_at DESC NULLS LAST, id DESC LIMIT ",
    );
    query
        .push_bind(i64::from(paging.page_size))
        .push(" OFFSET ");
    query.push_bind(paging.offset()).push(")");
    // planned each time: whether the index helps depends on the term
    let (total, ids): (i64, Vec<i64>) = query
        .build_query_as()
        .persistent(false)
        .fetch_one(pool)
        .await?;
    Ok(Page {
        rows: in_order(pool, &ids).await?,
        total,
        next: None,
    })
}

fn push_match(query: &mut QueryBuilder<sqlx::Postgres>, pattern: &str) {
    query.push("(s.full_name ILIKE ").push_bind(pattern);
    query.push(" OR s.email_address ILIKE ").push_bind(pattern);
    query.push(" OR s.company_name ILIKE ").push_bind(pattern);
    query
        .push(" OR s.project_description ILIKE ")
        .push_bind(pattern)
        .push(")");
}

/// The submissions with these ids, in their order.
async fn in_order(pool: &PgPool, ids: &[i64]) -> Result<Vec<SubmissionRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS);
    query.push(" FROM entity.submissions s WHERE coalesce(s.deleted_at, 'infinity') = 'infinity' AND s.id = ANY(");
    query.push_bind(ids).push(")");
    let rows: Vec<SubmissionRow> = query
        .build_query_as()
        .persistent(false)
        .fetch_all(pool)
        .await?;
    let mut rows: HashMap<i64, SubmissionRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

/// A pattern for `LIKE` that matches texts with `term` in them, its wildcards taken as plain characters.
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
