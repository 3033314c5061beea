//! Search for a piece of text.

use super::{
    list::Page,
    row::{SubmissionRow, select_submissions},
};
use keylight_domain::submissions::Paging;
use keylight_store::StoreError;
use sqlx::PgPool;

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
    let mut rows: Vec<SubmissionRow> = Vec::new();
    if paging.offset() < total {
        rows = select_submissions!(
            "WHERE s.deleted_at IS NULL AND (s.full_name ILIKE $1 OR s.email_address ILIKE $1 OR s.company_name ILIKE $1
               OR s.project_description ILIKE $1)
             ORDER BY s.created_at DESC NULLS LAST, s.id DESC LIMIT $2 OFFSET $3",
            pattern,
            i64::from(paging.page_size),
            paging.offset(),
        )
        .fetch_all(pool)
        .await?;
    }
    Ok(Page {
        rows,
        total,
        next: None,
    })
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
