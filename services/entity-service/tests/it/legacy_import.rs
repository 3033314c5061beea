//! The predecessor's rows: all of them, as they were, with every decision told.

use crate::{
    legacy_import_setting::{
        assert_every_value_is_there, import_from, legacy, messy, run, state, try_import, wish,
    },
    system::{System, application},
};
use entity_service::legacy_import::{rule::Rule, tables::Table};
use keylight_contracts::{
    events::{ImportedFacts, SUBMISSION_IMPORTED},
    v1,
};
use keylight_domain::{error::ErrorCode, intake::DUPLICATE_EMAIL};
use keylight_testkit::legacy::{HIGHEST_ID, Sample, Shape, Variant};
use std::collections::BTreeSet;

/// One plain application, and others that each differ in something.
const ROWS: &str = r#"
    INSERT INTO users (id, full_name, email_address) VALUES
        (1, 'Ann Lee', 'ann@x.co'), (2, 'Ann Lee', 'Ann@x.co'), (3, 'Bo', 'bo@x.co'), (9, 'Idle', 'idle@x.co');
    INSERT INTO projects (id, name, description, user_id, status) VALUES
        (1, 'House', 'TBD', NULL, 'planning'), (2, 'House', 'TBD', NULL, 'planning'),
        (3, 'By hand', NULL, 3, 'On Hold'), (4, 'Idle', NULL, 1, NULL);
    INSERT INTO intake_submissions (id, full_name, email_address, phone_number, buyer_category, financing_plan, land_status,
        lot_address, needs_help_finding_land, build_budget, construction_timeline, project_description, status, user_id,
        project_id, created_at, updated_at)
    SELECT id, 'Name ' || id, 'mail' || id || '@x.co', '555-123-4567', 'homebuyer', 'self_funding', 'own_land', '1 Elm St',
        false, '350k_400k', '6_to_12_months', 'House ' || id, 'new', 3, 3, '2025-09-01 10:00:00.123456+00',
        '2025-09-01 10:00:00.123456+00'
    FROM generate_series(1, 24) AS id;
    UPDATE intake_submissions SET email_address = 'bo@x.co' WHERE id = 1;
    UPDATE intake_submissions SET email_address = ' BO@x.co' WHERE id = 2;
    UPDATE intake_submissions SET user_id = NULL, project_id = NULL WHERE id = 3;
    UPDATE intake_submissions SET user_id = NULL, email_address = 'ann@x.co' WHERE id = 4;
    UPDATE intake_submissions SET project_id = 1 WHERE id IN (5, 6);
    UPDATE intake_submissions SET project_id = 4 WHERE id = 7;
    UPDATE intake_submissions SET status = 'bogus', build_budget = '$1' WHERE id = 8;
    UPDATE intake_submissions SET status = NULL, project_description = NULL, needs_help_finding_land = NULL,
        interested_in_preferred_lender = NULL WHERE id = 9;
    UPDATE intake_submissions SET lot_address = '' WHERE id = 10;
    UPDATE intake_submissions SET project_description = repeat('x', 20001), full_name = '{"a"}' WHERE id = 11;
    UPDATE intake_submissions SET admin_notes = E'\x01', phone_number = '----------' WHERE id = 12;
    UPDATE intake_submissions SET created_at = 'infinity', updated_at = '-infinity' WHERE id = 13;
    UPDATE intake_submissions SET created_at = '0044-03-15 12:00:00 BC' WHERE id = 14;
    UPDATE intake_submissions SET updated_at = '2025-08-01' WHERE id = 15;
    UPDATE intake_submissions SET (full_name, email_address, project_description) =
        (SELECT full_name, email_address, project_description FROM intake_submissions WHERE id = 17) WHERE id = 16;
    UPDATE intake_submissions SET id = -5 WHERE id = 18;
    UPDATE intake_submissions SET id = 2147483647 WHERE id = 19;
"#;

