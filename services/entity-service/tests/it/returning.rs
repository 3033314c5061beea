//! People who apply again, when the setting lets them.

use crate::system::{System, application};
use futures::future::join_all;
use keylight_domain::submissions::Duplicates;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_returning_client_gets_a_new_submission_and_project() {
    let system = System::start_with(4, |config| config.duplicates = Duplicates::Link).await;
    let first = system.create(application("ada@example.com")).await.unwrap();
    let again = system
        .create(application("Ada@example.com "))
        .await
        .unwrap();
    assert_eq!(again.user_id, first.user_id);
    assert_ne!(again.id, first.id);
    assert_ne!(again.project_id, first.project_id);
    assert_eq!(open(&system).await, 2);
    system.delete(first.id).await.unwrap();
    assert_eq!(open(&system).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_one_person_is_counted_right() {
    let system = System::start_with(8, |config| {
        config.duplicates = Duplicates::Link;
        config.committers = 4;
    })
    .await;
    let made = join_all((0..48).map(|_| system.create(application("ada@example.com")))).await;
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    let of = |pick: fn(&keylight_contracts::v1::Submission) -> Option<i64>| {
        made.iter().map(pick).collect::<HashSet<_>>().len()
    };
    assert_eq!(of(|row| Some(row.id)), 48);
    assert_eq!(of(|row| row.project_id), 48);
    assert_eq!(of(|row| row.user_id), 1);
    assert_eq!(open(&system).await, 48);
    assert_eq!(system.published().await.len(), 48);
}

async fn open(system: &System) -> i32 {
    sqlx::query_scalar("SELECT open_submissions FROM entity.users")
        .fetch_one(&system.pool)
        .await
        .unwrap()
}
