//! One chunk of rows, taken over in one transaction.

use super::{
    ACTOR, ImportError, fold,
    source::SourceRow,
    survey::{Print, Survey, print_of},
    tables::{Column, Kind, Table},
    told::{Counted, Imported},
};
use chrono::{DateTime, Utc};
use keylight_contracts::events::SUBMISSION_IMPORTED;
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row as _, types::Json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// What is known here of a row that was taken over earlier.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) digest: Vec<u8>,
    /// Our row's version when it was taken over.
    taken: i64,
    /// Our row's version now; none once it was removed for good.
    now: Option<i64>,
}

/// What is to be done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Add,
    Pass,
    Change,
    /// Changed on both sides.
    Conflict,
    /// Removed here.
    Removed,
}

impl Known {
    fn step(known: Option<&Self>, row: &SourceRow) -> Step {
        match known {
            None => Step::Add,
            Some(Known { now: None, .. }) => Step::Removed,
            Some(known) if known.digest == row.digest => Step::Pass,
            Some(known) if known.now == Some(known.taken) => Step::Change,
            Some(_) => Step::Conflict,
        }
    }
}

/// Rows of one table that follow each other by id.
pub(super) struct Chunk {
    pub(super) table: Table,
    /// The id before the first; nothing before it is looked at.
    pub(super) after: Option<i64>,
    /// The last id that is looked at, which may lie beyond the last row.
    pub(super) to: i64,
    pub(super) rows: Vec<SourceRow>,
}

impl Chunk {
    /// What is known here of the ids of the chunk, also of those that have gone there.
    pub(super) async fn known(
        &self,
        target: &mut PgConnection,
    ) -> Result<BTreeMap<i64, Known>, ImportError> {
        let sql = format!(
            "SELECT l.id, l.digest, l.version, t.version FROM entity.legacy_rows l
             LEFT JOIN entity.{} t ON t.id = l.id
             WHERE l.table_name = $1 AND ($2::bigint IS NULL OR l.id > $2) AND l.id <= $3",
            self.table.name()
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(self.table.name())
            .bind(self.after)
            .bind(self.to)
            .fetch_all(target)
            .await
            .map_err(ImportError::target)?;
        let mut known = BTreeMap::new();
        for row in rows {
            let read = || -> Result<_, sqlx::Error> {
                Ok((
                    row.try_get(0)?,
                    Known {
                        digest: row.try_get(1)?,
                        taken: row.try_get(2)?,
                        now: row.try_get(3)?,
                    },
                ))
            };
            let (id, of) = read().map_err(ImportError::target)?;
            known.insert(id, of);
        }
        Ok(known)
    }

    /// What is to be done with each row, in their order.
    pub(super) fn steps(&self, known: &BTreeMap<i64, Known>) -> Vec<Step> {
        self.rows
            .iter()
            .map(|row| Known::step(known.get(&row.id), row))
            .collect()
    }

    /// Ids that were taken over earlier and have gone there.
    pub(super) fn gone(&self, known: &BTreeMap<i64, Known>) -> Vec<i64> {
        let there: HashSet<i64> = self.rows.iter().map(|row| row.id).collect();
        let gone = known.keys().filter(|id| !there.contains(id));
        gone.copied().collect()
    }

    /// Who answers for the addresses of the chunk's users already.
    pub(super) async fn holders(
        &self,
        target: &mut PgConnection,
    ) -> Result<HashMap<String, i64>, ImportError> {
        let keys: Vec<String> = self
            .rows
            .iter()
            .map(|row| key_of(self.table, row))
            .collect();
        let rows = sqlx::query_as::<_, (String, i64)>(
            "SELECT email_key, id FROM entity.users WHERE holds_email AND email_key = ANY($1)",
        )
        .bind(keys)
        .fetch_all(target)
        .await
        .map_err(ImportError::target)?;
        Ok(rows.into_iter().collect())
    }
}

/// The row's address as it is compared.
pub(super) fn key_of(table: Table, row: &SourceRow) -> String {
    fold(
        row.values[table.place("email_address")]
            .as_deref()
            .unwrap_or_default(),
    )
}

/// A row as our table can hold it, and what it cannot.
struct Fitted {
    id: i64,
    digest: [u8; 32],
    values: Vec<Option<String>>,
    extra: Option<String>,
    kept: Option<Value>,
    key: String,
    print: Print,
}

fn fit(table: Table, row: &SourceRow, survey: &Survey) -> Fitted {
    let mut kept = Map::new();
    let mut values = Vec::with_capacity(row.values.len());
    for (column, value) in table.columns().iter().zip(&row.values) {
        values.push(match (column.kind, value) {
            (Kind::Link, Some(id)) if !id.parse().is_ok_and(|id| survey.knows(column.name, id)) => {
                kept.insert(column.name.to_owned(), json!(id));
                None
            }
            (_, None) if column.required => {
                kept.insert(column.name.to_owned(), Value::Null);
                Some(String::new())
            }
            (_, value) => value.clone(),
        });
    }
    let key = if table == Table::Projects {
        String::new()
    } else {
        key_of(table, row)
    };
    Fitted {
        id: row.id,
        digest: row.digest,
        values,
        extra: row.extra.clone(),
        kept: (!kept.is_empty()).then_some(Value::Object(kept)),
        print: print_of(&key),
        key,
    }
}

/// The columns of rows, as `unnest` takes them.
struct Columns {
    ids: Vec<i64>,
    values: Vec<Vec<Option<String>>>,
    keys: Vec<String>,
}

impl Columns {
    fn of(table: Table, rows: &[Fitted]) -> Self {
        let places = 0..table.columns().len();
        Self {
            ids: rows.iter().map(|row| row.id).collect(),
            values: places
                .map(|place| rows.iter().map(|row| row.values[place].clone()).collect())
                .collect(),
            keys: rows.iter().map(|row| row.key.clone()).collect(),
        }
    }
}

/// What came of a chunk.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Taken {
    pub(super) added: u64,
    pub(super) changed: u64,
}

