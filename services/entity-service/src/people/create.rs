//! Staff write a person down.

use super::{act::Act, address, read, row::PersonRow};
use crate::journal::Record;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    intake::VALIDATION_FAILED,
    people::NewPerson,
};
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;

/// Reads the fields of a new person.
///
/// # Errors
/// `InvalidInput` with one detail per field.
pub fn check(
    full_name: &str,
    email_address: &str,
    phone_number: Option<&str>,
    company_name: Option<&str>,
) -> Result<NewPerson, DomainError> {
    NewPerson::read(full_name, email_address, phone_number, company_name)
        .map_err(|problems| DomainError::invalid(VALIDATION_FAILED).with_details(problems))
}

/// Stores the person.
///
/// # Errors
/// `AlreadyExists` when another holds the address.
pub async fn create(
    connection: &mut PgConnection,
    act: &Act<'_>,
    person: NewPerson,
) -> Result<PersonRow, DomainError> {
    let made = sqlx::query_scalar!(
        "INSERT INTO entity.users (full_name, email_address, email_key, phone_number, company_name, created_at, updated_at)
         VALUES ($1, $2, $2, $3, $4, $5, $5)
         ON CONFLICT (email_key) WHERE holds_email DO NOTHING RETURNING id",
        person.full_name,
        person.email_address,
        person.phone_number,
        person.company_name,
        act.at,
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let Some(id) = made else {
        let holder = address::holder(connection, &person.email_address).await?;
        return Err(taken(holder));
    };
    // submissions without a person may have this address
    address::recount(connection, &[person.email_address]).await?;
    // what the person is like follows from the row and its changes
    act.note(
        connection,
        Record::User(id),
        "created",
        json!(null),
        json!({ "version": 1 }),
    )
    .await?;
    read::row(connection, id).await
}

/// The address is held by another person.
pub fn taken(holder: Option<i64>) -> DomainError {
    let who = holder.map_or_else(|| "another person".to_owned(), |id| format!("person {id}"));
    DomainError::new(
        ErrorCode::AlreadyExists,
        format!(
            "email_address is that of {who}: use that person, or give one of the two another address"
        ),
    )
}
