//! Databases of the predecessor, and imports from them.

use entity_service::legacy_import::{
    ImportError,
    report::Observer,
    rule::{Decision, Rule},
    run::{Outcome, Wish, import},
    tables::Table,
};
use keylight_runtime::clock::SystemClock;
use keylight_testkit::{
    legacy::{Sample, Shape, Variant},
    postgres::{Database, database},
};
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use std::{collections::BTreeSet, io};

/// Remembers decisions.
#[derive(Debug, Default)]
pub struct Collector {
    pub decisions: Vec<Decision>,
}

impl Observer for Collector {
    fn decided(&mut self, decision: &Decision) -> io::Result<()> {
        self.decisions.push(decision.clone());
        Ok(())
    }

    fn begins(&mut self, _: &str, _: u64) {}

    fn done(&mut self, _: u64) {}
}

impl Collector {
    /// The rules that were told of a row.
    pub fn of(&self, table: Table, id: i64) -> BTreeSet<&'static str> {
        self.decisions
            .iter()
            .filter(|decision| decision.table == table && decision.id == Some(id))
            .map(|decision| decision.rule.name())
            .collect()
    }

    pub fn kept(&self, table: Table, id: i64, rule: Rule) -> &str {
        let found = self.decisions.iter().find(|decision| {
            decision.table == table && decision.id == Some(id) && decision.rule == rule
        });
        &found
            .unwrap_or_else(|| panic!("{table:?} {id} {rule}"))
            .kept
    }
}

/// A database of the predecessor with every kind of mess.
pub async fn messy(sample: Sample) -> Database {
    database(|pool: PgPool| async move { sample.make(&pool).await }).await
}

/// Empty tables of the predecessor, then `sql`.
pub async fn legacy(shape: Shape, sql: &'static str) -> Database {
    let tables = shape.tables(Variant::Full);
    database(|pool: PgPool| async move {
        sqlx::raw_sql(AssertSqlSafe(tables)).execute(&pool).await?;
        sqlx::raw_sql(sql).execute(&pool).await.map(drop)
    })
    .await
}

/// Runs statements.
pub async fn run(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

pub fn wish(from: &Database) -> Wish {
    Wish {
        from: from.url.clone(),
        schema: "public".to_owned(),
        dry_run: false,
        sync: false,
        moved: false,
        headroom: 1000,
        // several transactions also with few rows
        chunk_rows: 40,
    }
}

pub async fn try_import(wish: &Wish, to: &PgPool) -> Result<(Outcome, Collector), ImportError> {
    let mut collector = Collector::default();
    let outcome = import(wish, to, &SystemClock, &mut collector).await?;
    Ok((outcome, collector))
}

pub async fn import_from(from: &Database, to: &PgPool) -> (Outcome, Collector) {
    let (outcome, collector) = try_import(&wish(from), to).await.unwrap();
    assert!(outcome.is_equal(), "{:?}", outcome.compared);
    (outcome, collector)
}

/// Reads every column of the predecessor on both sides and compares value by value, without trusting any digest.
pub async fn assert_every_value_is_there(from: &PgPool, to: &PgPool) {
    let mut compared = 0;
    for table in Table::ALL {
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1",
        )
        .bind(table.legacy_name())
        .fetch_all(from)
        .await
        .unwrap();
        for column in columns {
            let known = table.columns().iter().any(|known| known.name == column) || column == "id";
            if !known {
                continue;
            }
            let theirs = values(from, table.legacy_name(), &column).await;
            let ours = values(to, &format!("entity.{}", table.name()), &column).await;
            assert!(theirs == ours, "{}.{column} differs", table.name());
            compared += theirs.len();
        }
    }
    assert!(compared > 0);
}

async fn values(pool: &PgPool, table: &str, column: &str) -> Vec<(i64, Option<String>)> {
    let mut connection = pool.acquire().await.unwrap();
    sqlx::raw_sql("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'")
        .execute(&mut *connection)
        .await
        .unwrap();
    let sql = format!("SELECT t.id::bigint, t.\"{column}\"::text FROM {table} t ORDER BY t.id");
    sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&mut *connection)
        .await
        .unwrap()
}

/// A digest of each of our tables that a run without news must leave alone.
pub async fn state(pool: &PgPool) -> Vec<(String, String)> {
    let mut state = Vec::new();
    for table in [
        "users",
        "projects",
        "submissions",
        "legacy_rows",
        "events",
        "outbox",
        "audit_log",
    ] {
        // entries about runs themselves are meant to come each time
        let without = if table == "audit_log" {
            "WHERE entity <> 'legacy_import'"
        } else {
            ""
        };
        let sql = format!(
            "SELECT count(*)::text || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '')
             FROM entity.{table} t {without}"
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .unwrap();
        state.push((table.to_owned(), row.get(0)));
    }
    for table in Table::ALL {
        let sql = format!(
            "SELECT last_value::text FROM entity.{}_id_seq",
            table.name()
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .unwrap();
        state.push((format!("{} sequence", table.name()), row.get(0)));
    }
    state
}
