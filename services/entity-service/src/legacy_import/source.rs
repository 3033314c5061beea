//! The predecessor's database: read only, in one snapshot, whatever columns it has.

use super::{
    ImportError,
    tables::{Column, Kind, Table},
};
use futures::{StreamExt as _, stream::BoxStream};
use sha2::{Digest as _, Sha256};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow},
};
use std::{collections::BTreeSet, str::FromStr as _};

/// Text forms that do not depend on the server's settings, and no limits on how long a statement may take.
const SETTINGS: &str = "SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false), \
     set_config('bytea_output', 'hex', false), set_config('IntervalStyle', 'postgres', false), \
     set_config('extra_float_digits', '3', false), set_config('statement_timeout', '0', false), \
     set_config('idle_in_transaction_session_timeout', '0', false)";

/// Sets a session so that both servers write the same value with the same characters.
pub(super) async fn settle(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(SETTINGS).execute(connection).await?;
    Ok(())
}

/// A table as this deployment has it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) table: Table,
    /// For each of our columns, whether it is there.
    pub(super) present: Vec<bool>,
    /// Columns that we do not know.
    pub(super) unknown: Vec<String>,
    /// Columns whose type says less than ours: times without a zone are taken for UTC.
    pub(super) zoneless: Vec<&'static str>,
    pub(super) rows: i64,
    pub(super) highest: i64,
}

impl Found {
    /// The columns as text, in our order; what is not there is null. For a row named `t`.
    pub(super) fn expressions(&self) -> Vec<String> {
        self.table
            .columns()
            .iter()
            .zip(&self.present)
            .map(|(column, present)| {
                if *present {
                    expression(column)
                } else {
                    "NULL::text".to_owned()
                }
            })
            .collect()
    }

    /// The columns that we do not know, as JSON without nulls; `$1` are the names of those that we know.
    pub(super) fn extra_expression(&self) -> &'static str {
        if self.unknown.is_empty() {
            // the parameter has to have a type all the same
            "(SELECT NULL::text WHERE $1::text[] IS NOT NULL)"
        } else {
            "(SELECT jsonb_object_agg(e.key, e.value)::text FROM jsonb_each(to_jsonb(t) - $1::text[]) e \
              WHERE e.value <> 'null'::jsonb)"
        }
    }

    /// The names that [`Found::extra_expression`] leaves out.
    pub(super) fn known_names(&self) -> Vec<String> {
        let names = self.table.columns().iter().map(|column| column.name);
        names.chain(["id"]).map(ToOwned::to_owned).collect()
    }
}

/// A column as text in one form.
fn expression(column: &Column) -> String {
    match column.kind {
        Kind::Text => format!("t.{}::text", column.name),
        kind => format!("t.{}::{}::text", column.name, kind.sql()),
    }
}

/// One row, every value as text.
pub(super) struct SourceRow {
    pub(super) id: i64,
    pub(super) values: Vec<Option<String>>,
    pub(super) extra: Option<String>,
    pub(super) digest: [u8; 32],
    pub(super) bytes: usize,
}

impl SourceRow {
    fn read(row: &PgRow, columns: usize) -> Result<Self, sqlx::Error> {
        let id: i64 = row.try_get(0)?;
        let mut values = Vec::with_capacity(columns);
        let (mut digest, mut bytes) = (Sha256::new(), 64_usize);
        for place in 1..=columns {
            let value: Option<String> = row.try_get(place)?;
            note(&mut digest, value.as_deref());
            bytes += value.as_ref().map_or(1, String::len) + 8;
            values.push(value);
        }
        let extra: Option<String> = row.try_get(columns + 1)?;
        note(&mut digest, extra.as_deref());
        bytes += extra.as_ref().map_or(1, String::len);
        Ok(Self {
            id,
            values,
            extra,
            digest: digest.finalize().into(),
            bytes,
        })
    }
}

