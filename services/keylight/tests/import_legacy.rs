//! `keylight import-legacy`, the program itself: killed anywhere, run again, and what it tells.
#![allow(clippy::unwrap_used)]

use keylight_testkit::{
    legacy::{Draw, Sample, Shape},
    postgres::{Database, database},
};
use sqlx::{AssertSqlSafe, PgPool};
use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Times that it is killed, all shapes together.
const KILLS: u32 = 20;
/// Killed or not, an import goes forward; more rounds than this mean that it does not.
const MOST_ROUNDS: u32 = 200;

async fn empty() -> Database {
    database(|_| async { Ok::<(), ()>(()) }).await
}

async fn messy(sample: Sample) -> Database {
    database(|pool: PgPool| async move { sample.make(&pool).await }).await
}

fn command(from: &Database, to: &Database, folder: &Path, report: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keylight"));
    command
        .env_remove("DATABASE_URL")
        .env("KEYLIGHT_LEGACY_DATABASE_URL", &from.url)
        .args(["import-legacy", "--chunk-rows", "40", "--to", &to.url])
        .arg("--report")
        .arg(folder.join(report))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Everything that a run without news must leave alone.
async fn state(pool: &PgPool) -> Vec<String> {
    let mut state = Vec::new();
    for table in [
        "users",
        "projects",
        "submissions",
        "legacy_rows",
        "events",
        "outbox",
    ] {
        let sql = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text)), '') FROM entity.{table} t"
        );
        state.push(
            sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(pool)
                .await
                .unwrap(),
        );
    }
    state
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_point_and_run_again_it_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut draw = Draw::new(20);
    let (mut kills, mut rounds, mut finished) = (0, 0, 0);
    for shape in [Shape::Knex, Shape::Sql] {
        let from = messy(Sample::new(shape, 1500, 9)).await;
        // how long it takes undisturbed tells where to strike
        let (to, began) = (empty().await, Instant::now());
        let output = command(&from, &to, folder.path(), &format!("{shape:?}.csv"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let whole = u64::try_from(began.elapsed().as_millis()).unwrap();
        let undisturbed = counts(&to.pool).await;
        let mut killed = 0;
        while killed < KILLS / 2 {
            let to = empty().await;
            loop {
                rounds += 1;
                assert!(
                    rounds < MOST_ROUNDS,
                    "no end after {rounds} rounds and {kills} kills"
                );
                let mut child = command(&from, &to, folder.path(), &format!("{rounds}.csv"))
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                // one that has had its share is left alone
                if killed < KILLS / 2 {
                    tokio::time::sleep(Duration::from_millis(draw.below(whole))).await;
                    if child.try_wait().unwrap().is_none() {
                        child.kill().unwrap();
                        killed += 1;
                    }
                }
                let status = child.wait().unwrap();
                if status.success() {
                    break;
                }
                assert_eq!(status.code(), None, "killed, or it failed by itself");
            }
            finished += 1;
            assert_eq!(counts(&to.pool).await, undisturbed);
            let before = state(&to.pool).await;
            let output = command(&from, &to, folder.path(), &format!("{rounds}-again.csv"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", text(&output));
            assert!(text(&output).contains("both sides hold the same"));
            assert_eq!(
                state(&to.pool).await,
                before,
                "a second import changes nothing"
            );
        }
        kills += killed;
    }
    assert!(kills >= KILLS && finished >= 2);
    println!("{kills} kills in {rounds} rounds, {finished} imports finished");
}

/// What an import leaves, however often it was interrupted.
async fn counts(pool: &PgPool) -> (i64, i64, i64, i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM entity.users), (SELECT count(*) FROM entity.projects),
                (SELECT count(*) FROM entity.submissions), (SELECT count(*) FROM entity.events),
                (SELECT count(*) FROM entity.audit_log WHERE action = 'imported' AND entity <> 'legacy_import'),
                (SELECT sum(open_submissions) FROM entity.users)",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_for_the_operator_alone_and_never_overwritten() {
    let (from, to) = (messy(Sample::new(Shape::Sql, 60, 3)).await, empty().await);
    let folder = tempfile::tempdir().unwrap();
    let dry = command(&from, &to, folder.path(), "report.csv")
        .arg("--dry-run")
        .output()
        .unwrap();
    assert!(dry.status.success(), "{}", text(&dry));
    assert!(text(&dry).contains("dry run: nothing was changed"));
    let file = folder.path().join("report.csv");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let report = std::fs::read_to_string(&file).unwrap();
    assert!(report.starts_with("table,id,rule,column,kept,remedy\n"));
    assert!(report.contains("intake_submissions,-5,id_unusual,id,id kept,none needed\n"));
    assert!(!report.contains('@'), "a report needs no addresses");

    let again = command(&from, &to, folder.path(), "report.csv")
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again).contains("--report"), "{}", text(&again));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), report);

    let done = command(&from, &to, folder.path(), "real.csv")
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done));
    let real = std::fs::read_to_string(folder.path().join("real.csv")).unwrap();
    assert_eq!(real, report, "the dry run told the same");
    // a value that differs is no success
    sqlx::raw_sql("UPDATE entity.submissions SET full_name = full_name || '.' WHERE id = 0")
        .execute(&to.pool)
        .await
        .unwrap();
    let differs = command(&from, &to, folder.path(), "differs.csv")
        .output()
        .unwrap();
    assert_eq!(differs.status.code(), Some(2), "{}", text(&differs));
    assert!(text(&differs).contains("DIFFERENT"));
}