/// Takes rows over.
pub(super) struct Taker<'a> {
    pub(super) survey: &'a Survey,
    pub(super) clock: &'a dyn Clock,
    pub(super) outbox: &'a Outbox,
    /// The run, also the correlation id of everything that it does.
    pub(super) run: Uuid,
}

impl Taker<'_> {
    /// Adds and changes the rows whose step says so. To be called in a transaction.
    pub(super) async fn take(
        &self,
        target: &mut PgConnection,
        chunk: &Chunk,
        known: &BTreeMap<i64, Known>,
    ) -> Result<Taken, ImportError> {
        let (mut add, mut change) = (Vec::new(), Vec::new());
        for (row, step) in chunk.rows.iter().zip(chunk.steps(known)) {
            match step {
                Step::Add => add.push(fit(chunk.table, row, self.survey)),
                Step::Change => change.push(fit(chunk.table, row, self.survey)),
                Step::Pass | Step::Conflict | Step::Removed => {}
            }
        }
        if add.is_empty() && change.is_empty() {
            return Ok(Taken::default());
        }
        sqlx::query("SELECT set_config('entity.importing', 'on', true)")
            .execute(&mut *target)
            .await
            .map_err(ImportError::target)?;
        let at = self.clock.now();
        let mut keys: BTreeSet<String> = add.iter().map(|row| row.key.clone()).collect();
        if !add.is_empty() {
            self.add(target, chunk, &add, at).await?;
        }
        for row in &change {
            keys.extend(self.change(target, chunk.table, row, at).await?);
        }
        if chunk.table != Table::Projects {
            recount(target, keys.into_iter().collect()).await?;
        }
        Ok(Taken {
            added: add.len() as u64,
            changed: change.len() as u64,
        })
    }

    async fn add(
        &self,
        target: &mut PgConnection,
        chunk: &Chunk,
        rows: &[Fitted],
        at: DateTime<Utc>,
    ) -> Result<(), ImportError> {
        let table = chunk.table;
        let columns = Columns::of(table, rows);
        let mut query = sqlx::query(AssertSqlSafe(insert_sql(table)))
            .persistent(false)
            .bind(&columns.ids);
        for values in &columns.values {
            query = query.bind(values);
        }
        let (mut holds, mut open) = (Vec::new(), Vec::new());
        match table {
            Table::Users => {
                let holders = chunk.holders(target).await?;
                let mut seen = HashSet::new();
                for row in rows {
                    let first = !holders.contains_key(&row.key) && seen.insert(row.key.as_str());
                    holds.push(first);
                    // as many as will have come at the end of the run; counted again with each of them
                    let group = self.survey.addresses.get(&row.print).filter(|_| first);
                    open.push(
                        group.map_or(0, |group| i32::try_from(group.count).unwrap_or(i32::MAX)),
                    );
                }
                query = query.bind(&columns.keys).bind(&holds).bind(&open);
            }
            Table::Submissions => query = query.bind(&columns.keys).bind(self.run),
            Table::Projects => {}
        }
        let inserted = query
            .execute(&mut *target)
            .await
            .map_err(|error| id_taken(table, error))?;
        if inserted.rows_affected() != rows.len() as u64 {
            return Err(StoreError::Defect("rows were not all added".to_owned()).into());
        }
        self.remember(target, table, rows).await?;
        sqlx::query(
            "INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, correlation_id)
             SELECT $1, $2, 'imported', $3, id, $4 FROM unnest($5::bigint[]) AS i (id)",
        )
        .bind(at)
        .bind(ACTOR)
        .bind(table.entity())
        .bind(self.run)
        .bind(&columns.ids)
        .execute(&mut *target)
        .await
        .map_err(ImportError::target)?;
        if table == Table::Submissions {
            let told: Vec<Imported> = rows.iter().map(|row| imported(row, 1, None)).collect();
            self.tell(target, &told, at).await?;
        }
        Ok(())
    }

    /// Notes which state of the rows was taken over.
    async fn remember(
        &self,
        target: &mut PgConnection,
        table: Table,
        rows: &[Fitted],
    ) -> Result<(), ImportError> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let digests: Vec<&[u8]> = rows.iter().map(|row| row.digest.as_slice()).collect();
        let extra: Vec<Option<&str>> = rows.iter().map(|row| row.extra.as_deref()).collect();
        let kept: Vec<Option<String>> = rows
            .iter()
            .map(|row| row.kept.as_ref().map(Value::to_string))
            .collect();
        let sql = format!(
            "INSERT INTO entity.legacy_rows AS l (table_name, id, digest, version, extra, kept)
             SELECT $1, i.id, i.digest, t.version, i.extra::jsonb, i.kept::jsonb
             FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::text[]) AS i (id, digest, extra, kept)
             JOIN entity.{} t ON t.id = i.id
             ON CONFLICT (table_name, id) DO UPDATE
                 SET digest = excluded.digest, version = excluded.version, extra = excluded.extra, kept = excluded.kept",
            table.name()
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(table.name())
            .bind(ids)
            .bind(digests)
            .bind(extra)
            .bind(kept)
            .execute(target)
            .await
            .map_err(ImportError::target)?;
        if done.rows_affected() != rows.len() as u64 {
            return Err(StoreError::Defect("rows were not all remembered".to_owned()).into());
        }
        Ok(())
    }

    /// Brings one row up to date that nobody has touched here. Returns the addresses whose applications must be counted again.
    async fn change(
        &self,
        target: &mut PgConnection,
        table: Table,
        row: &Fitted,
        at: DateTime<Utc>,
    ) -> Result<Vec<String>, ImportError> {
        let texts: Vec<String> = table
            .columns()
            .iter()
            .map(|column| format!("{}::text", column.name))
            .collect();
        let key = if table == Table::Projects {
            "''"
        } else {
            "email_key"
        };
        let sql = format!(
            "SELECT version, {key}, {} FROM entity.{} WHERE id = $1 FOR UPDATE",
            texts.join(", "),
            table.name()
        );
        let found = sqlx::query(AssertSqlSafe(sql))
            .bind(row.id)
            .fetch_one(&mut *target)
            .await
            .map_err(ImportError::target)?;
        let read = || -> Result<_, sqlx::Error> {
            let mut values: Vec<Option<String>> = Vec::new();
            for place in 0..table.columns().len() {
                values.push(found.try_get(place + 2)?);
            }
            Ok((
                found.try_get::<i64, _>(0)?,
                found.try_get::<String, _>(1)?,
                values,
            ))
        };
        let (version, old_key, old) = read().map_err(ImportError::target)?;
        let mut query = sqlx::query(AssertSqlSafe(update_sql(table)))
            .persistent(false)
            .bind(row.id);
        for value in &row.values {
            query = query.bind(value);
        }
        if table != Table::Projects {
            query = query.bind(&row.key);
        }
        let wanted: Option<bool> = query
            .fetch_one(&mut *target)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(ImportError::target)?;
        if table == Table::Users && old_key != row.key {
            settle_holders(target, vec![old_key.clone(), row.key.clone()]).await?;
        }
        self.remember(target, table, std::slice::from_ref(row))
            .await?;
        let (before, after) = differences(table.columns(), &old, &row.values);
        sqlx::query(
            "INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, before, after, cause, correlation_id)
             VALUES ($1, $2, 'imported again', $3, $4, $5, $6, 'changed in the predecessor', $7)",
        )
        .bind(at)
        .bind(ACTOR)
        .bind(table.entity())
        .bind(row.id)
        .bind(Json(before))
        .bind(Json(after))
        .bind(self.run)
        .execute(&mut *target)
        .await
        .map_err(ImportError::target)?;
        if table == Table::Submissions {
            let value = |name: &str| old[table.place(name)].as_deref();
            let counted = Counted::of(value("created_at"), value("status"));
            let told = imported(row, version + 1, Some(counted));
            if wanted == Some(true) {
                let message = told.message(self.clock.new_id(), at, self.run)?;
                self.outbox.append(&mut *target, &[message]).await?;
            }
            self.tell(target, &[told], at).await?;
        }
        Ok(vec![old_key, row.key.clone()])
    }

    /// Tells read models.
    async fn tell(
        &self,
        target: &mut PgConnection,
        told: &[Imported],
        at: DateTime<Utc>,
    ) -> Result<(), ImportError> {
        let ids: Vec<Uuid> = told.iter().map(|_| self.clock.new_id()).collect();
        let submissions: Vec<i64> = told.iter().map(|one| one.submission_id).collect();
        let data: Vec<Json<_>> = told.iter().map(|one| Json(one.facts())).collect();
        sqlx::query(
            "INSERT INTO entity.events (id, type, submission_id, at, data, correlation_id)
             SELECT e.id, $1, e.submission, $2, e.data, $3
             FROM unnest($4::uuid[], $5::bigint[], $6::jsonb[]) WITH ORDINALITY AS e (id, submission, data, n) ORDER BY e.n",
        )
        .bind(SUBMISSION_IMPORTED)
        .bind(at)
        .bind(self.run)
        .bind(ids)
        .bind(submissions)
        .bind(data)
        .execute(target)
        .await
        .map_err(ImportError::target)?;
        Ok(())
    }
}

