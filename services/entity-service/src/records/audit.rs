//! What was done, newest first.

use crate::projects::{
    Workshop,
    cursor::{self, Place},
};
use keylight_contracts::v1;
use keylight_domain::{
    error::DomainError,
    submissions::{DEFAULT_PAGE_SIZE, Paging},
};
use keylight_store::StoreError;
use prost::Message as _;
use sqlx::{Postgres, QueryBuilder, Row as _};

/// A page of the audit log.
///
/// # Errors
/// `InvalidInput` for a place of another list.
pub async fn list(
    workshop: &Workshop,
    mut request: v1::ListAuditRequest,
) -> Result<v1::AuditPage, DomainError> {
    let page = request.page.take().unwrap_or_default();
    let bound = cursor::binding("audit", &request.encode_to_vec());
    let size = match page.size {
        0 => DEFAULT_PAGE_SIZE,
        size => size,
    };
    let paging = Paging::clamped(page.number, size);
    let Some(mut query) = statement(&request) else {
        return Ok(v1::AuditPage::default());
    };
    if page.number < 1 && !page.after.is_empty() {
        let place = cursor::read(&page.after, bound)?;
        query.push(" AND id < ").push_bind(place.id);
    }
    let size = i64::from(paging.page_size);
    query.push(" ORDER BY id DESC LIMIT ").push_bind(size + 1);
    if page.number >= 1 {
        query.push(" OFFSET ").push_bind(paging.offset());
    }
    let rows = query
        .build()
        .persistent(false)
        .fetch_all(&workshop.pool)
        .await
        .map_err(StoreError::from)?;
    let mut entries = rows
        .iter()
        .map(entry)
        .collect::<Result<Vec<_>, _>>()
        .map_err(StoreError::from)?;
    let more = i64::try_from(entries.len()).unwrap_or(i64::MAX) > size;
    entries.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next = match entries.last() {
        Some(last) if more => cursor::write(
            &Place {
                key: String::new(),
                id: last.id,
            },
            bound,
        ),
        _ => String::new(),
    };
    Ok(v1::AuditPage { entries, next })
}

/// The statement up to its filters; `None` when nothing can match.
fn statement(request: &v1::ListAuditRequest) -> Option<QueryBuilder<Postgres>> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (entity, record) = (given(&request.entity), given(&request.entity_id));
    let (actor, chain) = (given(&request.actor), given(&request.correlation_id));
    if [&entity, &record, &actor]
        .into_iter()
        .flatten()
        .any(|text| text.contains('\0'))
    {
        return None;
    }
    let mut query = QueryBuilder::new(
        "SELECT id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), actor, action, entity, \
         coalesce(record_id, entity_id::text), coalesce(before::text, ''), coalesce(after::text, ''), \
         coalesce(cause, ''), coalesce(correlation_id::text, '') FROM entity.audit_log WHERE true",
    );
    if let Some(entity) = entity {
        query.push(" AND entity = ").push_bind(entity);
    }
    if let Some(record) = record {
        match record.parse::<i64>() {
            Ok(number) => query
                .push(" AND record_id IS NULL AND entity_id = ")
                .push_bind(number),
            Err(_) => query
                .push(" AND entity_id = 0 AND record_id = ")
                .push_bind(record),
        };
    }
    if let Some(actor) = actor {
        query.push(" AND actor = ").push_bind(actor);
    }
    if let Some(chain) = chain {
        // a chain that is no id is no chain
        query
            .push(" AND correlation_id = ")
            .push_bind(uuid::Uuid::try_parse(&chain).ok()?);
    }
    Some(query)
}

fn entry(row: &sqlx::postgres::PgRow) -> Result<v1::AuditEntry, sqlx::Error> {
    Ok(v1::AuditEntry {
        id: row.try_get(0)?,
        at: row.try_get(1)?,
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        entity: row.try_get(4)?,
        entity_id: row.try_get(5)?,
        before: row.try_get(6)?,
        after: row.try_get(7)?,
        why: row.try_get(8)?,
        correlation_id: row.try_get(9)?,
    })
}
