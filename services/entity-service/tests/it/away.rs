//! When the database is away or every connection is taken, callers hear it soon and may come again.

use crate::system::{PATIENCE, System, application, key, staff, told};
use keylight_contracts::v1;
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_testkit::wait::wait_until;
use std::time::{Duration, Instant};

/// Every kind of call, by name.
async fn every_call(system: &System, id: i64) -> Vec<(&'static str, Result<(), DomainError>)> {
    let mut client = system.client.clone();
    let mut keyed = application("keyed@example.com");
    keyed.idempotency = key("k", "r");
    let list = v1::ListSubmissionsRequest {
        page: 1,
        page_size: 1,
        ..Default::default()
    };
    let search = v1::SearchSubmissionsRequest {
        term: "ada".to_owned(),
        page: 1,
        page_size: 1,
    };
    let bulk = v1::BulkChangeRequest {
        filter: Some(v1::SubmissionFilter {
            status: Some("new".to_owned()),
            ..Default::default()
        }),
        status: Some("reviewed".to_owned()),
        caller: staff(),
        ..Default::default()
    };
    let caught = v1::QuarantineRequest {
        application: Some(application("caught@example.com")),
        reason: "a test".to_owned(),
    };
    let restore = v1::RestoreSubmissionRequest {
        id,
        caller: staff(),
    };
    vec![
        (
            "create",
            system
                .create(application("new@example.com"))
                .await
                .map(drop),
        ),
        ("create with a key", system.create(keyed).await.map(drop)),
        ("get", system.get(id).await.map(drop)),
        ("list", told(client.list_submissions(list).await).map(drop)),
        (
            "search",
            told(client.search_submissions(search).await).map(drop),
        ),
        (
            "stats",
            told(client.submission_stats(v1::SubmissionStatsRequest {}).await).map(drop),
        ),
        (
            "change",
            system.update(id, "reviewed", None).await.map(drop),
        ),
        ("bulk", told(client.bulk_change(bulk).await).map(drop)),
        (
            "quarantine",
            told(client.quarantine(caught).await).map(drop),
        ),
        (
            "restore",
            told(client.restore_submission(restore).await).map(drop),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_a_free_connection_is_said_soon() {
    let system = System::start_impatient(Duration::from_millis(300)).await;
    let made = system.create(application("a@example.com")).await.unwrap();
    // whoever takes the only connection now waits for this lock with it
    let mut blocker = system.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE entity.submissions, entity.submission_deltas, entity.users")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let mut client = system.client.clone();
    let stuck = tokio::spawn(async move {
        let request = v1::GetSubmissionRequest {
            id: made.id,
            ..Default::default()
        };
        client.get_submission(request).await
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_until("the connection is taken", PATIENCE, || async {
        let waiting: i64 = sqlx::query_scalar(waiting)
            .fetch_one(&system.pool)
            .await
            .unwrap();
        if waiting == 1 {
            Ok(())
        } else {
            Err(format!("{waiting} wait"))
        }
    })
    .await;
    let began = Instant::now();
    let answers = every_call(&system, made.id).await;
    let calls = u32::try_from(answers.len()).unwrap();
    for (name, answer) in answers {
        assert_eq!(answer.unwrap_err().code, ErrorCode::Unavailable, "{name}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(2) * calls,
        "{:?}",
        began.elapsed()
    );
    blocker.rollback().await.unwrap();
    let _ = stuck.await.unwrap();
    wait_until("all is well again", PATIENCE, || async {
        system.get(made.id).await.map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_said_soon() {
    let (system, proxy) = System::start_behind_proxy(Duration::from_millis(300)).await;
    let made = system.create(application("a@example.com")).await.unwrap();
    proxy.refuse();
    let began = Instant::now();
    let answers = every_call(&system, made.id).await;
    let calls = u32::try_from(answers.len()).unwrap();
    for (name, answer) in answers {
        assert_eq!(answer.unwrap_err().code, ErrorCode::Unavailable, "{name}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(2) * calls,
        "{:?}",
        began.elapsed()
    );
    proxy.pass();
    wait_until("all is well again", PATIENCE, || async {
        system.get(made.id).await.map_err(|error| error.to_string())
    })
    .await;
    assert_eq!(
        system.count("submissions").await,
        1,
        "what was refused was not stored"
    );
    system.create(application("b@example.com")).await.unwrap();
}
