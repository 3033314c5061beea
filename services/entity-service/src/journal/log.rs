//! The event log in commit order.

use keylight_contracts::{time::to_wire, v1};
use keylight_store::StoreError;
use sqlx::PgPool;

/// Most events in one answer.
pub const MAX_EVENTS: i64 = 5000;

/// The events after a position.
///
/// Numbers are given out before transactions commit, so the newest rows may still have gaps that will fill. Only events
/// of transactions older than every running one are shown: behind those no gap can be. One long transaction anywhere on
/// the server therefore delays all readers, but never makes them miss an event.
///
/// # Errors
/// When the database fails.
pub async fn list(
    pool: &PgPool,
    after: v1::EventPosition,
    limit: i32,
) -> Result<Vec<v1::Event>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT xid::text AS "xid!", seq, id, type AS kind, submission_id, at, data::text AS "data!", correlation_id
           FROM entity.events
           WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
           ORDER BY xid, seq
           LIMIT $3"#,
        after.transaction.to_string(),
        after.sequence,
        i64::from(limit).clamp(1, MAX_EVENTS),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let transaction = row
                .xid
                .parse()
                .map_err(|_| StoreError::Defect("event position is not a number".to_owned()))?;
            Ok(v1::Event {
                position: Some(v1::EventPosition {
                    transaction,
                    sequence: row.seq,
                }),
                id: row.id.to_string(),
                r#type: row.kind,
                submission_id: row.submission_id,
                time: Some(to_wire(row.at)),
                data: row.data,
                correlation_id: row
                    .correlation_id
                    .map(|id| id.to_string())
                    .unwrap_or_default(),
            })
        })
        .collect()
}
