//! Posts that come twice with one key.

use crate::system::{System, application, key};
use chrono::{TimeDelta, Utc};
use entity_service::{
    app::{MIGRATIONS, SCHEMA},
    idempotency, sweep,
};
use futures::future::join_all;
use keylight_contracts::v1;
use keylight_domain::{error::ErrorCode, intake::DUPLICATE_EMAIL};
use sqlx::PgPool;

fn keyed(email: &str, name: &str, request: &str) -> v1::CreateSubmissionRequest {
    v1::CreateSubmissionRequest {
        idempotency: key(name, request),
        ..application(email)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_post_twice_is_one_submission_with_one_answer() {
    let system = System::start_with(1, |_| {}).await;
    let first = system
        .create(keyed("a@example.com", "k1", "r"))
        .await
        .unwrap();
    assert_eq!(system.get(first.id).await.unwrap(), first);
    let again = system
        .create(keyed("a@example.com", "k1", "r"))
        .await
        .unwrap();
    assert_eq!(again, first);
    let person: Option<i64> = sqlx::query_scalar("SELECT person_id FROM entity.idempotency_keys")
        .fetch_one(&system.pool)
        .await
        .unwrap();
    assert_eq!(person, first.user_id, "an erasure finds the answer");
    assert_eq!(system.published().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_at_once_with_one_key_hear_the_same() {
    let system = System::start_with(6, |_| {}).await;
    let other = System::on(system.database.clone(), 6, |_| {}).await;
    let answers = join_all((0..16).map(|n| {
        let system = if n % 2 == 0 { &system } else { &other };
        system.create(keyed("a@example.com", "k1", "r"))
    }))
    .await;
    let first = answers[0].clone().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref() == Ok(&first)));
    assert_eq!(system.count("submissions").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_at_once_with_other_keys_are_one_submission() {
    let system = System::start_with(6, |_| {}).await;
    let names: Vec<String> = (0..16).map(|n| format!("k{n}")).collect();
    let answers = join_all(names.iter().enumerate().map(|(n, name)| {
        // half of them without a key, which go another way
        let mut request = keyed("a@example.com", name, "r");
        if n % 2 == 0 {
            request.idempotency = None;
        }
        system.create(request)
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert_eq!(error.message, DUPLICATE_EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_request_is_refused_and_a_failed_one_is_free_again() {
    let system = System::start().await;
    system
        .create(keyed("a@example.com", "k1", "r"))
        .await
        .unwrap();
    let other = system
        .create(keyed("b@example.com", "k1", "another"))
        .await
        .unwrap_err();
    assert_eq!(other.code, ErrorCode::AlreadyExists);
    let taken = system
        .create(keyed("a@example.com", "k2", "r"))
        .await
        .unwrap_err();
    assert_eq!(taken.message, DUPLICATE_EMAIL);
    assert_eq!(system.count("idempotency_keys").await, 1);
    system
        .create(keyed("b@example.com", "k2", "now right"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_kept_for_their_time_and_swept_in_lots() {
    // without the service, whose own sweep would help
    let migrate =
        |pool: PgPool| async move { keylight_store::migrate(&pool, &MIGRATIONS, SCHEMA).await };
    let database = keylight_testkit::postgres::database(migrate).await;
    let pool = &database.pool;
    let kept = || async {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM entity.idempotency_keys")
            .fetch_one(pool)
            .await
            .unwrap()
    };
    let now = Utc::now();
    sqlx::query(
        "INSERT INTO entity.idempotency_keys (key_digest, fingerprint, created_at)
         SELECT sha256(n::text::bytea), sha256('x'), $1 FROM generate_series(1, 1100) n",
    )
    .bind(now - idempotency::KEPT - TimeDelta::seconds(1))
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO entity.idempotency_keys (key_digest, fingerprint, created_at)
         VALUES (sha256('young'), sha256('x'), $1)",
    )
    .bind(now)
    .execute(pool)
    .await
    .unwrap();
    let mut rounds = Vec::new();
    loop {
        let swept = sweep::sweep(pool, now).await.unwrap();
        rounds.push(swept);
        if swept < sweep::LOT {
            break;
        }
    }
    assert_eq!(rounds, [500, 500, 100]);
    assert_eq!(kept().await, 1);
    sweep::sweep(pool, now + idempotency::KEPT + TimeDelta::minutes(1))
        .await
        .unwrap();
    assert_eq!(kept().await, 0);
}
