//! Two records of one person become one: everything of the merged one moves to the one that is kept.

use super::{act::Act, address, locks, merges, not_found};
use crate::{
    journal::Record,
    submissions::row::{select_submissions, update_submission},
};
use keylight_contracts::{events::SUBMISSION_UPDATED, v1};
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

/// Merges `merged_id` into `kept_id`. What the kept person is called stays as it is. The address of the merged one goes
/// to whoever else has it, the kept person first, or becomes free.
///
/// # Errors
/// `InvalidInput` when both are one, `NotFound`, `Conflict` when one of them was merged already.
pub async fn merge(
    connection: &mut PgConnection,
    act: &Act<'_>,
    kept_id: i64,
    merged_id: i64,
) -> Result<v1::Merge, DomainError> {
    if kept_id == merged_id {
        return Err(DomainError::invalid(
            "kept_id and merged_id must be two different people",
        ));
    }
    let people = locks::lock(connection, &[kept_id, merged_id]).await?;
    let find = |id: i64| {
        people
            .iter()
            .find(|person| person.id == id)
            .ok_or_else(not_found)
    };
    let (kept, merged) = (find(kept_id)?, find(merged_id)?);
    locks::check_present(kept)?;
    locks::check_present(merged)?;

    let id = act.clock.new_id();
    sqlx::query!(
        "INSERT INTO entity.merges (id, kept_id, merged_id, at, actor, held_email) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        kept_id,
        merged_id,
        act.at,
        act.caller.actor,
        merged.holds_email,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let two = Two {
        merge_id: id,
        from: merged_id,
        to: kept_id,
    };
    let submissions = two.move_all_submissions(connection, act).await?;
    remember(connection, id, "submission", &submissions).await?;
    let projects = two.move_all_projects(connection, act).await?;
    remember(connection, id, "project", &projects).await?;
    two.move_all_roles(connection, &projects).await?;

    sqlx::query!(
        "UPDATE entity.users SET version = version + 1, updated_at = $3,
             merged_into = CASE WHEN id = $1 THEN $2::bigint END,
             holds_email = holds_email AND id <> $1,
             open_submissions = CASE WHEN id = $1 THEN 0 ELSE open_submissions END
         WHERE id IN ($1, $2)",
        merged_id,
        kept_id,
        act.at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    if merged.holds_email {
        let successor =
            address::pass_on(connection, &merged.email_key, merged_id, Some(kept_id)).await?;
        sqlx::query!(
            "UPDATE entity.merges SET successor_id = $2 WHERE id = $1",
            id,
            successor
        )
        .execute(&mut *connection)
        .await
        .map_err(StoreError::from)?;
    }
    address::recount(
        connection,
        &[kept.email_key.clone(), merged.email_key.clone()],
    )
    .await?;
    let (before, after) = (
        json!({ "merged_into": null }),
        json!({ "merged_into": kept_id, "merge_id": id }),
    );
    act.note(connection, Record::User(merged_id), "merged", before, after)
        .await?;
    let after = json!({ "merged_person": merged_id, "merge_id": id });
    act.note(
        connection,
        Record::User(kept_id),
        "merged with another",
        json!(null),
        after,
    )
    .await?;
    merges::read(connection, id).await
}

async fn remember(
    connection: &mut PgConnection,
    merge_id: Uuid,
    kind: &str,
    ids: &[i64],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO entity.merge_moves (merge_id, kind, record_id) SELECT $1, $2, id FROM unnest($3::bigint[]) t (id)",
        merge_id,
        kind,
        ids,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// From whom to whom.
pub(super) struct Two {
    pub(super) merge_id: Uuid,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Two {
    /// Deleted ones move too, so that they come back to the right person.
    async fn move_all_submissions(
        &self,
        connection: &mut PgConnection,
        act: &Act<'_>,
    ) -> Result<Vec<i64>, StoreError> {
        let ids = sqlx::query_scalar!(
            "SELECT id FROM entity.submissions WHERE user_id = $1 ORDER BY id FOR UPDATE",
            self.from,
        )
        .fetch_all(&mut *connection)
        .await?;
        self.move_submissions(connection, act, &ids).await?;
        Ok(ids)
    }

    /// Moves submissions that are with `from`, and tells of each. They are read again by ClickUp's worker, which finds
    /// nothing to do: who owns a submission is no field of a task.
    pub(super) async fn move_submissions(
        &self,
        connection: &mut PgConnection,
        act: &Act<'_>,
        ids: &[i64],
    ) -> Result<(), StoreError> {
        let before = select_submissions!(
            "WHERE id = ANY($1) AND user_id = $2 ORDER BY id FOR UPDATE",
            ids,
            self.from
        )
        .fetch_all(&mut *connection)
        .await?;
        let deleted = sqlx::query_scalar!(
            "SELECT id FROM entity.submissions WHERE id = ANY($1) AND deleted_at IS NOT NULL",
            ids,
        )
        .fetch_all(&mut *connection)
        .await?;
        let after = update_submission!(
            "SET user_id = $3, version = version + 1, updated_at = $4,
                 sync_state = CASE WHEN sync_state = 'off' OR deleted_at IS NOT NULL THEN sync_state ELSE 'pending' END
             WHERE id = ANY($1) AND user_id = $2",
            ids,
            self.from,
            self.to,
            act.at
        )
        .fetch_all(&mut *connection)
        .await?;
        for row in &before {
            let Some(now) = after.iter().find(|now| now.id == row.id) else {
                continue;
            };
            let (was, is) = (
                json!({ "user_id": self.from }),
                json!({ "user_id": self.to, "merge_id": self.merge_id }),
            );
            if deleted.contains(&row.id) {
                act.note(
                    connection,
                    Record::Submission(row.id),
                    "person set",
                    was,
                    is,
                )
                .await?;
            } else {
                act.tell(
                    connection,
                    SUBMISSION_UPDATED,
                    "person set",
                    (row, now),
                    (was, is),
                )
                .await?;
            }
        }
        Ok(())
    }

    async fn move_all_projects(
        &self,
        connection: &mut PgConnection,
        act: &Act<'_>,
    ) -> Result<Vec<i64>, StoreError> {
        let ids = sqlx::query_scalar!(
            "SELECT id FROM entity.projects WHERE user_id = $1 ORDER BY id FOR UPDATE",
            self.from,
        )
        .fetch_all(&mut *connection)
        .await?;
        self.move_projects(connection, act, &ids).await?;
        Ok(ids)
    }

    /// Moves projects that `from` owns.
    pub(super) async fn move_projects(
        &self,
        connection: &mut PgConnection,
        act: &Act<'_>,
        ids: &[i64],
    ) -> Result<(), StoreError> {
        let moved = sqlx::query_scalar!(
            "UPDATE entity.projects SET user_id = $3, version = version + 1, updated_at = $4
             WHERE id = ANY($1) AND user_id = $2 RETURNING id",
            ids,
            self.from,
            self.to,
            act.at,
        )
        .fetch_all(&mut *connection)
        .await?;
        for id in moved {
            let (was, is) = (
                json!({ "user_id": self.from }),
                json!({ "user_id": self.to, "merge_id": self.merge_id }),
            );
            act.note(connection, Record::Project(id), "owner set", was, is)
                .await?;
        }
        Ok(())
    }

    /// A role that the kept person has already, or that says less than owning the project, is dropped and remembered.
    async fn move_all_roles(
        &self,
        connection: &mut PgConnection,
        moved_projects: &[i64],
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "WITH dropped AS (
                 DELETE FROM entity.project_people WHERE user_id = $2 AND project_id = ANY($3)
                 RETURNING project_id, role, added_at
             )
             INSERT INTO entity.merge_moves (merge_id, kind, record_id, role, added_at)
             SELECT $1, 'kept_role_dropped', project_id, role, added_at FROM dropped",
            self.merge_id,
            self.to,
            moved_projects,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "WITH dropped AS (
                 DELETE FROM entity.project_people f WHERE f.user_id = $2
                     AND (EXISTS (SELECT FROM entity.project_people t
                                  WHERE t.project_id = f.project_id AND t.user_id = $3 AND t.role = f.role)
                          OR EXISTS (SELECT FROM entity.projects p WHERE p.id = f.project_id AND p.user_id = $3))
                 RETURNING f.project_id, f.role, f.added_at
             )
             INSERT INTO entity.merge_moves (merge_id, kind, record_id, role, added_at)
             SELECT $1, 'role_dropped', project_id, role, added_at FROM dropped",
            self.merge_id,
            self.from,
            self.to,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!(
            "WITH moved AS (
                 UPDATE entity.project_people SET user_id = $3 WHERE user_id = $2
                 RETURNING project_id, role, added_at
             )
             INSERT INTO entity.merge_moves (merge_id, kind, record_id, role, added_at)
             SELECT $1, 'role', project_id, role, added_at FROM moved",
            self.merge_id,
            self.from,
            self.to,
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
