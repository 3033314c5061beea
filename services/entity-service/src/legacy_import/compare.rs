//! Digests of every column on both sides, each computed by its own server, over the same rows.
//!
//! Rows are gone through in stretches of ids. For each stretch and column a server makes a SHA-256 of each value's text
//! form (UTC, ISO dates, null as another thing than empty text), puts them together in the order of ids, and gives the
//! SHA-256 of that; the digests of the stretches together make the digest of the column. Rows that were changed here since
//! they were taken over have to differ, and are left out on both sides; how many is told.

use super::{
    ImportError,
    source::{Found, Source, settle},
    survey::Survey,
    tables::{Kind, Table},
};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use std::collections::HashMap;

/// Rows of a stretch.
const STRETCH: usize = 10_000;

/// One column, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedColumn {
    /// The table.
    pub table: Table,
    /// The column; `(other columns)` are those that we have no place for.
    pub column: String,
    /// Digest of the predecessor's, in hexadecimal; none when it has no such column.
    pub theirs: Option<String>,
    /// Digest of ours.
    pub ours: String,
}

impl ComparedColumn {
    /// Whether both sides hold the same.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.theirs
            .as_ref()
            .is_none_or(|theirs| *theirs == self.ours)
    }
}

/// A table, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedTable {
    /// The table.
    pub table: Table,
    /// Rows that were compared on their side.
    pub their_rows: i64,
    /// Rows that were compared on ours.
    pub our_rows: i64,
    /// Rows that were changed or removed here since, and so cannot be equal.
    pub left_out: u64,
    /// The columns.
    pub columns: Vec<ComparedColumn>,
}

impl ComparedTable {
    /// Whether both sides hold the same rows with the same values.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.their_rows == self.our_rows && self.columns.iter().all(ComparedColumn::is_equal)
    }
}

/// Compares every table of the source. `gone` are rows that were taken over earlier and are not in the snapshot any more.
pub(super) async fn compare(
    source: &mut Source,
    target: &mut PgConnection,
    survey: &Survey,
    gone: &HashMap<Table, Vec<i64>>,
    mut seen: impl FnMut(Table, u64),
) -> Result<Vec<ComparedTable>, ImportError> {
    settle(target).await.map_err(ImportError::target)?;
    // what is changed here meanwhile does not matter
    let mut snapshot = sqlx::Connection::begin_with(
        target,
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    )
    .await
    .map_err(ImportError::target)?;
    let mut tables = Vec::new();
    for found in source.tables.clone() {
        let table = found.table;
        let gone = gone.get(&table).map(Vec::as_slice).unwrap_or_default();
        let touched = touched(&mut snapshot, table).await?;
        let ids = survey
            .ids
            .get(&table)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let left_out = touched
            .iter()
            .filter(|id| ids.binary_search(id).is_ok())
            .count();
        let ours_without: Vec<i64> = touched.iter().chain(gone).copied().collect();
        let (mut theirs, mut ours) = (Sum::new(table), Sum::new(table));
        let (their_sql, our_sql) = (their_sql(&found), our_sql(table));
        let mut from = None;
        for stretch in ids.chunks(STRETCH) {
            let to = stretch.last().copied();
            let row = sqlx::query(AssertSqlSafe(their_sql.clone()))
                .persistent(false)
                .bind(found.known_names())
                .bind(&touched)
                .bind(from)
                .bind(to)
                .fetch_one(source.connection())
                .await;
            theirs.add(&row.map_err(ImportError::source)?)?;
            let row = sqlx::query(AssertSqlSafe(our_sql.clone()))
                .persistent(false)
                .bind(table.name())
                .bind(&ours_without)
                .bind(from)
                .bind(to)
                .fetch_one(&mut *snapshot)
                .await;
            ours.add(&row.map_err(ImportError::target)?)?;
            from = to;
            seen(table, stretch.len() as u64);
        }
        tables.push(compared(&found, theirs, ours, left_out as u64));
    }
    snapshot.rollback().await.map_err(ImportError::target)?;
    Ok(tables)
}

