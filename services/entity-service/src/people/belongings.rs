//! Submissions, projects and roles of a person: taken along when the person goes, and brought back.

use super::act::Act;
use crate::{
    journal::Record,
    submissions::row::{select_submissions, update_submission},
};
use chrono::{DateTime, Utc};
use keylight_contracts::events::{SUBMISSION_DELETED, SUBMISSION_RESTORED};
use keylight_store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;

/// A role that somebody had in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The project.
    pub project_id: i64,
    /// `co_buyer` or `contact`.
    pub role: String,
    /// Since when.
    pub added_at: DateTime<Utc>,
}

/// Ids of the person's submissions that are not deleted.
///
/// # Errors
/// When the database fails.
pub async fn open_submissions(
    connection: &mut PgConnection,
    person_id: i64,
) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM entity.submissions WHERE user_id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity'
         ORDER BY id FOR UPDATE",
        person_id,
    )
    .fetch_all(connection)
    .await?)
}

/// A project that the person owns.
pub struct Owned {
    /// The project.
    pub id: i64,
    /// Others have a role in it, or submissions that are not deleted.
    pub shared: bool,
}

/// The projects that the person owns and that are not deleted, locked.
///
/// # Errors
/// When the database fails.
pub async fn owned_projects(
    connection: &mut PgConnection,
    person_id: i64,
) -> Result<Vec<Owned>, StoreError> {
    Ok(sqlx::query_as!(
        Owned,
        r#"SELECT p.id,
               EXISTS (SELECT FROM entity.project_people m WHERE m.project_id = p.id AND m.user_id <> $1)
               OR EXISTS (SELECT FROM entity.submissions s WHERE s.project_id = p.id AND s.user_id <> $1
                              AND coalesce(s.deleted_at, 'infinity') = 'infinity') AS "shared!"
           FROM entity.projects p WHERE p.user_id = $1 AND p.deleted_at IS NULL ORDER BY p.id FOR UPDATE OF p"#,
        person_id,
    )
    .fetch_all(connection)
    .await?)
}

/// Deletes submissions that are there, and tells of each.
///
/// # Errors
/// When the database fails.
pub async fn delete_submissions(
    connection: &mut PgConnection,
    act: &Act<'_>,
    ids: &[i64],
) -> Result<(), StoreError> {
    let before = select_submissions!(
        "WHERE id = ANY($1) AND coalesce(deleted_at, 'infinity') = 'infinity' ORDER BY id FOR UPDATE",
        ids
    )
    .fetch_all(&mut *connection)
    .await?;
    let after = update_submission!(
        "SET deleted_at = $2, version = version + 1
         WHERE id = ANY($1) AND coalesce(deleted_at, 'infinity') = 'infinity'",
        ids,
        act.at
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &before {
        let Some(now) = after.iter().find(|now| now.id == row.id) else {
            continue;
        };
        let values = (
            json!({ "deleted_at": null }),
            json!({ "deleted_at": act.at }),
        );
        act.tell(
            connection,
            SUBMISSION_DELETED,
            "deleted",
            (row, now),
            values,
        )
        .await?;
    }
    Ok(())
}

/// Brings submissions back that were deleted at `deleted_at` and still are, and tells of each.
///
/// # Errors
/// When the database fails.
pub async fn restore_submissions(
    connection: &mut PgConnection,
    act: &Act<'_>,
    ids: &[i64],
    deleted_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let back = update_submission!(
        "SET deleted_at = NULL, version = version + 1,
             sync_state = CASE WHEN sync_state = 'off' THEN 'off' ELSE 'pending' END
         WHERE id = ANY($1) AND deleted_at = $2",
        ids,
        deleted_at
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in &back {
        let values = (
            json!({ "deleted_at": deleted_at }),
            json!({ "deleted_at": null }),
        );
        act.tell(
            connection,
            SUBMISSION_RESTORED,
            "restored",
            (row, row),
            values,
        )
        .await?;
    }
    Ok(())
}

/// Deletes projects.
///
/// # Errors
/// When the database fails.
pub async fn delete_projects(
    connection: &mut PgConnection,
    act: &Act<'_>,
    ids: &[i64],
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE entity.projects SET deleted_at = $2, version = version + 1 WHERE id = ANY($1)",
        ids,
        act.at,
    )
    .execute(&mut *connection)
    .await?;
    for id in ids {
        let (before, after) = (
            json!({ "deleted_at": null }),
            json!({ "deleted_at": act.at }),
        );
        act.note(connection, Record::Project(*id), "deleted", before, after)
            .await?;
    }
    Ok(())
}

/// Brings projects back that were deleted at `deleted_at` and still are.
///
/// # Errors
/// When the database fails.
pub async fn restore_projects(
    connection: &mut PgConnection,
    act: &Act<'_>,
    ids: &[i64],
    deleted_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let back = sqlx::query_scalar!(
        "UPDATE entity.projects SET deleted_at = NULL, version = version + 1
         WHERE id = ANY($1) AND deleted_at = $2 RETURNING id",
        ids,
        deleted_at,
    )
    .fetch_all(&mut *connection)
    .await?;
    for id in back {
        let (before, after) = (
            json!({ "deleted_at": deleted_at }),
            json!({ "deleted_at": null }),
        );
        act.note(connection, Record::Project(id), "restored", before, after)
            .await?;
    }
    Ok(())
}

/// Takes the person out of the projects of others.
///
/// # Errors
/// When the database fails.
pub async fn leave_projects(
    connection: &mut PgConnection,
    act: &Act<'_>,
    person_id: i64,
) -> Result<Vec<Role>, StoreError> {
    let roles = sqlx::query_as!(
        Role,
        "DELETE FROM entity.project_people WHERE user_id = $1 RETURNING project_id, role, added_at",
        person_id,
    )
    .fetch_all(&mut *connection)
    .await?;
    for Role {
        project_id, role, ..
    } in &roles
    {
        let before = json!({ "user_id": person_id, "role": role });
        act.note(
            connection,
            Record::Project(*project_id),
            "person removed",
            before,
            json!(null),
        )
        .await?;
    }
    Ok(roles)
}

/// Gives the person roles back that nobody gave them meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn rejoin_projects(
    connection: &mut PgConnection,
    act: &Act<'_>,
    person_id: i64,
    roles: &[Role],
) -> Result<(), StoreError> {
    for Role {
        project_id,
        role,
        added_at,
    } in roles
    {
        let added = sqlx::query!(
            "INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
            project_id,
            person_id,
            role,
            added_at,
        )
        .execute(&mut *connection)
        .await?
        .rows_affected();
        if added > 0 {
            let after = json!({ "user_id": person_id, "role": role });
            act.note(
                connection,
                Record::Project(*project_id),
                "person added",
                json!(null),
                after,
            )
            .await?;
        }
    }
    Ok(())
}