fn imported(row: &Fitted, version: i64, before: Option<Counted>) -> Imported {
    let value = |name: &str| row.values[Table::Submissions.place(name)].as_deref();
    Imported {
        submission_id: row.id,
        version,
        now: Counted::of(value("created_at"), value("status")),
        before,
        buyer_category: value("buyer_category").unwrap_or_default().to_owned(),
    }
}

fn insert_sql(table: Table) -> String {
    let columns = table.columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    let arrays: Vec<String> = (0..columns.len())
        .map(|place| format!("${}::text[]", place + 2))
        .collect();
    let casts: Vec<String> = columns
        .iter()
        .map(|column| format!("i.{}::{}", column.name, column.kind.sql()))
        .collect();
    let next = columns.len() + 2;
    let (more_names, more_arrays, more_inputs, more_values) = match table {
        Table::Users => (
            ", email_key, holds_email, open_submissions",
            format!(
                ", ${next}::text[], ${}::boolean[], ${}::integer[]",
                next + 1,
                next + 2
            ),
            ", email_key, holds_email, open_submissions",
            ", i.email_key, i.holds_email, i.open_submissions".to_owned(),
        ),
        Table::Projects => ("", String::new(), "", String::new()),
        Table::Submissions => (
            ", email_key, correlation_id, sync_state",
            format!(", ${next}::text[]"),
            ", email_key",
            format!(", i.email_key, ${}::uuid, 'off'", next + 1),
        ),
    };
    let names = names.join(", ");
    format!(
        "INSERT INTO entity.{} (id, legacy, {names}{more_names})
         SELECT i.id, true, {}{more_values}
         FROM unnest($1::bigint[], {}{more_arrays}) AS i (id, {names}{more_inputs})",
        table.name(),
        casts.join(", "),
        arrays.join(", "),
    )
}

