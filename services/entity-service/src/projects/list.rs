//! Lists of projects: filtered, sorted, a page at a time.

use super::{
    Workshop,
    cursor::{self, Place},
    row::{ProjectRow, select_projects},
};
use keylight_contracts::{time::from_wire, v1};
use keylight_domain::{
    error::DomainError,
    projects::{Sort, SortKey},
    submissions::{DEFAULT_PAGE_SIZE, Paging},
};
use keylight_store::StoreError;
use prost::Message as _;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use std::collections::HashMap;

/// A page of those that match.
///
/// # Errors
/// `InvalidInput` for an order that does not exist, or a place of another list.
pub async fn list(
    workshop: &Workshop,
    request: v1::ListProjectsRequest,
) -> Result<v1::ProjectPage, DomainError> {
    let sort = Sort::parse(&request.sort).map_err(DomainError::invalid)?;
    let filter = request.filter.unwrap_or_default();
    let page = request.page.unwrap_or_default();
    let bound = cursor::binding(&order_name(sort), &filter.encode_to_vec());
    let size = match page.size {
        0 => DEFAULT_PAGE_SIZE,
        size => size,
    };
    let paging = Paging::clamped(page.number, size);
    let mut connection = workshop.pool.acquire().await.map_err(StoreError::from)?;
    if matches_nothing(&filter) {
        return Ok(v1::ProjectPage::default());
    }
    let start = if page.number >= 1 {
        Start::Offset(paging.offset())
    } else if page.after.is_empty() {
        Start::Offset(0)
    } else {
        Start::After(place(&mut connection, sort, cursor::read(&page.after, bound)?).await?)
    };
    let total_count = count(&mut connection, &filter).await?;
    let size = usize::try_from(paging.page_size).unwrap_or(1);
    // one more than asked for tells whether there is a next page
    let mut places = places(&mut connection, &filter, sort, &start, size + 1).await?;
    let more = places.len() > size;
    places.truncate(size);
    let next = match places.last() {
        Some(last) if more => cursor::write(&kept(sort, last), bound),
        _ => String::new(),
    };
    let ids: Vec<i64> = places.iter().map(|place| place.id).collect();
    let projects = rows(&mut connection, &ids).await?;
    Ok(v1::ProjectPage {
        projects: projects.into_iter().map(Into::into).collect(),
        total_count,
        next,
    })
}

/// Where a page begins.
enum Start {
    Offset(i64),
    After(Place),
}

fn order_name(sort: Sort) -> String {
    let sign = if sort.descending { "-" } else { "" };
    format!("{sign}{}", sort.key)
}

/// The sorting column; one without a value sorts as the smallest there is, so that places compare.
const fn column(key: SortKey) -> &'static str {
    match key {
        SortKey::CreatedAt => "coalesce(p.created_at, '-infinity')",
        SortKey::UpdatedAt => "coalesce(p.updated_at, '-infinity')",
        SortKey::Name => "p.name",
        SortKey::Status => "coalesce(p.status, '')",
    }
}

const fn type_of(key: SortKey) -> &'static str {
    match key {
        SortKey::CreatedAt | SortKey::UpdatedAt => "::timestamptz",
        SortKey::Name | SortKey::Status => "::text",
    }
}

/// A place as it leaves the house. Names may be those of people, and places stand in addresses, which stand in logs: so
/// the place in a list by name is the id alone.
fn kept(sort: Sort, place: &Place) -> Place {
    match sort.key {
        SortKey::Name => Place {
            key: String::new(),
            id: place.id,
        },
        _ => place.clone(),
    }
}

/// The place that came back, with its key.
async fn place(
    connection: &mut PgConnection,
    sort: Sort,
    place: Place,
) -> Result<Place, DomainError> {
    if sort.key != SortKey::Name {
        return Ok(place);
    }
    let name = sqlx::query_scalar!("SELECT name FROM entity.projects WHERE id = $1", place.id)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::from)?;
    let key = name.ok_or_else(|| {
        DomainError::invalid("This place in the list is gone; begin again without it")
    })?;
    Ok(Place { key, id: place.id })
}

/// No text of the database holds a NUL character, and it does not take one in a question either.
fn matches_nothing(filter: &v1::ProjectFilter) -> bool {
    texts(filter)
        .into_iter()
        .map(|(_, value)| value)
        .chain([&filter.search])
        .flatten()
        .any(|value| value.contains('\0'))
}

