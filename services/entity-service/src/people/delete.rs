//! Staff delete a person: invisible, and the address becomes free. Everything that goes along is remembered.

use super::{act::Act, address, belongings, locks, read};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;

/// Deletes the person; with `cascade` also their submissions and the projects that they own alone.
///
/// A project in which others have a part is never taken along: somebody has to say first who owns it from then on. Roles
/// in the projects of others end.
///
/// # Errors
/// `NotFound`; `Conflict` when the version is another, when there is something to take along and `cascade` is not set, or
/// when a project has other people.
pub async fn delete(
    connection: &mut PgConnection,
    act: &Act<'_>,
    id: i64,
    cascade: bool,
    expected_version: Option<i64>,
) -> Result<v1::DeletedPerson, DomainError> {
    let person = locks::lock_present(connection, id).await?;
    locks::check_version(&person, expected_version)?;
    let submission_ids = belongings::open_submissions(connection, id).await?;
    let owned = belongings::owned_projects(connection, id).await?;
    if let Some(shared) = owned.iter().find(|project| project.shared) {
        return Err(locks::conflict(format!(
            "Project {} of person {id} has other people: make one of them its owner, then delete the person",
            shared.id
        )));
    }
    let project_ids: Vec<_> = owned.iter().map(|project| project.id).collect();
    if !cascade && (!submission_ids.is_empty() || !project_ids.is_empty()) {
        return Err(locks::conflict(format!(
            "Person {id} has submissions ({}) and projects ({}): delete or move them first, or delete with cascade",
            submission_ids.len(),
            project_ids.len()
        )));
    }

    belongings::delete_submissions(connection, act, &submission_ids).await?;
    belongings::delete_projects(connection, act, &project_ids).await?;
    let roles = belongings::leave_projects(connection, act, id).await?;
    sqlx::query!(
        "UPDATE entity.users SET deleted_at = $2, updated_at = $2, holds_email = false, open_submissions = 0,
             version = version + 1
         WHERE id = $1",
        id,
        act.at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let successor = if person.holds_email {
        address::pass_on(connection, &person.email_key, id, None).await?
    } else {
        None
    };
    address::recount(connection, &[person.email_key]).await?;
    sqlx::query!(
        "INSERT INTO entity.person_deletions
             (id, user_id, at, held_email, successor_id, submission_ids, project_ids, roles)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        act.clock.new_id(),
        id,
        act.at,
        person.holds_email,
        successor,
        &submission_ids,
        &project_ids,
        json!(roles),
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let after = json!({
        "deleted_at": act.at, "submission_ids": submission_ids, "project_ids": project_ids
    });
    act.note(
        connection,
        Record::User(id),
        "deleted",
        json!({ "deleted_at": null }),
        after,
    )
    .await?;
    Ok(v1::DeletedPerson {
        person: Some(read::row(connection, id).await?.into()),
        submission_ids,
        project_ids,
    })
}
