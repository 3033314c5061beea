//! People who may be the same, for staff to merge or to tell apart.

use super::{
    act::Act,
    indexer::{Crowd, Keys, candidates},
    locks, not_found, read,
    row::{PersonRow, select_people},
};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::{
    error::DomainError,
    people::{Reason, SUGGESTED_FROM, compare},
};
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashSet};

/// Candidates of each key when one person is asked about.
const CANDIDATES: i64 = 100;

/// The pairs that are most alike, best first: of one person, or of everybody.
///
/// Pairs of everybody were found in the background, a moment ago at most; how alike the two are is looked at anew.
///
/// # Errors
/// `NotFound` when the person is not there.
pub async fn suggest(
    connection: &mut PgConnection,
    request: &v1::SuggestDuplicatesRequest,
) -> Result<v1::DuplicateList, DomainError> {
    let limit = request.limit.clamp(1, 100);
    let pairs = if request.person_id == 0 {
        best(connection, i64::from(limit)).await?
    } else {
        of_person(connection, request.person_id).await?
    };
    let ids: Vec<i64> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let people: BTreeMap<i64, PersonRow> = select_people!("WHERE u.id = ANY($1)", &ids)
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::from)?
        .into_iter()
        .filter(PersonRow::is_present)
        .map(|person| (person.id, person))
        .collect();
    let mut duplicates = Vec::with_capacity(pairs.len());
    for (first, second) in pairs {
        let (Some(first), Some(second)) = (people.get(&first), people.get(&second)) else {
            continue;
        };
        let alike = compare(&first.traits(), &second.traits());
        if alike.score < SUGGESTED_FROM {
            continue;
        }
        duplicates.push(v1::Duplicate {
            first: Some(first.clone().into()),
            second: Some(second.clone().into()),
            reasons: alike
                .reasons
                .into_iter()
                .map(Reason::as_str)
                .map(str::to_owned)
                .collect(),
            score: alike.score,
        });
    }
    duplicates.sort_by(|a, b| b.score.total_cmp(&a.score));
    duplicates.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(v1::DuplicateList { duplicates })
}

async fn best(connection: &mut PgConnection, limit: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT d.first_id, d.second_id FROM entity.duplicate_pairs d
         JOIN entity.users a ON a.id = d.first_id
         JOIN entity.users b ON b.id = d.second_id
         WHERE a.deleted_at IS NULL AND a.merged_into IS NULL AND b.deleted_at IS NULL AND b.merged_into IS NULL
           AND NOT EXISTS (SELECT FROM entity.dismissed_duplicates x
                           WHERE x.first_id = d.first_id AND x.second_id = d.second_id)
         ORDER BY d.score DESC, d.first_id, d.second_id LIMIT $1",
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.first_id, row.second_id))
        .collect())
}

async fn of_person(
    connection: &mut PgConnection,
    person_id: i64,
) -> Result<Vec<(i64, i64)>, DomainError> {
    let person = read::row(connection, person_id).await?;
    locks::check_present(&person)?;
    let own = Keys::of([(&person_id, &person.traits())]);
    let pairs = candidates(connection, &own, CANDIDATES, Crowd::Newest).await?;
    let dismissed: HashSet<(i64, i64)> = sqlx::query!(
        "SELECT first_id, second_id FROM entity.dismissed_duplicates WHERE first_id = $1 OR second_id = $1",
        person_id,
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::from)?
    .into_iter()
    .map(|row| (row.first_id, row.second_id))
    .collect();
    Ok(pairs
        .into_iter()
        .filter(|pair| !dismissed.contains(pair))
        .collect())
}

/// The two are two: the pair is not suggested again. A second time changes nothing.
///
/// # Errors
/// `NotFound` when one of them is not there, `InvalidInput` when they are one.
pub async fn dismiss(
    connection: &mut PgConnection,
    act: &Act<'_>,
    first_id: i64,
    second_id: i64,
) -> Result<(), DomainError> {
    if first_id == second_id {
        return Err(DomainError::invalid(
            "first_id and second_id must be two different people",
        ));
    }
    let (first, second) = (first_id.min(second_id), first_id.max(second_id));
    if locks::lock(connection, &[first, second]).await?.len() != 2 {
        return Err(not_found());
    }
    let fresh = sqlx::query!(
        "INSERT INTO entity.dismissed_duplicates (first_id, second_id, at, actor) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        first,
        second,
        act.at,
        act.caller.actor,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?
    .rows_affected();
    if fresh > 0 {
        for (one, other) in [(first, second), (second, first)] {
            let after = json!({ "another_person": other });
            act.note(
                connection,
                Record::User(one),
                "told apart",
                json!(null),
                after,
            )
            .await?;
        }
    }
    Ok(())
}