/// Filters by equal text, with their columns.
fn texts(filter: &v1::ProjectFilter) -> [(&'static str, &Option<String>); 6] {
    [
        ("p.status", &filter.status),
        ("p.buyer_category", &filter.buyer_category),
        ("p.build_budget", &filter.build_budget),
        ("p.construction_timeline", &filter.construction_timeline),
        ("p.land_status", &filter.land_status),
        ("p.financing_plan", &filter.financing_plan),
    ]
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &v1::ProjectFilter) {
    query.push(if filter.archived == Some(true) {
        " WHERE p.archived_at IS NOT NULL"
    } else {
        " WHERE p.archived_at IS NULL"
    });
    if !filter.include_deleted {
        query.push(" AND p.deleted_at IS NULL");
    }
    for (column, value) in texts(filter) {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            query
                .push(" AND ")
                .push(column)
                .push(" = ")
                .push_bind(value.to_owned());
        }
    }
    if let Some(user_id) = filter.user_id {
        query
            .push(" AND p.id IN (SELECT m.project_id FROM entity.project_members m WHERE m.user_id = ")
            .push_bind(user_id)
            .push(")");
    }
    for (comparison, time) in [(" >= ", &filter.created_from), (" < ", &filter.created_to)] {
        if let Some(time) = time.as_ref().and_then(from_wire) {
            query
                .push(" AND coalesce(p.created_at, '-infinity')")
                .push(comparison)
                .push_bind(time);
        }
    }
    let term = filter.search.as_deref().map(str::trim).unwrap_or_default();
    if !term.is_empty() {
        let pattern = containing(term);
        // the search table gives candidates; what has not come there yet is looked at one by one
        query
            .push(" AND p.id IN (SELECT x.project_id FROM entity.project_search x WHERE x.text ILIKE ")
            .push_bind(pattern.clone())
            .push(
                " UNION ALL SELECT unnest(n.ids) FROM entity.project_search_pending n) AND (p.name ILIKE ",
            )
            .push_bind(pattern.clone())
            .push(" OR p.description ILIKE ")
            .push_bind(pattern)
            .push(")");
    }
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

async fn count(
    connection: &mut PgConnection,
    filter: &v1::ProjectFilter,
) -> Result<i64, StoreError> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM entity.projects p");
    push_filter(&mut query, filter);
    // the shape of the statement depends on the filter: plans are not worth keeping
    let query = query.build_query_scalar().persistent(false);
    Ok(query.fetch_one(connection).await?)
}

async fn places(
    connection: &mut PgConnection,
    filter: &v1::ProjectFilter,
    sort: Sort,
    start: &Start,
    limit: usize,
) -> Result<Vec<Place>, StoreError> {
    let (column, direction) = (column(sort.key), if sort.descending { " DESC" } else { "" });
    let mut query = QueryBuilder::new("SELECT p.id, ");
    query
        .push(column)
        .push("::text AS key FROM entity.projects p");
    push_filter(&mut query, filter);
    if let Start::After(place) = start {
        let comparison = if sort.descending {
            ", p.id) < ("
        } else {
            ", p.id) > ("
        };
        query
            .push(" AND (")
            .push(column)
            .push(comparison)
            .push_bind(place.key.clone())
            .push(type_of(sort.key))
            .push(", ")
            .push_bind(place.id)
            .push(")");
    }
    query
        .push(" ORDER BY ")
        .push(column)
        .push(direction)
        .push(", p.id")
        .push(direction)
        .push(" LIMIT ")
        .push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    if let Start::Offset(offset) = start {
        query.push(" OFFSET ").push_bind(*offset);
    }
    let rows = query
        .build()
        .persistent(false)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Place {
                id: row.try_get(0)?,
                key: row.try_get(1)?,
            })
        })
        .collect()
}

/// The projects with these ids, in this order.
async fn rows(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<ProjectRow>, StoreError> {
    let rows = select_projects!("WHERE p.id = ANY($1)", ids)
        .fetch_all(connection)
        .await?;
    let mut by_id: HashMap<i64, ProjectRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_by_name_tells_no_name() {
        let by = |key| Sort {
            key,
            descending: false,
        };
        let place = Place {
            key: "Home for Ada".to_owned(),
            id: 7,
        };
        assert_eq!(kept(by(SortKey::Name), &place).key, "");
        assert_eq!(kept(by(SortKey::Status), &place), place);
    }

    #[test]
    fn wildcards_are_plain_text() {
        assert_eq!(containing("50% a_b\\"), "%50\\% a\\_b\\\\%");
    }
}
