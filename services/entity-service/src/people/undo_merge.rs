//! A merge is taken back: what still is where it was put goes back; what is not is told in words.

use super::{act::Act, address, locks, merge::Two, merges, not_found, row::PersonRow};
use crate::journal::Record;
use chrono::{DateTime, Utc};
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

struct Move {
    kind: String,
    record_id: i64,
    role: String,
    added_at: Option<DateTime<Utc>>,
}

/// Takes the merge back.
///
/// # Errors
/// `NotFound` when there is no such merge; `Conflict` when it was undone already, or one of the two was erased.
pub async fn undo(
    connection: &mut PgConnection,
    act: &Act<'_>,
    merge_id: &str,
) -> Result<v1::Merge, DomainError> {
    let none = || DomainError::not_found("Merge not found");
    let merge_id = Uuid::try_parse(merge_id).map_err(|_| none())?;
    // the people first, as in a merge
    let ids = sqlx::query!(
        "SELECT kept_id, merged_id FROM entity.merges WHERE id = $1",
        merge_id
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(none)?;
    let people = locks::lock(connection, &[ids.kept_id, ids.merged_id]).await?;
    let find = |id: i64| {
        people
            .iter()
            .find(|person| person.id == id)
            .ok_or_else(not_found)
    };
    let (kept, merged) = (find(ids.kept_id)?, find(ids.merged_id)?);
    let merge = sqlx::query!(
        "SELECT held_email, successor_id, undone_at FROM entity.merges WHERE id = $1 FOR UPDATE",
        merge_id,
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    if merge.undone_at.is_some() || merged.merged_into != Some(kept.id) {
        return Err(locks::conflict("The merge was undone already"));
    }
    if kept.erased_at.is_some() || merged.erased_at.is_some() {
        return Err(locks::conflict(
            "The data of these people was erased: the merge cannot be undone",
        ));
    }

    let mut left = put_back(connection, act, merge_id, kept, merged).await?;
    sqlx::query!(
        "UPDATE entity.users SET version = version + 1, updated_at = $3,
             merged_into = CASE WHEN id = $1 THEN NULL ELSE merged_into END
         WHERE id IN ($1, $2)",
        merged.id,
        kept.id,
        act.at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    if merge.held_email
        && let Some(holder) =
            address::take_back(connection, &merged.email_key, merged.id, merge.successor_id).await?
    {
        left.push(format!(
            "The e-mail address of person {} is that of person {holder} now: applications of that address go there",
            merged.id
        ));
    }
    address::recount(
        connection,
        &[kept.email_key.clone(), merged.email_key.clone()],
    )
    .await?;
    sqlx::query!(
        "UPDATE entity.merges SET undone_at = $2, left_behind = $3 WHERE id = $1",
        merge_id,
        act.at,
        &left,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let (before, after) = (
        json!({ "merged_into": kept.id }),
        json!({ "merged_into": null, "merge_id": merge_id }),
    );
    act.note(
        connection,
        Record::User(merged.id),
        "merge undone",
        before,
        after,
    )
    .await?;
    let before = json!({ "merged_person": merged.id, "merge_id": merge_id });
    act.note(
        connection,
        Record::User(kept.id),
        "merge undone",
        before,
        json!(null),
    )
    .await?;
    merges::read(connection, merge_id).await
}

/// Puts records back, and says what could not be.
async fn put_back(
    connection: &mut PgConnection,
    act: &Act<'_>,
    merge_id: Uuid,
    kept: &PersonRow,
    merged: &PersonRow,
) -> Result<Vec<String>, StoreError> {
    let moves = sqlx::query_as!(
        Move,
        "SELECT kind, record_id, role, added_at FROM entity.merge_moves WHERE merge_id = $1 ORDER BY kind, record_id, role",
        merge_id,
    )
    .fetch_all(&mut *connection)
    .await?;
    let of_kind = |kind: &str| -> Vec<i64> {
        let those = moves.iter().filter(|one| one.kind == kind);
        those.map(|one| one.record_id).collect()
    };
    let mut left = Vec::new();
    // roles first: whether they still stand is judged by who owns the project now
    for one in moves.iter().filter(|one| one.kind.contains("role")) {
        if !put_role_back(connection, one, kept.id, merged.id).await? {
            left.push(format!(
                "Project {}: the role {} was taken away or is no longer theirs",
                one.record_id, one.role
            ));
        }
    }
    let back = Two {
        merge_id,
        from: kept.id,
        to: merged.id,
    };
    let submissions = of_kind("submission");
    let elsewhere = sqlx::query_scalar!(
        "SELECT id FROM entity.submissions WHERE id = ANY($1) AND user_id IS DISTINCT FROM $2 ORDER BY id",
        &submissions,
        kept.id,
    )
    .fetch_all(&mut *connection)
    .await?;
    left.extend(
        elsewhere
            .iter()
            .map(|id| format!("Submission {id} is with another person now")),
    );
    back.move_submissions(connection, act, &submissions).await?;
    let projects = of_kind("project");
    let elsewhere = sqlx::query_scalar!(
        "SELECT id FROM entity.projects WHERE id = ANY($1) AND user_id IS DISTINCT FROM $2 ORDER BY id",
        &projects,
        kept.id,
    )
    .fetch_all(&mut *connection)
    .await?;
    left.extend(
        elsewhere
            .iter()
            .map(|id| format!("Project {id} has another owner now")),
    );
    back.move_projects(connection, act, &projects).await?;
    Ok(left)
}

/// Puts one role back if the kept person still stands where the merge put them. Says whether it was.
async fn put_role_back(
    connection: &mut PgConnection,
    one: &Move,
    kept_id: i64,
    merged_id: i64,
) -> Result<bool, StoreError> {
    let done = match one.kind.as_str() {
        "role" => {
            sqlx::query!(
                "UPDATE entity.project_people SET user_id = $3
             WHERE project_id = $1 AND role = $2 AND user_id = $4
               AND NOT EXISTS (SELECT FROM entity.project_people o
                               WHERE o.project_id = $1 AND o.role = $2 AND o.user_id = $3)",
                one.record_id,
                one.role,
                merged_id,
                kept_id,
            )
            .execute(connection)
            .await?
        }
        kind => {
            let whose = if kind == "kept_role_dropped" {
                kept_id
            } else {
                merged_id
            };
            sqlx::query!(
                "INSERT INTO entity.project_people (project_id, user_id, role, added_at)
                 SELECT $1, $4, $2, coalesce($5, now())
                 WHERE EXISTS (SELECT FROM entity.project_members m
                               WHERE m.project_id = $1 AND m.user_id = $3 AND m.role IN ('owner', $2))
                 ON CONFLICT DO NOTHING",
                one.record_id,
                one.role,
                kept_id,
                whose,
                one.added_at,
            )
            .execute(connection)
            .await?
        }
    };
    Ok(done.rows_affected() > 0)
}