/// Gives whether ClickUp must hear of the change.
fn update_sql(table: Table) -> String {
    let columns = table.columns();
    let sets: Vec<String> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            format!(
                "{} = ${}::text::{}",
                column.name,
                place + 2,
                column.kind.sql()
            )
        })
        .collect();
    let key = columns.len() + 2;
    let (more, answer) = match table {
        Table::Users => (
            // who answers for an address is settled afterwards
            format!(", email_key = ${key}, holds_email = holds_email AND email_key = ${key}"),
            "false",
        ),
        Table::Projects => (String::new(), "false"),
        Table::Submissions => (
            format!(
                ", email_key = ${key}, sync_state = CASE sync_state WHEN 'off' THEN 'off' ELSE 'pending' END"
            ),
            "sync_state <> 'off'",
        ),
    };
    format!(
        "UPDATE entity.{} SET {}{more}, version = version + 1 WHERE id = $1 RETURNING {answer}",
        table.name(),
        sets.join(", ")
    )
}

/// Lets the user with the lowest id answer for an address that nobody answers for.
async fn settle_holders(target: &mut PgConnection, keys: Vec<String>) -> Result<(), ImportError> {
    sqlx::query(
        "UPDATE entity.users u SET holds_email = true
         FROM (SELECT DISTINCT ON (c.email_key) c.id FROM entity.users c
               WHERE c.email_key = ANY($1) AND c.deleted_at IS NULL AND c.merged_into IS NULL
                 AND NOT EXISTS (SELECT FROM entity.users h WHERE h.email_key = c.email_key AND h.holds_email)
               ORDER BY c.email_key, c.id) AS first
         WHERE u.id = first.id",
    )
    .bind(keys)
    .execute(target)
    .await
    .map_err(ImportError::target)?;
    Ok(())
}

