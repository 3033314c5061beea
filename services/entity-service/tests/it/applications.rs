//! Applications become submissions: once each, completely, whoever else applies at the same time.

use crate::system::{PATIENCE, System, application};
use futures::future::join_all;
use keylight_contracts::v1;
use keylight_domain::{
    error::ErrorCode,
    intake::{DUPLICATE_EMAIL, VALIDATION_FAILED},
};
use keylight_testkit::wait::wait_until;
use std::{collections::HashSet, sync::atomic::Ordering};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_stored_with_user_project_audit_and_event() {
    let system = System::start().await;
    system.bus.away.store(true, Ordering::SeqCst);
    let correlation = Uuid::from_u128(7).to_string();
    let request = v1::CreateSubmissionRequest {
        company_name: Some("Acme".to_owned()),
        buyer_category: "developer".to_owned(),
        correlation_id: correlation.clone(),
        ..application("Ada@Example.com")
    };
    let made = system.create(request).await.unwrap();
    assert_eq!(
        made,
        system.get(made.id).await.unwrap(),
        "the answer is what is stored"
    );
    assert_eq!(made.email_address, "ada@example.com");
    assert_eq!(
        (
            made.status.as_deref(),
            made.version,
            made.sync_state.as_str()
        ),
        (Some("new"), 1, "pending")
    );
    assert_eq!(made.referral_source.as_deref(), Some("Ritz-Craft"));
    assert_eq!(
        made.created_at.unwrap().nanos % 1000,
        0,
        "microseconds, as stored"
    );

    let project: (String, String, Option<i64>) =
        sqlx::query_as("SELECT name, status, user_id FROM entity.projects WHERE id = $1")
            .bind(made.project_id)
            .fetch_one(&system.pool)
            .await
            .unwrap();
    assert_eq!(
        project,
        (
            "Development by Acme".to_owned(),
            "planning".to_owned(),
            made.user_id
        )
    );
    let audit: (String, String, i64, Uuid) =
        sqlx::query_as("SELECT actor, action, entity_id, correlation_id FROM entity.audit_log")
            .fetch_one(&system.pool)
            .await
            .unwrap();
    assert_eq!(
        audit,
        (
            "public".to_owned(),
            "created".to_owned(),
            made.id,
            Uuid::from_u128(7)
        )
    );

    // the row waits while the bus is away, in one piece
    assert_eq!(system.count("outbox").await, 1);
    system.bus.away.store(false, Ordering::SeqCst);
    let events = system.published().await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].kind.as_str(), events[0].submission_id()),
        ("keylight.submission.created.v1", Some(made.id))
    );
    assert_eq!(events[0].correlationid, correlation);
    let logged: (Uuid, serde_json::Value) = sqlx::query_as("SELECT id, data FROM entity.events")
        .fetch_one(&system.pool)
        .await
        .unwrap();
    assert_eq!(
        logged,
        (events[0].id, events[0].data.clone()),
        "the log and the message say the same"
    );
    assert_eq!(events[0].data["submission_id"], made.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_checked_here_too() {
    let system = System::start().await;
    let request = v1::CreateSubmissionRequest {
        lot_address: None,
        full_name: String::new(),
        ..application("a@b.co")
    };
    let error = system.create(request).await.unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::InvalidInput, VALIDATION_FAILED)
    );
    assert_eq!(
        error.details,
        [
            "full_name is required",
            "lot_address is required when land_status is own_land"
        ]
    );
    assert_eq!(system.count("users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_identical_applications_at_once_one_is_accepted() {
    // two processes, so that not only the queue in front of one database connection keeps them apart
    let system = System::start_with(8, |config| config.committers = 4).await;
    let other = System::on(system.database.clone(), 8, |config| config.committers = 4).await;
    for round in 0..20 {
        let email = format!("same{round}@example.com");
        let answers = join_all((0..16).map(|n| {
            let system = if n % 2 == 0 { &system } else { &other };
            system.create(application(&email))
        }))
        .await;
        let refused: Vec<_> = answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .collect();
        assert_eq!(refused.len(), 15, "round {round}");
        assert!(
            refused
                .iter()
                .all(|error| error.code == ErrorCode::InvalidInput
                    && error.message == DUPLICATE_EMAIL)
        );
    }
    for table in ["submissions", "users", "projects", "audit_log", "events"] {
        assert_eq!(system.count(table).await, 20, "{table}");
    }
    assert_eq!(
        system.published().await.len() + other.published().await.len(),
        20
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_with_doubles_is_sorted_out() {
    let system = System::start_with(2, |config| config.committers = 1).await;
    system
        .create(application("known@example.com"))
        .await
        .unwrap();
    let requests = (0..300).map(|n| match n % 10 {
        0 => application("known@example.com"),
        1 => application(&format!("Twin{}@example.com", n / 20)),
        _ => application(&format!("single{n}@example.com")),
    });
    let answers = join_all(requests.map(|request| system.create(request))).await;
    let accepted: HashSet<i64> = answers.iter().flatten().map(|made| made.id).collect();
    assert_eq!(accepted.len(), 15 + 240);
    assert_eq!(
        answers.iter().filter(|answer| answer.is_err()).count(),
        30 + 15
    );
    for answer in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(answer.message, DUPLICATE_EMAIL);
    }
    for made in answers.into_iter().flatten() {
        assert_eq!(
            system.get(made.id).await.unwrap(),
            made,
            "every answer belongs to its own application"
        );
    }
    assert_eq!(system.count("submissions").await, 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plus_address_is_another_address() {
    let system = System::start().await;
    system.create(application("ada@example.com")).await.unwrap();
    system
        .create(application("ada+house@example.com"))
        .await
        .unwrap();
    assert_eq!(
        system
            .create(application(" ADA@example.com "))
            .await
            .unwrap_err()
            .message,
        DUPLICATE_EMAIL
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_submission_frees_its_address_and_the_user_stays() {
    let system = System::start().await;
    let first = system.create(application("ada@example.com")).await.unwrap();
    system.delete(first.id).await.unwrap();
    let again = join_all((0..8).map(|_| system.create(application("ada@example.com")))).await;
    let again: Vec<_> = again.into_iter().flatten().collect();
    assert_eq!(again.len(), 1);
    assert_ne!(again[0].id, first.id);
    assert_eq!(again[0].user_id, first.user_id);
    system.delete(again[0].id).await.unwrap();
    system.create(application("ada@example.com")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_row_that_the_database_refuses_does_not_hurt_its_neighbours() {
    let system = System::start_with(1, |_| {}).await;
    sqlx::query(
        "ALTER TABLE entity.submissions ADD CONSTRAINT no_bad CHECK (full_name <> 'Bad Luck')",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    let answers = join_all((0..40).map(|n| {
        let mut request = application(&format!("n{n}@example.com"));
        if n == 20 {
            request.full_name = "Bad Luck".to_owned();
        }
        system.create(request)
    }))
    .await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.is_err(), n == 20, "{n}: {answer:?}");
    }
    // nothing of the refused one is left
    assert_eq!(system.count("users").await, 39);
    assert_eq!(system.count("events").await, 39);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_worth_a_retry() {
    let system = System::start_with(1, |_| {}).await;
    system
        .create(application("before@example.com"))
        .await
        .unwrap();
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        .execute(&system.pool)
        .await
        .unwrap();
    // the first call may find the dead connection; what was refused was not stored
    wait_until("the service is back", PATIENCE, || async {
        match system.create(application("after@example.com")).await {
            Ok(made) => Ok(made),
            Err(error) => {
                assert_eq!(error.code, ErrorCode::Unavailable);
                Err(error.to_string())
            }
        }
    })
    .await;
    assert_eq!(system.count("submissions").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_said_at_once() {
    let system = System::start_with(1, |config| config.queue = 2).await;
    let mut blocker = system.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE entity.users")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let call = |n: i32| {
        let mut client = system.client.clone();
        tokio::spawn(async move {
            client
                .create_submission(application(&format!("n{n}@example.com")))
                .await
        })
    };
    let stuck = call(0);
    one_waits_for_a_lock(&system, "a batch is stuck at the lock").await;
    let others: Vec<_> = (1..=12).map(call).collect();
    wait_until(
        "the queue is full and the rest refused",
        PATIENCE,
        || async {
            let refused = others.iter().filter(|call| call.is_finished()).count();
            if refused == 10 {
                Ok(())
            } else {
                Err(format!("{refused} refused"))
            }
        },
    )
    .await;
    blocker.rollback().await.unwrap();
    assert!(stuck.await.unwrap().is_ok());
    let answers: Vec<_> = join_all(others)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let refused: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().err())
        .collect();
    assert_eq!(refused.len(), 10);
    assert!(
        refused
            .iter()
            .all(|status| status.code() == tonic::Code::Unavailable)
    );
    assert_eq!(system.count("submissions").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_given_up_is_not_stored() {
    let system = System::start_with(1, |_| {}).await;
    let mut blocker = system.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE entity.users")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let mut client = system.client.clone();
    let stuck = tokio::spawn(async move {
        client
            .create_submission(application("first@example.com"))
            .await
    });
    let mut request = tonic::Request::new(application("impatient@example.com"));
    one_waits_for_a_lock(&system, "the first is stuck").await;
    request.set_timeout(std::time::Duration::from_millis(200));
    let gave_up = system
        .client
        .clone()
        .create_submission(request)
        .await
        .unwrap_err();
    assert!(
        matches!(
            gave_up.code(),
            tonic::Code::DeadlineExceeded | tonic::Code::Cancelled
        ),
        "{gave_up:?}"
    );
    blocker.rollback().await.unwrap();
    stuck.await.unwrap().unwrap();
    system
        .create(application("last@example.com"))
        .await
        .unwrap();
    assert_eq!(system.count("submissions").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_stuck_holds_up_nobody_else() {
    let system = System::start().await;
    let known = system
        .create(application("known@example.com"))
        .await
        .unwrap();
    system.delete(known.id).await.unwrap();
    let mut blocker = system.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM entity.users FOR UPDATE")
        .execute(&mut *blocker)
        .await
        .unwrap();
    let mut client = system.client.clone();
    let stuck = tokio::spawn(async move {
        client
            .create_submission(application("known@example.com"))
            .await
    });
    one_waits_for_a_lock(&system, "the known address is stuck").await;
    for n in 0..3 {
        system
            .create(application(&format!("n{n}@example.com")))
            .await
            .unwrap();
    }
    assert!(!stuck.is_finished());
    blocker.rollback().await.unwrap();
    stuck.await.unwrap().unwrap();
}

async fn one_waits_for_a_lock(system: &System, what: &str) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_until(what, PATIENCE, || async {
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
}
