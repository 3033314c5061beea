//! Keeps search texts, duplicate keys and pairs of possible duplicates up to date, behind the intake's back.
//!
//! Who was made or changed stands in `people_pending` (by triggers). One indexer works at a time in the whole database:
//! it holds an advisory lock, and so does an erasure, so that no text that was read before can be written after it.

use crate::upkeep::Step;
use keylight_domain::people::{DuplicateKey, SUGGESTED_FROM, Traits, compare, digits, keys};
use keylight_store::StoreError;
use sqlx::{PgConnection, PgPool};
use std::collections::{BTreeMap, BTreeSet};

/// The advisory lock of whoever writes the index.
pub const INDEX_LOCK: i64 = 0x6b6c_7065_6f70_6c65;
/// A key that more people than this share tells nobody apart: a frequent name, the number of a switchboard.
const TELLING: i64 = 20;

/// Indexes those in at most `lots` rows of what is pending. Nothing is done while another process is at it.
///
/// # Errors
/// When the database fails; then they wait on.
pub async fn index_pending(pool: &PgPool, lots: i64) -> Result<Step, StoreError> {
    let waiting =
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM entity.people_pending) AS "waiting!""#)
            .fetch_one(pool)
            .await?;
    if !waiting {
        return Ok(Step::default());
    }
    let mut transaction = pool.begin().await?;
    let alone = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock($1) AS "alone!""#,
        INDEX_LOCK
    )
    .fetch_one(&mut *transaction)
    .await?;
    if !alone {
        return Ok(Step::default());
    }
    let taken = sqlx::query_scalar!(
        "DELETE FROM entity.people_pending WHERE ctid = ANY (ARRAY(SELECT ctid FROM entity.people_pending LIMIT $1))
         RETURNING ids",
        lots,
    )
    .fetch_all(&mut *transaction)
    .await?;
    let lots = i64::try_from(taken.len()).unwrap_or(i64::MAX);
    let ids: BTreeSet<i64> = taken.into_iter().flatten().collect();
    let rows = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    index(&mut transaction, ids.into_iter().collect()).await?;
    transaction.commit().await?;
    metrics::counter!("keylight_people_indexed_total").increment(rows.unsigned_abs());
    Ok(Step { lots, rows })
}

/// A person as far as the index knows them.
struct Known {
    id: i64,
    full_name: String,
    email_address: String,
    phone_number: Option<String>,
    company_name: Option<String>,
    present: bool,
    erased: bool,
}

impl Known {
    fn traits(&self) -> Traits {
        Traits::of(
            &self.full_name,
            &self.email_address,
            self.phone_number.as_deref(),
            self.company_name.as_deref(),
        )
    }

    fn search_text(&self) -> String {
        let phone = self.phone_number.as_deref().unwrap_or_default();
        [
            self.full_name.as_str(),
            &self.email_address,
            self.company_name.as_deref().unwrap_or_default(),
            phone,
            &digits(phone),
        ]
        .join("\n")
        .to_lowercase()
    }
}

