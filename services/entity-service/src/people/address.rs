//! Who answers for an e-mail address, and how many open submissions it has.
//!
//! At most one person holds an address (`holds_email`); the count of its open submissions stands on that row, and whoever
//! changes it holds the row's lock. Others may have the same address without holding it: doubles of the predecessor, and
//! people who were deleted or merged.

use keylight_store::StoreError;
use sqlx::PgConnection;

/// Name of the index that lets only one person hold an address.
const ONE_HOLDER: &str = "users_email_key_unique";

/// Whether the failure means that somebody else holds the address.
#[must_use]
pub fn is_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Constraint { constraint, .. } if constraint == ONE_HOLDER)
}

/// Who holds the address, locked.
///
/// # Errors
/// When the database fails.
pub async fn holder(
    connection: &mut PgConnection,
    email_key: &str,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM entity.users WHERE email_key = $1 AND holds_email FOR UPDATE",
        email_key,
    )
    .fetch_optional(connection)
    .await?)
}

/// Counts the open submissions of these addresses anew. Call it after the changes, in their transaction.
///
/// # Errors
/// When the database fails.
pub async fn recount(
    connection: &mut PgConnection,
    email_keys: &[String],
) -> Result<(), StoreError> {
    // two statements: the second one sees what those had committed whom the first one waited for
    sqlx::query!(
        r#"SELECT id FROM entity.users WHERE email_key = ANY($1) AND holds_email
           ORDER BY email_key COLLATE "C" FOR UPDATE"#,
        email_keys,
    )
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE entity.users u SET open_submissions = c.open
         FROM (SELECT k.email_key, (SELECT count(*) FROM entity.submissions s WHERE s.email_key = k.email_key
                   AND coalesce(s.deleted_at, 'infinity') = 'infinity')::integer AS open
               FROM unnest($1::text[]) k (email_key)) c
         WHERE u.email_key = c.email_key AND u.holds_email AND u.open_submissions <> c.open",
        email_keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets somebody else who has the address hold it, after `leaving` gave it up: `preferred` if that is one of them, else
/// the one known longest. Says who.
///
/// # Errors
/// When the database fails.
pub async fn pass_on(
    connection: &mut PgConnection,
    email_key: &str,
    leaving: i64,
    preferred: Option<i64>,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE entity.users SET holds_email = true
         WHERE id = (SELECT id FROM entity.users
                     WHERE email_key = $1 AND id <> $2 AND deleted_at IS NULL AND merged_into IS NULL
                     ORDER BY id = coalesce($3::bigint, 0) DESC, id LIMIT 1)
           AND deleted_at IS NULL AND merged_into IS NULL
         RETURNING id",
        email_key,
        leaving,
        preferred,
    )
    .fetch_optional(connection)
    .await?)
}

/// Gives the address back to `id`, taking it from `successor` if that one still holds it. Says who holds it when it is
/// somebody else; then nothing changes.
///
/// # Errors
/// When the database fails.
pub async fn take_back(
    connection: &mut PgConnection,
    email_key: &str,
    id: i64,
    successor: Option<i64>,
) -> Result<Option<i64>, StoreError> {
    match holder(connection, email_key).await? {
        Some(holder) if holder == id => return Ok(None),
        Some(holder) if Some(holder) == successor => {
            sqlx::query!(
                "UPDATE entity.users SET holds_email = false, open_submissions = 0 WHERE id = $1",
                holder,
            )
            .execute(&mut *connection)
            .await?;
        }
        Some(holder) => return Ok(Some(holder)),
        None => {}
    }
    sqlx::query!(
        "UPDATE entity.users SET holds_email = true WHERE id = $1",
        id
    )
    .execute(connection)
    .await?;
    Ok(None)
}
