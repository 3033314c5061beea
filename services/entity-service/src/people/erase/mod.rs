//! The data of a person goes for good, everywhere, and a proof without the data stays.
//!
//! Who a person is, is told by their address: everybody who has it (doubles, deleted and merged ones) goes, with whoever
//! was merged into one of them. Their submissions and the projects that they own are emptied and deleted. A project in
//! which others have a part stays, without their texts: its longest-standing co-buyer or contact owns it from then on.
//!
//! Ids, times, statuses and choices of a list stay: counts of the past stay right, and they say nothing of a person.

mod blank;
mod scope;
mod traces;

use super::{act::Act, cursor::hex, indexer, locks, merges::Place, read};
use crate::journal::Record;
use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::{error::DomainError, people::folded_email};
use keylight_store::StoreError;
use scope::Scope;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

/// What stands where a name was.
pub const ERASED_NAME: &str = "Erased person";
/// What stands where another text was.
pub const ERASED: &str = "[erased]";

/// Rows changed, by table.
type Counts = Map<String, Value>;

fn count(counts: &mut Counts, table: &str, rows: u64) {
    let before = counts.get(table).and_then(Value::as_u64).unwrap_or(0);
    counts.insert(table.to_owned(), json!(before + rows));
}

/// Erases the person.
///
/// # Errors
/// `NotFound`; `InvalidInput` when `confirm_email` is not the person's address; `Conflict` when the person was erased
/// already, or merged into another, who then is the one to erase.
pub async fn erase(
    connection: &mut PgConnection,
    act: &Act<'_>,
    id: i64,
    confirm_email: &str,
) -> Result<v1::Erasure, DomainError> {
    // no background work may hold texts in its hands that it would write again
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", indexer::INDEX_LOCK)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::from)?;
    let person = read::row(connection, id).await?;
    if person.erased_at.is_some() {
        return Err(locks::conflict(format!(
            "The data of person {id} was erased already"
        )));
    }
    // people of the predecessor may have no address
    let expected = if person.email_key.is_empty() {
        id.to_string()
    } else {
        person.email_key.clone()
    };
    if folded_email(confirm_email) != expected {
        return Err(DomainError::invalid(
            "confirm_email must be the e-mail address of the person, or the id of one who has none",
        ));
    }
    if let Some(into) = person.merged_into {
        return Err(locks::conflict(format!(
            "Person {id} was merged into person {into}: erase that one, who takes this one along, or undo the merge first"
        )));
    }
    let scope = Scope::lock(connection, &person).await?;
    let mut counts = Counts::new();
    blank::submissions(connection, act, &scope, &mut counts).await?;
    blank::projects(connection, act, &scope, &mut counts).await?;
    blank::people(connection, act, &scope, &mut counts).await?;
    traces::audit_log(connection, &scope, &mut counts).await?;
    traces::replies(connection, &scope, &mut counts).await?;
    traces::tables_of_others(connection, &scope, &mut counts).await?;
    let indexed = indexer::forget(connection, &scope.people).await?;
    count(&mut counts, "people_search", indexed);

    let salt = salt(act);
    let row = Row {
        id: act.clock.new_id(),
        person_id: id,
        at: act.at,
        actor: act.caller.actor.clone(),
        // who asks for it may have named the person
        reason: act
            .caller
            .why
            .as_deref()
            .map(|why| scope.without_words(why)),
        proof: proof(&salt, &person.email_key),
        salt,
        counts: Value::Object(counts),
    };
    sqlx::query!(
        "INSERT INTO entity.erasures (id, person_id, at, actor, reason, counts, proof, salt)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        row.id,
        row.person_id,
        row.at,
        row.actor,
        row.reason,
        row.counts,
        row.proof,
        row.salt,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    Ok(row.into())
}

/// Not to be guessed: two ids have 148 random bits.
fn salt(act: &Act<'_>) -> String {
    let mut digest = Sha256::new();
    digest.update(act.clock.new_id().as_bytes());
    digest.update(act.clock.new_id().as_bytes());
    hex(&digest.finalize())
}

/// Hex of SHA-256 of salt and folded address.
#[must_use]
pub fn proof(salt: &str, email_key: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(salt.as_bytes());
    digest.update(email_key.as_bytes());
    hex(&digest.finalize())
}

struct Row {
    id: Uuid,
    person_id: i64,
    at: DateTime<Utc>,
    actor: String,
    reason: Option<String>,
    counts: Value,
    proof: String,
    salt: String,
}

impl From<Row> for v1::Erasure {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.to_string(),
            person_id: row.person_id,
            at: Some(to_wire(row.at)),
            actor: row.actor,
            reason: row.reason.unwrap_or_default(),
            counts: row.counts.to_string(),
            proof: row.proof,
            salt: row.salt,
        }
    }
}

/// A page of the proofs, newest first.
///
/// # Errors
/// `InvalidInput` when the place is none.
pub async fn list(
    connection: &mut PgConnection,
    page: Option<v1::Page>,
) -> Result<v1::ErasureList, DomainError> {
    let place = Place::read(page)?;
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, person_id, at, actor, reason, counts, proof, salt FROM entity.erasures
         WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2 OFFSET $3",
        place.after,
        place.size + 1,
        place.offset,
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::from)?;
    let (rows, next) = place.cut(rows, |row| row.id);
    Ok(v1::ErasureList {
        erasures: rows.into_iter().map(Into::into).collect(),
        next,
    })
}

/// The audit entry of a record that was erased.
async fn note(
    connection: &mut PgConnection,
    act: &Act<'_>,
    record: Record<'_>,
    after: Value,
) -> Result<(), StoreError> {
    // the reason stands with the proof, without the person's name
    let caller = crate::journal::Caller {
        why: None,
        ..act.caller.clone()
    };
    let silent = Act {
        caller: &caller,
        ..*act
    };
    silent
        .note(connection, record, "erased", json!(null), after)
        .await
}