async fn known(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<Known>, StoreError> {
    Ok(sqlx::query_as!(
        Known,
        r#"SELECT id, full_name, email_address, phone_number, company_name,
               deleted_at IS NULL AND merged_into IS NULL AS "present!", erased_at IS NOT NULL AS "erased!"
           FROM entity.users WHERE id = ANY($1)"#,
        ids,
    )
    .fetch_all(connection)
    .await?)
}

async fn index(connection: &mut PgConnection, ids: Vec<i64>) -> Result<(), StoreError> {
    let people = known(connection, &ids).await?;
    // most are new: of them there is nothing to forget
    let indexed = sqlx::query_scalar!(
        "SELECT user_id FROM entity.people_search WHERE user_id = ANY($1)",
        &ids
    )
    .fetch_all(&mut *connection)
    .await?;
    if !indexed.is_empty() {
        forget(connection, &indexed).await?;
    }
    let shown: Vec<&Known> = people.iter().filter(|person| !person.erased).collect();
    let shown_ids: Vec<i64> = shown.iter().map(|person| person.id).collect();
    let texts: Vec<String> = shown.iter().map(|person| person.search_text()).collect();
    sqlx::query!(
        "INSERT INTO entity.people_search (user_id, text) SELECT * FROM unnest($1::bigint[], $2::text[])",
        &shown_ids,
        &texts,
    )
    .execute(&mut *connection)
    .await?;

    let mut traits: BTreeMap<i64, Traits> = people
        .iter()
        .filter(|person| person.present)
        .map(|person| (person.id, person.traits()))
        .collect();
    let own = Keys::of(&traits);
    sqlx::query!(
        "INSERT INTO entity.duplicate_keys (user_id, kind, key)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING",
        &own.people,
        &own.kinds as _,
        &own.keys,
    )
    .execute(&mut *connection)
    .await?;
    let pairs = candidates(connection, &own, TELLING, Crowd::Nobody).await?;
    let strangers: BTreeSet<i64> = pairs
        .iter()
        .flat_map(|(a, b)| [*a, *b])
        .filter(|id| !traits.contains_key(id))
        .collect();
    let strangers: Vec<i64> = strangers.into_iter().collect();
    for person in known(connection, &strangers).await? {
        if person.present {
            traits.insert(person.id, person.traits());
        }
    }
    let (mut first, mut second, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for (a, b) in pairs {
        if let (Some(one), Some(other)) = (traits.get(&a), traits.get(&b)) {
            let score = compare(one, other).score;
            if score >= SUGGESTED_FROM {
                first.push(a);
                second.push(b);
                scores.push(score);
            }
        }
    }
    sqlx::query!(
        "INSERT INTO entity.duplicate_pairs (first_id, second_id, score)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::double precision[])
         ON CONFLICT (first_id, second_id) DO UPDATE SET score = excluded.score",
        &first,
        &second,
        &scores,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes everything that the index knows of these people. Says how many rows that were.
///
/// # Errors
/// When the database fails.
pub async fn forget(connection: &mut PgConnection, ids: &[i64]) -> Result<u64, StoreError> {
    let texts = sqlx::query!(
        "DELETE FROM entity.people_search WHERE user_id = ANY($1)",
        ids
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let keys = sqlx::query!(
        "DELETE FROM entity.duplicate_keys WHERE user_id = ANY($1)",
        ids
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    let pairs = sqlx::query!(
        "DELETE FROM entity.duplicate_pairs WHERE first_id = ANY($1) OR second_id = ANY($1)",
        ids
    )
    .execute(connection)
    .await?
    .rows_affected();
    Ok(texts + keys + pairs)
}

/// Keys of several people, column by column.
#[derive(Default)]
pub(super) struct Keys {
    people: Vec<i64>,
    kinds: Vec<&'static str>,
    keys: Vec<String>,
}

impl Keys {
    pub(super) fn of<'a>(people: impl IntoIterator<Item = (&'a i64, &'a Traits)>) -> Self {
        let mut columns = Self::default();
        for (id, traits) in people {
            for DuplicateKey { kind, key } in keys(traits) {
                columns.people.push(*id);
                columns.kinds.push(kind);
                columns.keys.push(key);
            }
        }
        columns
    }
}

/// What to do with a key that more people than wanted share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crowd {
    /// Take the newest of them.
    Newest,
    /// Take none: such a key tells nobody apart.
    Nobody,
}

/// Pairs of each of these people with others of the same key, `most` of each key; the lower id first, each pair once.
pub(super) async fn candidates(
    connection: &mut PgConnection,
    own: &Keys,
    most: i64,
    crowd: Crowd,
) -> Result<BTreeSet<(i64, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT k.user_id AS "person!", c.user_id AS "candidate!"
           FROM unnest($1::bigint[], $2::text[], $3::text[]) k (user_id, kind, key)
           CROSS JOIN LATERAL (
               SELECT array_agg(f.user_id) AS ids FROM (
                   SELECT d.user_id FROM entity.duplicate_keys d
                   WHERE d.kind = k.kind AND d.key = k.key AND d.user_id <> k.user_id
                   ORDER BY d.user_id DESC LIMIT $4::bigint + 1) f
           ) found
           CROSS JOIN LATERAL unnest(found.ids[1:$4::bigint]) c (user_id)
           WHERE $5 OR cardinality(found.ids) <= $4::bigint"#,
        &own.people,
        &own.kinds as _,
        &own.keys,
        most,
        crowd == Crowd::Newest,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.person.min(row.candidate), row.person.max(row.candidate)))
        .collect())
}
