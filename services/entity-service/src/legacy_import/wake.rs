//! The wish for ClickUp tasks: imported applications get them only when somebody asks.

use super::{
    ImportError,
    told::{Counted, Imported},
};
use keylight_runtime::clock::Clock;
use keylight_store::outbox::Outbox;
use sqlx::PgConnection;
use uuid::Uuid;

/// Applications per transaction.
const AT_ONCE: i64 = 1000;

/// Turns on what stands still: the next applications that are `off` wait for ClickUp from now on, and their messages
/// go to the bulk lane. Returns how many; 0 at the end.
pub(super) async fn next(
    target: &mut PgConnection,
    clock: &dyn Clock,
    outbox: &Outbox,
    run: Uuid,
) -> Result<usize, ImportError> {
    let failed = ImportError::target;
    let mut transaction = sqlx::Connection::begin(target).await.map_err(failed)?;
    sqlx::query("SELECT set_config('entity.importing', 'on', true)")
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let rows = sqlx::query_as::<_, (i64, i64, Option<String>, Option<String>, String)>(
        "UPDATE entity.submissions s SET sync_state = 'pending'
         FROM (SELECT id FROM entity.submissions WHERE sync_state = 'off' AND legacy AND deleted_at IS NULL
               ORDER BY id LIMIT $1 FOR UPDATE) AS next
         WHERE s.id = next.id
         RETURNING s.id, s.version, s.created_at::text, s.status, s.buyer_category",
    )
    .bind(AT_ONCE)
    .fetch_all(&mut *transaction)
    .await
    .map_err(failed)?;
    let at = clock.now();
    let mut messages = Vec::with_capacity(rows.len());
    for (submission_id, version, created_at, status, buyer_category) in &rows {
        let told = Imported {
            submission_id: *submission_id,
            version: *version,
            now: Counted::of(created_at.as_deref(), status.as_deref()),
            before: None,
            buyer_category: buyer_category.clone(),
        };
        messages.push(told.message(clock.new_id(), at, run)?);
    }
    outbox.append(&mut transaction, &messages).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(rows.len())
}
