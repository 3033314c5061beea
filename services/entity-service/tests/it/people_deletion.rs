//! Deleting people and bringing them back.

use crate::{
    people_system::{ask, caller, code, keyed},
    system::{System, application},
};
use keylight_contracts::{events, v1};
use keylight_domain::error::ErrorCode;

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_undone_exactly() {
    let system = System::start_with(1, |_| {}).await;
    let submission = system.applicant("Ada Probe", "ada@example.com").await;
    let ada = submission.user_id.unwrap();
    // one that was deleted before must not come back
    let earlier = system.applicant("Cy", "cy@example.com").await;
    let other = system.applicant("Bo Other", "bo@example.com").await;
    sqlx::query("UPDATE entity.submissions SET user_id = $1 WHERE id = $2")
        .bind(ada)
        .bind(earlier.id)
        .execute(&system.pool)
        .await
        .unwrap();
    system.delete(earlier.id).await.unwrap();
    sqlx::query("INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, 'co_buyer', '2026-01-01')")
        .bind(other.project_id)
        .bind(ada)
        .execute(&system.pool)
        .await
        .unwrap();
    let before = system.picture().await;

    let refused = system.delete_person(ada, false).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.contains("cascade"), "{refused}");
    assert_eq!(system.picture().await, before);

    let deleted = system.delete_person(ada, true).await.unwrap();
    assert_eq!(deleted.submission_ids, [submission.id]);
    assert_eq!(deleted.project_ids, [submission.project_id.unwrap()]);
    assert!(deleted.person.unwrap().deleted_at.is_some());
    assert_eq!(code(system.look(ada).await), ErrorCode::NotFound);
    assert_eq!(code(system.get(submission.id).await), ErrorCode::NotFound);
    assert_eq!(
        code(system.delete_person(ada, true).await),
        ErrorCode::NotFound
    );
    let shown = v1::GetPersonRequest {
        id: ada,
        include_deleted: true,
        ..Default::default()
    };
    assert!(
        ask!(system, get_person, shown)
            .unwrap()
            .person
            .unwrap()
            .deleted_at
            .is_some()
    );
    let told = system.published().await;
    let last = told.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.submission_id()),
        (events::SUBMISSION_DELETED, Some(submission.id))
    );
    system.assert_counts_are_right().await;

    let restored = system.restore_person(ada).await.unwrap();
    assert_eq!((restored.submission_count, restored.project_count), (1, 2));
    assert_eq!(system.picture().await, before);
    let told = system.published().await;
    let last = told.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.submission_id()),
        (events::SUBMISSION_RESTORED, Some(submission.id))
    );
    assert_eq!(code(system.restore_person(ada).await), ErrorCode::Conflict);
    assert_eq!(system.actions("user", ada).await, ["deleted", "restored"]);
    assert!(system.create(application("ada@example.com")).await.is_err());

    // once more, and everything again
    system.delete_person(ada, true).await.unwrap();
    system.restore_person(ada).await.unwrap();
    assert_eq!(system.picture().await, before);
    system.assert_counts_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_applied_again_keeps_a_person_in_the_bin() {
    let system = System::start().await;
    let submission = system.applicant("Ada Probe", "ada@example.com").await;
    let ada = submission.user_id.unwrap();
    system.delete_person(ada, true).await.unwrap();
    let again = system.applicant("Ada Probe", "ada@example.com").await;
    assert_ne!(again.user_id, submission.user_id);
    let refused = system.restore_person(ada).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(
        refused
            .message
            .contains(&format!("person {}", again.user_id.unwrap())),
        "{refused}"
    );
    assert_eq!(code(system.get(submission.id).await), ErrorCode::NotFound);
    system
        .delete_person(again.user_id.unwrap(), true)
        .await
        .unwrap();
    system.restore_person(ada).await.unwrap();
    system.get(submission.id).await.unwrap();
    system.assert_counts_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_answers_for_the_address_while_its_holder_is_deleted() {
    let system = System::start().await;
    let ada = system.person("Ada", "ada@example.com").await.id;
    system
        .run("INSERT INTO entity.users (id, full_name, email_address, email_key, holds_email, legacy)
              VALUES (5000, 'Twin', 'ada@example.com', 'ada@example.com', false, true)")
        .await;
    let before = system.picture().await;
    system.delete_person(ada, false).await.unwrap();
    let submission = system.applicant("Ada", "ada@example.com").await;
    assert_eq!(submission.user_id, Some(5000));
    system.delete(submission.id).await.unwrap();
    system.restore_person(ada).await.unwrap();
    let users = |picture: Vec<String>| {
        picture
            .into_iter()
            .filter(|line| line.starts_with("user"))
            .collect::<Vec<_>>()
    };
    assert_eq!(users(system.picture().await), users(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_of_several_people_is_not_taken_along() {
    let system = System::start().await;
    let submission = system.applicant("Ada Probe", "ada@example.com").await;
    let bo = system.person("Bo", "bo@example.com").await.id;
    sqlx::query("INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, 'co_buyer', now())")
        .bind(submission.project_id)
        .bind(bo)
        .execute(&system.pool)
        .await
        .unwrap();
    let refused = system
        .delete_person(submission.user_id.unwrap(), true)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.contains("owner"), "{refused}");
    // a co-buyer may go: the role ends, and comes back with the person
    system.delete_person(bo, false).await.unwrap();
    assert_eq!(system.count("project_people").await, 0);
    system.restore_person(bo).await.unwrap();
    assert_eq!(system.count("project_people").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_and_repetitions_hold_for_deletions_too() {
    let system = System::start().await;
    let ada = system.person("Ada", "ada@example.com").await.id;
    let request = |expected_version, key: &str| v1::DeletePersonRequest {
        id: ada,
        cascade: false,
        expected_version,
        caller: keyed(key),
    };
    assert_eq!(
        code(ask!(system, delete_person, request(Some(7), "k1"))),
        ErrorCode::Conflict
    );
    let first = ask!(system, delete_person, request(Some(1), "k2")).unwrap();
    let second = ask!(system, delete_person, request(Some(1), "k2")).unwrap();
    assert_eq!(first, second);
    assert_eq!(system.actions("user", ada).await, ["created", "deleted"]);
    let restore = || v1::RestorePersonRequest {
        id: ada,
        caller: caller(),
    };
    ask!(system, restore_person, restore()).unwrap();
    assert_eq!(
        code(ask!(system, restore_person, restore())),
        ErrorCode::Conflict
    );
    let nobody = v1::RestorePersonRequest {
        id: 999,
        caller: caller(),
    };
    assert_eq!(
        code(ask!(system, restore_person, nobody)),
        ErrorCode::NotFound
    );
}
