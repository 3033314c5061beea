//! A database as an earlier version left it, with everything that may stand in it, goes through the newer migrations: nothing
//! is lost, the work goes on, and what came in between does not break.
#![allow(clippy::unwrap_used)]

mod support;

use clickup_sync::app::{MIGRATIONS, SCHEMA};
use keylight_domain::sync::decide::Progress;
use keylight_domain::sync::{Field, Value, budget::Lane};
use keylight_testkit::postgres::{Database, database};
use sqlx::{PgPool, migrate::Migrator};
use std::borrow::Cow;
use support::LIST;
use uuid::Uuid;

/// The version whose data is upgraded: the first that had the canary.
const OLD: i64 = 6;

async fn of_version(version: i64) -> Database {
    database(|pool| async move {
        let old = MIGRATIONS.migrations.iter();
        let old = old.filter(|one| one.version <= version).cloned().collect();
        let old = Migrator {
            migrations: Cow::Owned(old),
            ..Migrator::DEFAULT
        };
        keylight_store::migrate(&pool, &old, SCHEMA).await
    })
    .await
}

const DATA: [&str; 8] = [
    r#"INSERT INTO sync.links (submission_id, task_id, task_url, progress, marker, base, seen_ms, wanted_at, due_at, lane, state,
                               created_at, updated_at, list_id)
       VALUES (1, '86d', 'https://app.clickup.com/t/86d', 'linked', 'KL-1-0a0a0a0a',
               '{"status":{"ours":"=new","theirs":"=new"},"priority":{"ours":"=normal","theirs":null}}', 1795368000000,
               now(), now(), 0, 'synced', now(), now(), '901001001')"#,
    // a call without an answer; what it was made with was not kept at that time
    r#"INSERT INTO sync.links (submission_id, progress, marker, asked_at, wanted_at, due_at, lane, created_at, updated_at, list_id)
       VALUES (2, 'uncertain', 'KL-2-0b0b0b0b', now() - interval '1 minute', now(), now(), 0, now(), now(), '901001001')"#,
    r#"INSERT INTO sync.links (submission_id, wanted_at, lane, state, error_class, error_text, dead_at, created_at, updated_at)
       VALUES (3, now(), 1, 'failed', 'forbidden', 'not shared', now(), now(), now())"#,
    "INSERT INTO sync.hints (delivery_id, task_id, history, received_at) VALUES (gen_random_uuid(), '86d', '[]', now())",
    "INSERT INTO sync.pauses (scope, key, at, actor, reason, correlation_id) VALUES ('record', '3', now(), 'staff:a', '', 'c')",
    "INSERT INTO sync.webhooks (name, webhook_id, endpoint, health, checked_at) VALUES ('intake', 'w', 'https://e.com', 'active', now())",
    "INSERT INTO sync.api_calls (at, route, outcome, millis) VALUES (now(), 'GET /v2/user', 'ok', 1)",
    "UPDATE sync.canary SET received = now(), waiting = true",
];

const TABLES: [&str; 7] = [
    "links",
    "hints",
    "pauses",
    "webhooks",
    "api_calls",
    "canary",
    "chores",
];

/// Every row of the tables of that time, with the columns of that time.
async fn everything(pool: &PgPool) -> Vec<String> {
    let mut rows = Vec::new();
    for table in TABLES {
        let query =
            format!("SELECT '{table} ' || to_jsonb(t)::text FROM sync.{table} t ORDER BY 1");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_all(pool)
            .await
            .unwrap();
        rows.extend(found);
    }
    rows
}

#[tokio::test]
async fn data_of_an_earlier_version_goes_on() {
    let database = of_version(OLD).await;
    let pool = &database.pool;
    for statement in DATA {
        sqlx::query(statement).execute(pool).await.unwrap();
    }
    let before = everything(pool).await;
    assert_eq!(before.len(), 8);
    for _ in 0..2 {
        keylight_store::migrate(pool, &MIGRATIONS, SCHEMA)
            .await
            .unwrap();
    }
    let newest = MIGRATIONS.migrations.iter().map(|one| one.version).max();
    let applied: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM sync._migrations")
        .fetch_one(pool)
        .await
        .unwrap();
    assert_eq!(applied, newest);
    assert!(newest.unwrap() > OLD);
    let after = everything(pool).await;
    let as_json = |row: &String| {
        let (table, row) = row.split_once(' ').unwrap();
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        (table.to_owned(), row)
    };
    for (before, after) in before.iter().zip(&after) {
        let ((table, before), (same, after)) = (as_json(before), as_json(after));
        assert_eq!(table, same);
        for (column, value) in before.as_object().unwrap() {
            assert_eq!(Some(value), after.get(column), "{table}.{column}");
        }
    }

    // and the program of now reads it: those that are due are claimed, with everything that was known
    let now = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    let lanes = [Lane::Interactive, Lane::Normal, Lane::Bulk];
    let until = now + chrono::TimeDelta::seconds(15);
    let claims = clickup_sync::links::claim_due(pool, now, Uuid::now_v7(), until, &lanes, 10, LIST)
        .await
        .unwrap();
    let claim = |id| {
        claims
            .iter()
            .find(|claim| claim.submission_id == id)
            .unwrap()
    };
    assert_eq!(claims.len(), 2, "the third is given up and paused");
    let agreed = claim(1).base.get(Field::Status).unwrap();
    assert_eq!(
        (&agreed.ours, &agreed.theirs),
        (&Value::code("new"), &Value::code("new"))
    );
    assert_eq!(claim(1).task_id.as_deref(), Some("86d"));
    assert!(matches!(
        claim(2).progress,
        Progress::Uncertain {
            searched_at: None,
            ..
        }
    ));
    assert!(claim(2).base.is_empty());
}