/// Counts the open applications of addresses whose count is wrong. Applications that are accepted at the same time hold the
/// row of their address, so those are locked before they are counted.
async fn recount(target: &mut PgConnection, keys: Vec<String>) -> Result<(), ImportError> {
    let wrong: Vec<i64> = sqlx::query_scalar(
        "SELECT u.id FROM entity.users u
         CROSS JOIN LATERAL (SELECT count(*) AS n FROM entity.submissions s
                             WHERE s.email_key = u.email_key AND s.deleted_at IS NULL) c
         WHERE u.holds_email AND u.email_key = ANY($1) AND u.open_submissions <> c.n",
    )
    .bind(keys)
    .fetch_all(&mut *target)
    .await
    .map_err(ImportError::target)?;
    if wrong.is_empty() {
        return Ok(());
    }
    // in the order of addresses, as applications are accepted
    sqlx::query("SELECT FROM entity.users WHERE id = ANY($1) ORDER BY email_key FOR UPDATE")
        .bind(&wrong)
        .execute(&mut *target)
        .await
        .map_err(ImportError::target)?;
    sqlx::query(
        "UPDATE entity.users u SET open_submissions = (
             SELECT count(*) FROM entity.submissions s WHERE s.email_key = u.email_key AND s.deleted_at IS NULL)
         WHERE u.id = ANY($1) AND u.holds_email",
    )
    .bind(&wrong)
    .execute(target)
    .await
    .map_err(ImportError::target)?;
    Ok(())
}

fn differences(
    columns: &[Column],
    old: &[Option<String>],
    new: &[Option<String>],
) -> (Value, Value) {
    let (mut before, mut after) = (Map::new(), Map::new());
    for ((column, old), new) in columns.iter().zip(old).zip(new) {
        if old != new {
            before.insert(column.name.to_owned(), json!(old));
            after.insert(column.name.to_owned(), json!(new));
        }
    }
    (Value::Object(before), Value::Object(after))
}

/// Somebody has taken an id since the run looked: numbers that are given out here start above all imported ones, so this
/// takes a row that was written with its id.
fn id_taken(table: Table, error: sqlx::Error) -> ImportError {
    match StoreError::from(error) {
        StoreError::Constraint { constraint, .. }
            if constraint == format!("{}_pkey", table.name()) =>
        {
            ImportError::Refused(format!(
                "a row of {} has been made here meanwhile under an id that the predecessor uses",
                table.name()
            ))
        }
        error => error.into(),
    }
}
