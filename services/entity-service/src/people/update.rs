//! Staff change what is known of a person. Submissions keep what the person wrote when they applied.

use super::{act::Act, address, create::taken, locks, read, row::PersonRow};
use crate::journal::Record;
use keylight_domain::{error::DomainError, intake::VALIDATION_FAILED, people::PersonChange};
use keylight_store::StoreError;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;

/// Reads the fields that were sent.
///
/// # Errors
/// `InvalidInput` with one detail per field.
pub fn check(
    full_name: Option<&str>,
    email_address: Option<&str>,
    phone_number: Option<&str>,
    company_name: Option<&str>,
) -> Result<PersonChange, DomainError> {
    PersonChange::read(full_name, email_address, phone_number, company_name)
        .map_err(|problems| DomainError::invalid(VALIDATION_FAILED).with_details(problems))
}

/// Changes the person. When nothing differs, nothing is written.
///
/// With a new address the person answers for that one; the old one goes to whoever else has it, or becomes free.
///
/// # Errors
/// `NotFound`, `Conflict` when the version is another, `AlreadyExists` when another holds the address.
pub async fn update(
    connection: &mut PgConnection,
    act: &Act<'_>,
    id: i64,
    expected_version: Option<i64>,
    change: PersonChange,
) -> Result<PersonRow, DomainError> {
    let before = locks::lock_present(connection, id).await?;
    locks::check_version(&before, expected_version)?;
    let mut after = before.clone();
    if let Some(name) = change.full_name {
        after.full_name = name;
    }
    if let Some(phone) = change.phone_number {
        after.phone_number = phone;
    }
    if let Some(company) = change.company_name {
        after.company_name = company;
    }
    // an address that differs only in its letters' case is the same, and stays as it is written
    if let Some(address) = change.email_address
        && address != before.email_key
    {
        if let Some(holder) = address::holder(connection, &address).await? {
            return Err(taken(Some(holder)));
        }
        after.email_key.clone_from(&address);
        after.email_address = address;
    }
    let (old, new) = differences(&before, &after);
    if new.is_empty() {
        return Ok(before);
    }
    let moved = after.email_key != before.email_key;
    let written = sqlx::query!(
        "UPDATE entity.users SET full_name = $2, email_address = $3, email_key = $4, phone_number = $5,
             company_name = $6, holds_email = holds_email OR $7, version = version + 1, updated_at = $8
         WHERE id = $1",
        id,
        after.full_name,
        after.email_address,
        after.email_key,
        after.phone_number,
        after.company_name,
        moved,
        act.at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from);
    if let Err(error) = &written
        && address::is_taken(error)
    {
        return Err(taken(None));
    }
    written?;
    if moved {
        if before.holds_email {
            address::pass_on(connection, &before.email_key, id, None).await?;
        }
        address::recount(connection, &[before.email_key, after.email_key]).await?;
    }
    act.note(
        connection,
        Record::User(id),
        "updated",
        Value::Object(old),
        Value::Object(new),
    )
    .await?;
    read::row(connection, id).await
}

/// The columns that differ, before and after.
fn differences(before: &PersonRow, after: &PersonRow) -> (Map<String, Value>, Map<String, Value>) {
    let (mut old, mut new) = (Map::new(), Map::new());
    let mut compare = |column: &str, was: Value, is: Value| {
        if was != is {
            old.insert(column.to_owned(), was);
            new.insert(column.to_owned(), is);
        }
    };
    compare("full_name", json!(before.full_name), json!(after.full_name));
    compare(
        "email_address",
        json!(before.email_address),
        json!(after.email_address),
    );
    compare(
        "phone_number",
        json!(before.phone_number),
        json!(after.phone_number),
    );
    compare(
        "company_name",
        json!(before.company_name),
        json!(after.company_name),
    );
    (old, new)
}
