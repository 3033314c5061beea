//! Plans that a connection makes while the tables are empty, and keeps, must not read whole tables later.

use crate::system::{PATIENCE, System, application, staff, told};
use keylight_contracts::v1;
use keylight_testkit::wait::wait_until;

/// Rows of `entity.submissions`, `users` and `projects` that were read other than through the primary key.
async fn read_otherwise(system: &System) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT relname || ' from end to end', seq_tup_read FROM pg_stat_user_tables
             WHERE schemaname = 'entity' AND relname IN ('submissions', 'users', 'projects')
         UNION ALL
         SELECT indexrelname::text, idx_tup_read FROM pg_stat_user_indexes
             WHERE schemaname = 'entity' AND relname IN ('submissions', 'users', 'projects') AND indexrelname NOT LIKE '%_pkey'",
    )
    .fetch_all(&system.pool)
    .await
    .unwrap()
}

async fn read_by_key(system: &System) -> i64 {
    sqlx::query_scalar(
        "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'submissions_pkey'",
    )
    .fetch_one(&system.pool)
    .await
    .unwrap()
}

async fn everything_by_id(system: &System, id: i64) {
    let mut client = system.client.clone();
    // pages of few values are read in the order of their index, by plans that are kept as well
    for status in [None, Some("new"), Some("disqualified")] {
        let page = v1::ListSubmissionsRequest {
            filter: Some(v1::SubmissionFilter {
                status: status.map(ToOwned::to_owned),
                ..Default::default()
            }),
            page: 1,
            page_size: 5,
            ..Default::default()
        };
        told(client.list_submissions(page).await).unwrap();
    }
    let _ = system.get(id).await;
    let with = v1::GetSubmissionRequest {
        id,
        with_user: true,
        with_project: true,
        include_deleted: true,
    };
    let _ = client.get_submission(with).await;
    let several = v1::GetSubmissionsRequest {
        ids: (id..id + 20).collect(),
    };
    told(client.get_submissions(several).await).unwrap();
    let _ = client
        .get_sync_view(v1::GetSyncViewRequest { submission_id: id })
        .await;
    let _ = system.update(id, "reviewed", Some("x")).await;
    let _ = system.update(id, "new", None).await;
    let report = v1::RecordSyncRequest {
        submission_id: id,
        sync_state: "failed".to_owned(),
        ..Default::default()
    };
    told(client.record_sync(report).await).unwrap();
    let remote = v1::ApplyRemoteRequest {
        submission_id: id,
        status: Some("contacted".to_owned()),
        expected_version: system.get(id).await.map_or(1, |row| row.version),
        ..Default::default()
    };
    let _ = client.apply_remote(remote).await;
    let many = v1::BulkChangeRequest {
        ids: (id..id + 20).collect(),
        status: Some("qualified".to_owned()),
        caller: staff(),
        ..Default::default()
    };
    told(client.bulk_change(many).await).unwrap();
    let _ = system.delete(id).await;
    let restore = v1::RestoreSubmissionRequest {
        id,
        caller: staff(),
    };
    let _ = client.restore_submission(restore).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_id_means_by_primary_key_also_when_the_plan_is_from_an_empty_table() {
    // one connection, which keeps its plans
    let system = System::start_with(1, |_| {}).await;
    // and nothing that would make it forget them
    sqlx::raw_sql(
        "ALTER TABLE entity.submissions SET (autovacuum_enabled = false);
         ALTER TABLE entity.users SET (autovacuum_enabled = false);
         ALTER TABLE entity.projects SET (autovacuum_enabled = false)",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    let first = system
        .create(application("first@example.com"))
        .await
        .unwrap();
    // a plan is kept from the sixth time on
    for _ in 0..8 {
        everything_by_id(&system, first.id).await;
    }
    let mut filler = system.pool.acquire().await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO entity.users (full_name, email_address, email_key)
             SELECT 'N', n || '@example.com', n || '@example.com' FROM generate_series(1, 20000) n;
         INSERT INTO entity.projects (name, user_id) SELECT 'N', id FROM entity.users WHERE id > 1;
         INSERT INTO entity.submissions (full_name, email_address, email_key, phone_number, buyer_category, financing_plan,
             land_status, build_budget, construction_timeline, status, created_at, updated_at, user_id, project_id)
         SELECT 'N', u.email_address, u.email_key, '5551234567', 'developer', 'self_funding', 'own_land', '500k_plus',
             '3_to_6_months', 'new', now(), now(), u.id, p.id FROM entity.users u JOIN entity.projects p ON p.user_id = u.id
         WHERE u.id > 1",
    )
    .execute(&mut *filler)
    .await
    .unwrap();
    sqlx::query("SELECT pg_stat_force_next_flush()")
        .execute(&mut *filler)
        .await
        .unwrap();
    wait_until("the documents are made", PATIENCE, || async {
        match system.count("submission_search_pending").await {
            0 => Ok(()),
            rows => Err(format!("{rows} rows")),
        }
    })
    .await;
    // A session tells its statistics all at once, about every second: what it tells from now on holds all before.
    let told = read_by_key(&system).await;
    wait_until("what was read so far is told", PATIENCE, || async {
        system.get(first.id).await.unwrap();
        if read_by_key(&system).await > told {
            Ok(())
        } else {
            Err("nothing yet".to_owned())
        }
    })
    .await;
    let (before, keyed) = (read_otherwise(&system).await, read_by_key(&system).await);
    let last: i64 = sqlx::query_scalar("SELECT max(id) - 30 FROM entity.submissions")
        .fetch_one(&system.pool)
        .await
        .unwrap();
    for n in 0..5 {
        everything_by_id(&system, last - 100 * n).await;
    }
    wait_until("the statistics have arrived", PATIENCE, || async {
        system.get(last).await.unwrap();
        let scans = read_by_key(&system).await - keyed;
        if scans > 60 {
            Ok(())
        } else {
            Err(format!("{scans} scans"))
        }
    })
    .await;
    for ((what, before), (_, after)) in before.iter().zip(read_otherwise(&system).await) {
        assert!(
            after - before < 2_000,
            "{what}: {} rows were read",
            after - before
        );
    }
}