/// Null is another thing than empty text, and no two rows of values run together to the same bytes.
fn note(digest: &mut Sha256, value: Option<&str>) {
    match value {
        None => digest.update([0]),
        Some(text) => {
            digest.update([1]);
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
}

/// The connection, with its snapshot.
pub(super) struct Source {
    connection: PgConnection,
    /// Server and database, without credentials.
    pub(super) label: String,
    pub(super) tables: Vec<Found>,
}

impl Source {
    /// Connects, opens the snapshot, and looks at what tables and columns there are.
    pub(super) async fn open(url: &str, schema: &str) -> Result<Self, ImportError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| ImportError::Refused("--from is not a PostgreSQL URL".to_owned()))?
            .application_name("keylight import-legacy");
        let label = format!(
            "{}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or(options.get_username())
        );
        let mut connection = options.connect().await.map_err(ImportError::source)?;
        let opened = async {
            settle(&mut connection).await?;
            sqlx::query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .execute(&mut connection)
                .await?;
            sqlx::query("SELECT set_config('search_path', quote_ident($1), true)")
                .bind(schema)
                .execute(&mut connection)
                .await
        };
        opened.await.map_err(ImportError::source)?;
        let mut source = Self {
            connection,
            label,
            tables: Vec::new(),
        };
        for table in Table::ALL {
            if let Some(found) = source.look_at(table, schema).await? {
                source.tables.push(found);
            }
        }
        if !source
            .tables
            .iter()
            .any(|found| found.table == Table::Submissions)
        {
            return Err(ImportError::Refused(format!(
                "there is no table intake_submissions in schema {schema} of {}: is this the predecessor's database?",
                source.label
            )));
        }
        Ok(source)
    }

    async fn look_at(&mut self, table: Table, schema: &str) -> Result<Option<Found>, ImportError> {
        let rows = sqlx::query(
            "SELECT a.attname::text, t.typname::text FROM pg_attribute a
             JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_type t ON t.oid = a.atttypid
             WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
               AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY a.attnum",
        )
        .bind(schema)
        .bind(table.legacy_name())
        .fetch_all(&mut self.connection)
        .await
        .map_err(ImportError::source)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut types = Vec::new();
        for row in &rows {
            let name: String = row.try_get(0).map_err(ImportError::source)?;
            let kind: String = row.try_get(1).map_err(ImportError::source)?;
            types.push((name, kind));
        }
        let type_of = |wanted: &str| {
            types
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, kind)| kind.as_str())
        };
        let refuse = |column: &str, kind: &str| {
            ImportError::Refused(format!(
                "column {}.{column} has the type {kind}, which cannot be taken over without loss: change it there first",
                table.legacy_name()
            ))
        };
        match type_of("id") {
            Some(kind) if Kind::Link.takes(kind) => {}
            kind => return Err(refuse("id", kind.unwrap_or("(missing)"))),
        }
        let (mut present, mut zoneless) = (Vec::new(), Vec::new());
        for column in table.columns() {
            let kind = type_of(column.name);
            if let Some(kind) = kind {
                if !column.kind.takes(kind) {
                    return Err(refuse(column.name, kind));
                }
                if column.kind == Kind::Time && kind != "timestamptz" {
                    zoneless.push(column.name);
                }
            }
            present.push(kind.is_some());
        }
        let known: BTreeSet<&str> = table
            .columns()
            .iter()
            .map(|column| column.name)
            .chain(["id"])
            .collect();
        let unknown = types
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !known.contains(name.as_str()))
            .collect();
        let sql = format!(
            "SELECT count(*), count(DISTINCT id), coalesce(max(id), 0)::bigint FROM {} t",
            table.legacy_name()
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await
            .map_err(ImportError::source)?;
        let get = |place: usize| row.try_get::<i64, _>(place).map_err(ImportError::source);
        let (rows, distinct) = (get(0)?, get(1)?);
        if rows != distinct {
            return Err(ImportError::Refused(format!(
                "{} rows of {} have no id or share one: an id must name one row",
                rows - distinct,
                table.legacy_name()
            )));
        }
        Ok(Some(Found {
            table,
            present,
            unknown,
            zoneless,
            rows,
            highest: get(2)?,
        }))
    }

    /// Every row of a table in the order of ids.
    pub(super) fn rows<'a>(
        &'a mut self,
        found: &Found,
    ) -> BoxStream<'a, Result<SourceRow, ImportError>> {
        let columns = found.table.columns().len();
        let sql = format!(
            "SELECT t.id::bigint, {}, {} FROM {} t ORDER BY t.id",
            found.expressions().join(", "),
            found.extra_expression(),
            found.table.legacy_name()
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(found.known_names())
            .persistent(false)
            .fetch(&mut self.connection)
            .map(move |row| {
                row.and_then(|row| SourceRow::read(&row, columns))
                    .map_err(ImportError::source)
            })
            .boxed()
    }

    /// For questions about the snapshot.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Ends snapshot and connection.
    pub(super) async fn close(self) {
        // nothing was written, so nothing can be lost by a failure here
        let _ = self.connection.close().await;
    }
}