fn compared(found: &Found, theirs: Sum, ours: Sum, left_out: u64) -> ComparedTable {
    let table = found.table;
    let (their_rows, our_rows) = (theirs.rows, ours.rows);
    let names = ["id"]
        .into_iter()
        .chain(table.columns().iter().map(|column| column.name))
        .chain(["(other columns)"]);
    let present = [true]
        .into_iter()
        .chain(found.present.iter().copied())
        .chain([true]);
    let columns = names
        .zip(present)
        .zip(theirs.finish().into_iter().zip(ours.finish()))
        .map(|((column, present), (theirs, ours))| ComparedColumn {
            table,
            column: column.to_owned(),
            theirs: present.then_some(theirs),
            ours,
        });
    ComparedTable {
        table,
        their_rows,
        our_rows,
        left_out,
        columns: columns.collect(),
    }
}

/// Rows that are not any more as they were taken over.
async fn touched(connection: &mut PgConnection, table: Table) -> Result<Vec<i64>, ImportError> {
    let sql = format!(
        "SELECT l.id FROM entity.legacy_rows l LEFT JOIN entity.{} t ON t.id = l.id
         WHERE l.table_name = $1 AND t.version IS DISTINCT FROM l.version ORDER BY l.id",
        table.name()
    );
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(table.name())
        .fetch_all(connection)
        .await
        .map_err(ImportError::target)
}

/// The digest of a stretch, for the expressions of its columns.
fn digests(expressions: &[String], rows: &str) -> String {
    let (mut inner, mut outer) = (Vec::new(), Vec::new());
    for (place, expression) in expressions.iter().enumerate() {
        inner.push(format!("{expression} AS c{place}"));
        outer.push(format!(
            "sha256(coalesce(string_agg(CASE WHEN c{place} IS NULL THEN '\\x00'::bytea \
             ELSE sha256(convert_to(c{place}, 'UTF8')) END, ''::bytea ORDER BY id), ''::bytea))"
        ));
    }
    format!(
        "SELECT count(*), {} FROM (SELECT t.id AS id, {} {rows}) AS stretch",
        outer.join(", "),
        inner.join(", ")
    )
}

fn their_sql(found: &Found) -> String {
    let mut expressions = vec!["t.id::text".to_owned()];
    expressions.extend(found.expressions());
    expressions.push(found.extra_expression().to_owned());
    digests(
        &expressions,
        &format!(
            "FROM {} t WHERE NOT (t.id = ANY($2::bigint[])) AND ($3::bigint IS NULL OR t.id > $3) AND t.id <= $4::bigint",
            found.table.legacy_name()
        ),
    )
}

fn our_sql(table: Table) -> String {
    let mut expressions = vec!["t.id::text".to_owned()];
    for column in table.columns() {
        let name = column.name;
        expressions.push(if column.required || column.kind == Kind::Link {
            format!("CASE WHEN l.kept ? '{name}' THEN l.kept ->> '{name}' ELSE t.{name}::text END")
        } else {
            format!("t.{name}::text")
        });
    }
    expressions.push("l.extra::text".to_owned());
    digests(
        &expressions,
        &format!(
            "FROM entity.{} t JOIN entity.legacy_rows l ON l.table_name = $1 AND l.id = t.id
             WHERE NOT (t.id = ANY($2::bigint[])) AND ($3::bigint IS NULL OR t.id > $3) AND t.id <= $4::bigint",
            table.name()
        ),
    )
}

/// The digests of the columns of a table while its stretches are added up.
struct Sum {
    rows: i64,
    columns: Vec<Sha256>,
}

impl Sum {
    fn new(table: Table) -> Self {
        Self {
            rows: 0,
            // id before, unknown columns behind
            columns: vec![Sha256::new(); table.columns().len() + 2],
        }
    }

    fn add(&mut self, row: &sqlx::postgres::PgRow) -> Result<(), ImportError> {
        let failed = |_| ImportError::Refused("a digest cannot be read".to_owned());
        self.rows += row.try_get::<i64, _>(0).map_err(failed)?;
        for (place, sum) in self.columns.iter_mut().enumerate() {
            sum.update(row.try_get::<&[u8], _>(place + 1).map_err(failed)?);
        }
        Ok(())
    }

    fn finish(self) -> Vec<String> {
        let hex = |sum: Sha256| {
            let digest = sum.finalize();
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        self.columns.into_iter().map(hex).collect()
    }
}
