//! Lists: newest first, by page number or by place.
//!
//! The order is `created_at DESC NULLS LAST, id DESC`. Times of the predecessor that are infinite sort as what they are:
//! `infinity` before every other, `-infinity` after every other, and both are shown as no time; rows without a time come
//! last. A place is the last row that was seen, so nothing is doubled or left out while others come in.

use super::{
    counts,
    criteria::Criteria,
    row::{COLUMNS, SubmissionRow},
};
use keylight_domain::{error::DomainError, submissions::Paging};
use keylight_store::StoreError;
use sqlx::{PgPool, Postgres, QueryBuilder};

/// One page of a list.
pub struct Page {
    /// Newest first; those without a time last.
    pub rows: Vec<SubmissionRow>,
    /// Exact number of rows in the whole list.
    pub total: i64,
    /// The place after this page; `None` at the end.
    pub next: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// At this page.
    Page(Paging),
    /// After this place, or at the beginning, with so many rows.
    After(&'a str, i32),
}

impl<'a> Start<'a> {
    /// Reads the paging of a request: page 0 asks for places.
    #[must_use]
    pub fn read(page: i64, page_size: i32, after: &'a str) -> Self {
        let paging = Paging::clamped(page, page_size);
        if page == 0 {
            Self::After(after, paging.page_size)
        } else {
            Self::Page(paging)
        }
    }
}

/// A page of those that match every filter.
///
/// # Errors
/// `InvalidInput` when the place is of another list.
pub async fn list(
    pool: &PgPool,
    criteria: &Criteria,
    start: Start<'_>,
) -> Result<Page, DomainError> {
    let digest = criteria.digest();
    let after = match start {
        Start::After(place, _) if !place.is_empty() => Some(read_place(place, digest)?),
        _ => None,
    };
    let mut page = Page {
        rows: Vec::new(),
        total: 0,
        next: None,
    };
    if criteria.nothing {
        return Ok(page);
    }
    page.total = counts::count(pool, criteria).await?;
    let more = match start {
        Start::Page(paging) => {
            if paging.offset() < page.total {
                page.rows = numbered(pool, criteria, paging).await?;
            }
            paging.offset() + i64::from(paging.page_size) < page.total
        }
        Start::After(_, size) => {
            let wanted = size as usize;
            if page.total > 0 {
                page.rows = following(pool, criteria, after, size + 1).await?;
            }
            let more = page.rows.len() > wanted;
            page.rows.truncate(wanted);
            more
        }
    };
    if more {
        page.next = page.rows.last().map(|row| place_of(row.id, digest));
    }
    Ok(page)
}

/// The ids of the first `limit` matches, by id.
///
/// # Errors
/// When the database fails.
pub async fn first_ids(
    pool: &PgPool,
    criteria: &Criteria,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    if criteria.nothing {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new("SELECT s.id FROM entity.submissions s");
    criteria.push(&mut query);
    query.push(" ORDER BY s.id LIMIT ").push_bind(limit);
    let ids = query
        .build_query_scalar()
        .persistent(false)
        .fetch_all(pool)
        .await?;
    Ok(ids)
}

// Statements with other filters than the values of few are planned each time: a connection keeps the plan that it made
// when the table was small, and that may be any index. The others read one index in its order, whatever the size.

const ORDER: &str = " ORDER BY s.created_at DESC NULLS LAST, s.id DESC";

async fn numbered(
    pool: &PgPool,
    criteria: &Criteria,
    paging: Paging,
) -> Result<Vec<SubmissionRow>, StoreError> {
    let (size, offset) = (i64::from(paging.page_size), paging.offset());
    if offset == 0 {
        let mut query = whole_rows();
        criteria.push(&mut query);
        query.push(ORDER).push(" LIMIT ").push_bind(size);
        return fetch(pool, query, criteria).await;
    }
    // the rows before the page are only counted off in the index
    let mut query = whole_rows();
    query.push(" JOIN (SELECT s.id, s.created_at FROM entity.submissions s");
    criteria.push(&mut query);
    query.push(ORDER).push(" LIMIT ").push_bind(size);
    query.push(" OFFSET ").push_bind(offset);
    query.push(") p ON p.id = s.id ORDER BY p.created_at DESC NULLS LAST, p.id DESC");
    fetch(pool, query, criteria).await
}

/// At most `limit` rows after `after`.
async fn following(
    pool: &PgPool,
    criteria: &Criteria,
    after: Option<i64>,
    limit: i32,
) -> Result<Vec<SubmissionRow>, StoreError> {
    let timeless = match after {
        None => false,
        Some(id) => sqlx::query_scalar!(
            r#"SELECT created_at IS NULL AS "timeless!" FROM entity.submissions WHERE id = $1"#,
            id
        )
        .fetch_optional(pool)
        .await?
        // a row that is gone for good has no place any more; those without a time are at least in order
        .unwrap_or(true),
    };
    let mut rows = Vec::new();
    if !timeless {
        let mut query = whole_rows();
        criteria.push(&mut query);
        match after {
            Some(id) => {
                query.push(
                    " AND (s.created_at, s.id) < ((SELECT created_at FROM entity.submissions WHERE id = ",
                );
                query.push_bind(id).push("), ").push_bind(id).push(")");
            }
            None => {
                query.push(" AND s.created_at IS NOT NULL");
            }
        }
        query
            .push(ORDER)
            .push(" LIMIT ")
            .push_bind(i64::from(limit));
        rows = fetch(pool, query, criteria).await?;
    }
    let missing = i64::from(limit) - i64::try_from(rows.len()).unwrap_or(i64::MAX);
    if missing > 0 {
        let mut query = whole_rows();
        criteria.push(&mut query);
        query.push(" AND s.created_at IS NULL");
        if let (Some(id), true) = (after, timeless) {
            query.push(" AND s.id < ").push_bind(id);
        }
        query.push(" ORDER BY s.id DESC LIMIT ").push_bind(missing);
        rows.extend(fetch(pool, query, criteria).await?);
    }
    Ok(rows)
}

fn whole_rows() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM entity.submissions s");
    query
}

async fn fetch(
    pool: &PgPool,
    mut query: QueryBuilder<Postgres>,
    criteria: &Criteria,
) -> Result<Vec<SubmissionRow>, StoreError> {
    let rows = query
        .build_query_as()
        .persistent(criteria.only_kinds())
        .fetch_all(pool)
        .await?;
    Ok(rows)
}

/// The place after a row, as text: sixteen digits for the list, sixteen for the row.
fn place_of(id: i64, digest: [u8; 8]) -> String {
    format!("{:016x}{id:016x}", u64::from_be_bytes(digest))
}

/// The row of a place.
fn read_place(place: &str, digest: [u8; 8]) -> Result<i64, DomainError> {
    let wrong = || {
        DomainError::invalid(
            "after must be what the page before gave as next, with the same filters",
        )
    };
    let number = |text: Option<&str>| {
        text.and_then(|text| u64::from_str_radix(text, 16).ok())
            .ok_or_else(wrong)
    };
    if place.len() != 32 || number(place.get(..16))? != u64::from_be_bytes(digest) {
        return Err(wrong());
    }
    Ok(number(place.get(16..))?.cast_signed())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_in_its_own_list_only() {
        let (one, other) = ([1; 8], [2; 8]);
        for id in [1, 42, i64::MAX, -5] {
            assert_eq!(read_place(&place_of(id, one), one), Ok(id));
            assert!(read_place(&place_of(id, one), other).is_err());
        }
        for bad in [
            "x",
            "+",
            "0101010101010101000000000000000é",
            &"z".repeat(32),
        ] {
            assert!(read_place(bad, one).is_err(), "{bad}");
        }
    }
}
