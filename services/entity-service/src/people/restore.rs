//! Staff undo the deletion of a person, with everything that went in the same one.

use super::{act::Act, address, belongings, locks, read, row::PersonRow};
use crate::journal::Record;
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;

/// Brings the person back.
///
/// # Errors
/// `NotFound`; `Conflict` when the person is not deleted, was erased, or another has the address now.
pub async fn restore(
    connection: &mut PgConnection,
    act: &Act<'_>,
    id: i64,
) -> Result<PersonRow, DomainError> {
    let person = locks::lock_any(connection, id).await?;
    if person.erased_at.is_some() {
        return Err(locks::conflict(format!(
            "The data of person {id} was erased and cannot be restored"
        )));
    }
    let Some(deleted_at) = person.deleted_at else {
        return Err(locks::conflict(format!("Person {id} is not deleted")));
    };
    let deletion = sqlx::query!(
        "SELECT id, held_email, successor_id, submission_ids, project_ids, roles FROM entity.person_deletions
         WHERE user_id = $1 AND at = $2 AND restored_at IS NULL ORDER BY id DESC LIMIT 1 FOR UPDATE",
        id,
        deleted_at,
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?;

    sqlx::query!(
        "UPDATE entity.users SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1",
        id,
        act.at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    // people of the predecessor came without a record of their deletion, and with no address to take back
    if let Some(deletion) = deletion {
        if deletion.held_email {
            let taken =
                address::take_back(connection, &person.email_key, id, deletion.successor_id)
                    .await
                    .or_else(|error| {
                        if address::is_taken(&error) {
                            Ok(Some(0))
                        } else {
                            Err(error)
                        }
                    })?;
            if taken.is_some() {
                return Err(taken_meanwhile(id, taken));
            }
        }
        belongings::restore_projects(connection, act, &deletion.project_ids, deleted_at).await?;
        belongings::restore_submissions(connection, act, &deletion.submission_ids, deleted_at)
            .await?;
        let roles: Vec<belongings::Role> = serde_json::from_value(deletion.roles)
            .map_err(|_| DomainError::internal("roles of a deletion cannot be read"))?;
        belongings::rejoin_projects(connection, act, id, &roles).await?;
        sqlx::query!(
            "UPDATE entity.person_deletions SET restored_at = $2 WHERE id = $1",
            deletion.id,
            act.at,
        )
        .execute(&mut *connection)
        .await
        .map_err(StoreError::from)?;
    }
    address::recount(connection, &[person.email_key]).await?;
    let (before, after) = (
        json!({ "deleted_at": deleted_at }),
        json!({ "deleted_at": null }),
    );
    act.note(connection, Record::User(id), "restored", before, after)
        .await?;
    read::row(connection, id).await
}

fn taken_meanwhile(id: i64, holder: Option<i64>) -> DomainError {
    let who = match holder {
        Some(holder) if holder > 0 => format!("person {holder}"),
        _ => "another person".to_owned(),
    };
    locks::conflict(format!(
        "The email_address of person {id} is that of {who} now: give that one another address or delete it, then restore"
    ))
}