/// What every row says that is linked by hand to user and project 3.
const USUAL: &[&str] = &["person_other"];

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_mess_is_told_by_row_and_nothing_else_is() {
    let (from, to) = (legacy(Shape::Knex, ROWS).await, System::start().await);
    let (outcome, told) = import_from(&from, &to.pool).await;
    assert_every_value_is_there(&from.pool, &to.pool).await;
    let submissions = outcome.tables[&Table::Submissions];
    assert_eq!((submissions.read, submissions.added), (24, 24));

    let check = |table, id, more: &[&'static str], usual: &[&'static str]| {
        let wanted: BTreeSet<&str> = usual.iter().chain(more).copied().collect();
        assert_eq!(told.of(table, id), wanted, "{table:?} {id}");
    };
    let submission = |id, more: &[&'static str]| check(Table::Submissions, id, more, USUAL);
    check(Table::Submissions, 1, &["address_shared"], &[]);
    check(
        Table::Submissions,
        2,
        &["address_shared", "address_folded"],
        &[],
    );
    check(
        Table::Submissions,
        3,
        &["person_missing", "project_missing"],
        &[],
    );
    check(Table::Submissions, 4, &["person_unlinked"], &[]);
    submission(5, &[]);
    submission(7, &["owner_other"]);
    submission(8, &["value_unknown"]);
    submission(9, &["value_missing"]);
    submission(10, &["value_missing"]);
    submission(11, &["text_long", "text_serialised"]);
    submission(12, &["text_unusual", "phone_without_digits"]);
    submission(13, &["time_infinite"]);
    submission(14, &["time_far"]);
    submission(15, &["time_reversed"]);
    submission(16, &["address_shared"]);
    submission(17, &["address_shared", "row_doubled"]);
    submission(-5, &["id_unusual"]);
    submission(HIGHEST_ID, &["id_unusual"]);
    submission(20, &[]);
    check(Table::Users, 1, &["address_twin", "unused"], &[]);
    check(
        Table::Users,
        2,
        &["address_twin", "address_folded", "unused"],
        &[],
    );
    check(Table::Users, 3, &[], &[]);
    check(Table::Users, 9, &["unused"], &[]);
    check(
        Table::Projects,
        1,
        &["owner_missing", "project_shared"],
        &[],
    );
    check(
        Table::Projects,
        2,
        &["owner_missing", "row_doubled", "unused"],
        &[],
    );
    check(
        Table::Projects,
        3,
        &["value_unknown", "project_shared"],
        &[],
    );
    check(Table::Projects, 4, &["value_missing"], &[]);
    assert_eq!(
        told.kept(Table::Users, 2, Rule::AddressTwin),
        "user 1 answers for the address"
    );
    assert_eq!(
        told.kept(Table::Submissions, 8, Rule::ValueUnknown),
        "\"bogus\" kept"
    );
    // counts by rule are those of the lines
    let lines = told.decisions.len() as u64;
    assert_eq!(outcome.rules.values().sum::<u64>(), lines);
    assert!(
        told.decisions.iter().all(|one| !one.kept.contains("x.co")),
        "a report needs no address"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn old_ids_answer_and_new_ones_begin_above() {
    let from = messy(Sample::new(Shape::Sql, 120, 11)).await;
    let to = System::start().await;
    import_from(&from, &to.pool).await;
    let ids: Vec<i32> = sqlx::query_scalar("SELECT id FROM intake_submissions ORDER BY id")
        .fetch_all(&from.pool)
        .await
        .unwrap();
    assert!(ids.contains(&-5) && ids.contains(&0) && ids.contains(&i32::MAX));
    for id in ids {
        let shown = to.get(id.into()).await.unwrap();
        let stored: (String, bool) = sqlx::query_as(
            "SELECT full_name, coalesce(isfinite(created_at) AND created_at < '200000-01-01', false)
             FROM intake_submissions WHERE id = $1",
        )
        .bind(id)
        .fetch_one(&from.pool)
        .await
        .unwrap();
        assert_eq!(
            (shown.full_name, shown.created_at.is_some()),
            stored,
            "{id}"
        );
        assert_eq!(shown.sync_state, "off");
    }
    let made = to.create(application("new@example.com")).await.unwrap();
    assert!(made.id > HIGHEST_ID + 1000, "{}", made.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_applied_there_may_not_apply_again_here() {
    let (from, to) = (legacy(Shape::Knex, ROWS).await, System::start().await);
    import_from(&from, &to.pool).await;
    // id 3 has no user at all; of ann@x.co there are two users, of bo@x.co two applications
    for address in ["mail3@x.co", "MAIL3@X.co ", "ann@x.co", "bo@x.co"] {
        let error = to.create(application(address.trim())).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::InvalidInput, DUPLICATE_EMAIL),
            "{address}"
        );
    }
    // free again once every application of the address is deleted
    to.delete(3).await.unwrap();
    let made = to.create(application("mail3@x.co")).await.unwrap();
    assert!(made.user_id.is_some());
    to.delete(1).await.unwrap();
    assert!(to.create(application("bo@x.co")).await.is_err());
    to.delete(2).await.unwrap();
    to.create(application("bo@x.co")).await.unwrap();
    // a user of the predecessor without any application may apply, and is found
    let made = to.create(application("idle@x.co")).await.unwrap();
    assert_eq!(made.user_id, Some(9));
    let holders: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM entity.users WHERE email_key = 'ann@x.co' AND holds_email",
    )
    .fetch_all(&to.pool)
    .await
    .unwrap();
    assert_eq!(holders, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_meanwhile_is_brought_unless_both_sides_changed_it() {
    let (from, to) = (legacy(Shape::Knex, ROWS).await, System::start().await);
    import_from(&from, &to.pool).await;
    to.update(21, "qualified", Some("seen here")).await.unwrap();
    to.update(22, "qualified", None).await.unwrap();
    run(
        &from.pool,
        "INSERT INTO intake_submissions SELECT * FROM (SELECT (jsonb_populate_record(s, '{\"id\": 500, \"email_address\": \"late@x.co\"}')).*
             FROM intake_submissions s WHERE id = 20) late;
         UPDATE intake_submissions SET status = 'contacted', created_at = '2025-10-01 00:00:00+00' WHERE id = 20;
         UPDATE intake_submissions SET status = 'contacted' WHERE id = 21;
         UPDATE users SET email_address = 'other@x.co' WHERE id = 1;
         UPDATE projects SET status = 'completed' WHERE id = 1;
         DELETE FROM intake_submissions WHERE id IN (22, 23)",
    )
    .await;
    let (outcome, told) = import_from(&from, &to.pool).await;
    let counts = outcome.tables[&Table::Submissions];
    assert_eq!(
        (counts.added, counts.changed, counts.conflicts, counts.gone),
        (1, 1, 1, 2)
    );
    assert!(told.of(Table::Submissions, 21).contains("conflict"));
    assert!(told.of(Table::Submissions, 22).contains("gone"));
    assert_eq!(
        to.get(20).await.unwrap().status.as_deref(),
        Some("contacted")
    );
    assert_eq!(
        to.get(21).await.unwrap().status.as_deref(),
        Some("qualified")
    );
    assert!(to.get(23).await.is_ok(), "what has gone there stays here");
    let compared = outcome
        .compared
        .iter()
        .find(|one| one.table == Table::Submissions);
    assert_eq!(
        compared.unwrap().left_out,
        1,
        "the conflict; what is gone is not in the snapshot"
    );

    // the address of user 1 is another: its twin answers for the old one now
    let holders: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, email_key FROM entity.users WHERE holds_email AND id IN (1, 2) ORDER BY id",
    )
    .fetch_all(&to.pool)
    .await
    .unwrap();
    assert_eq!(
        holders,
        [(1, "other@x.co".to_owned()), (2, "ann@x.co".to_owned())]
    );
    let open: i32 = sqlx::query_scalar("SELECT open_submissions FROM entity.users WHERE id = 2")
        .fetch_one(&to.pool)
        .await
        .unwrap();
    assert_eq!(open, 1);

    let (before, after): (serde_json::Value, serde_json::Value) = sqlx::query_as(
        "SELECT before, after FROM entity.audit_log WHERE entity = 'submission' AND entity_id = 20 AND action = 'imported again'",
    )
    .fetch_one(&to.pool)
    .await
    .unwrap();
    assert_eq!(
        (&before["status"], &after["status"]),
        (&"new".into(), &"contacted".into())
    );
    assert!(after.get("full_name").is_none(), "only what changed");
    let facts: Vec<serde_json::Value> = sqlx::query_scalar(
        "SELECT data FROM entity.events WHERE type = $1 AND submission_id = 20 ORDER BY xid, seq",
    )
    .bind(SUBMISSION_IMPORTED)
    .fetch_all(&to.pool)
    .await
    .unwrap();
    let facts: Vec<ImportedFacts> = facts
        .into_iter()
        .map(|data| serde_json::from_value(data).unwrap())
        .collect();
    assert_eq!(facts.len(), 2);
    assert_eq!(facts[0].previous_status, None);
    assert_eq!(
        (
            facts[1].previous_status.as_deref(),
            facts[1].status.as_str()
        ),
        (Some("new"), "contacted")
    );
    assert_eq!(facts[1].previous_created_on, Some(facts[0].created_on));

    let before = state(&to.pool).await;
    let (again, _) = import_from(&from, &to.pool).await;
    assert_eq!(state(&to.pool).await, before);
    assert_eq!(
        again.tables[&Table::Submissions].conflicts,
        1,
        "told until somebody decides"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_same_and_changes_nothing() {
    let from = messy(Sample::new(Shape::Knex, 150, 5)).await;
    let (to, empty) = (
        System::start().await,
        keylight_testkit::postgres::database(|_| async { Ok::<(), ()>(()) }).await,
    );
    let mut dry = wish(&from);
    dry.dry_run = true;
    let before = state(&to.pool).await;
    let (looked, told) = try_import(&dry, &to.pool).await.unwrap();
    assert_eq!(state(&to.pool).await, before);
    assert!(looked.compared.is_empty());
    // also before our schema is there
    let (_, told_early) = try_import(&dry, &empty.pool).await.unwrap();
    let schemas: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_namespace WHERE nspname = 'entity'")
            .fetch_one(&empty.pool)
            .await
            .unwrap();
    assert_eq!(schemas, 0);

    let (done, told_then) = import_from(&from, &to.pool).await;
    assert_eq!(told.decisions, told_then.decisions);
    assert_eq!(told_early.decisions, told_then.decisions);
    assert_eq!(looked.tables, done.tables);
    assert_eq!(looked.rules, done.rules);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_did_not_come_from_there_keep_their_ids() {
    let (from, to) = (legacy(Shape::Knex, ROWS).await, System::start().await);
    to.create(application("first@example.com")).await.unwrap();
    to.published().await;
    let before = state(&to.pool).await;
    let error = try_import(&wish(&from), &to.pool)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("1 users (ids 1 to 1), 1 projects (ids 1 to 1), 1 submissions (ids 1 to 1)"),
        "{error}"
    );
    assert_eq!(state(&to.pool).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_database_is_not_taken_for_a_later_state() {
    let (one, other) = (
        legacy(Shape::Knex, ROWS).await,
        legacy(Shape::Sql, "").await,
    );
    let to = System::start().await;
    import_from(&one, &to.pool).await;
    let error = try_import(&wish(&other), &to.pool)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("--moved"), "{error}");
    assert!(!error.contains("postgres:"), "no credentials: {error}");
    let mut moved = wish(&other);
    moved.moved = true;
    let (outcome, _) = try_import(&moved, &to.pool).await.unwrap();
    assert_eq!(outcome.tables[&Table::Submissions].gone, 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn clickup_hears_of_them_only_when_asked() {
    let (from, to) = (legacy(Shape::Knex, ROWS).await, System::start().await);
    import_from(&from, &to.pool).await;
    assert_eq!(to.published().await, []);
    // a change here does not make a task either
    to.update(20, "contacted", None).await.unwrap();
    assert_eq!(to.get(20).await.unwrap().sync_state, "off");
    let unsynced = v1::ListUnsyncedRequest {
        changed_before: None,
        after_id: -100,
        limit: 1000,
    };
    let mut client = to.client.clone();
    let waiting = client.list_unsynced(unsynced).await.unwrap().into_inner();
    assert_eq!(waiting.submission_ids, [] as [i64; 0]);

    to.delete(24).await.unwrap();
    let mut asked = wish(&from);
    asked.sync = true;
    let (outcome, _) = try_import(&asked, &to.pool).await.unwrap();
    assert_eq!(outcome.woken, 23, "all but the deleted one");
    let waiting = client.list_unsynced(unsynced).await.unwrap().into_inner();
    assert_eq!(waiting.submission_ids.len(), 23);
    let events = to.published().await;
    let imported: BTreeSet<_> = events
        .iter()
        .filter(|event| event.kind == SUBMISSION_IMPORTED)
        .filter_map(keylight_contracts::events::CloudEvent::submission_id)
        .collect();
    assert_eq!(imported.len(), 23);
    let view = client
        .get_sync_view(v1::GetSyncViewRequest { submission_id: 20 })
        .await
        .unwrap()
        .into_inner();
    assert!(view.imported);

    let (again, _) = try_import(&asked, &to.pool).await.unwrap();
    assert_eq!(again.woken, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_lost_shows() {
    let (from, to) = (legacy(Shape::Knex, ROWS).await, System::start().await);
    import_from(&from, &to.pool).await;
    run(
        &to.pool,
        "UPDATE entity.submissions SET created_at = created_at + interval '1 microsecond', admin_notes = '' WHERE id = 20",
    )
    .await;
    let (outcome, _) = try_import(&wish(&from), &to.pool).await.unwrap();
    assert!(!outcome.is_equal());
    let different: Vec<_> = outcome
        .compared
        .iter()
        .flat_map(|table| &table.columns)
        .filter(|column| !column.is_equal())
        .map(|column| (column.table, column.column.as_str()))
        .collect();
    assert_eq!(
        different,
        [
            (Table::Submissions, "admin_notes"),
            (Table::Submissions, "created_at")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_place_here_is_kept_beside() {
    let from = legacy(
        Shape::Sql,
        "ALTER TABLE intake_submissions DROP CONSTRAINT intake_submissions_user_id_fkey, ALTER phone_number DROP NOT NULL,
             ADD COLUMN score numeric, ADD COLUMN empty text;
         INSERT INTO intake_submissions (id, full_name, email_address, phone_number, buyer_category, financing_plan,
             land_status, build_budget, construction_timeline, user_id, score)
         VALUES (1, 'Ada', 'ada@x.co', NULL, 'homebuyer', 'self_funding', 'need_land', '200k_250k', '3_to_6_months', 77, 1.50)",
    )
    .await;
    let to = System::start().await;
    let (_, told) = import_from(&from, &to.pool).await;
    let row: (serde_json::Value, serde_json::Value, Option<i64>, String) = sqlx::query_as(
        "SELECT l.extra, l.kept, s.user_id, s.phone_number FROM entity.legacy_rows l
         JOIN entity.submissions s ON s.id = l.id WHERE l.table_name = 'submissions'",
    )
    .fetch_one(&to.pool)
    .await
    .unwrap();
    assert_eq!(row.0.to_string(), r#"{"score":1.5}"#.to_owned());
    assert_eq!(
        row.1,
        serde_json::json!({"user_id": "77", "phone_number": null})
    );
    assert_eq!((row.2, row.3.as_str()), (None, ""));
    let rules = told.of(Table::Submissions, 1);
    assert!(
        rules.contains("link_dangling") && rules.contains("null_as_empty"),
        "{rules:?}"
    );
    let column = told
        .decisions
        .iter()
        .find(|one| one.rule == Rule::ColumnUnknown)
        .unwrap();
    assert_eq!((column.id, column.column.as_deref()), (None, Some("score")));
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_of_ten_megabytes_pass() {
    let from = messy(Sample {
        huge: 2,
        ..Sample::new(Shape::Knex, 50, 8)
    })
    .await;
    let to = System::start().await;
    import_from(&from, &to.pool).await;
    assert_every_value_is_there(&from.pool, &to.pool).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_arrives_and_arrives_once() {
    for seed in 0..3 {
        for shape in [Shape::Knex, Shape::Sql] {
            for variant in [
                Variant::Full,
                Variant::OnlySubmissions,
                Variant::OtherColumns,
            ] {
                let from = messy(Sample {
                    variant,
                    ..Sample::new(shape, 130, seed)
                })
                .await;
                let to = keylight_testkit::postgres::database(|_| async { Ok::<(), ()>(()) }).await;
                let (first, told) = import_from(&from, &to.pool).await;
                assert_every_value_is_there(&from.pool, &to.pool).await;
                let before = state(&to.pool).await;
                let (second, told_again) = import_from(&from, &to.pool).await;
                assert_eq!(
                    state(&to.pool).await,
                    before,
                    "{shape:?} {variant:?} {seed}"
                );
                assert_eq!(told.decisions, told_again.decisions);
                for (table, counts) in second.tables {
                    assert_eq!(counts.same, first.tables[&table].added);
                    assert_eq!((counts.added, counts.changed), (0, 0));
                }
                // exactly one of those who share an address answers for it, and counts its open applications
                let wrong: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM (
                         SELECT email_key, count(*) FILTER (WHERE holds_email) AS holders,
                             sum(open_submissions) AS open FROM entity.users GROUP BY email_key) u
                     WHERE holders <> 1 OR open <> (SELECT count(*) FROM entity.submissions s WHERE s.email_key = u.email_key)",
                )
                .fetch_one(&to.pool)
                .await
                .unwrap();
                assert_eq!(wrong, 0);
            }
        }
    }
}
