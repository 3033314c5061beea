//! Merging people and taking it back.

use crate::{
    people_system::{ask, caller, code, keyed, page},
    system::{System, application},
};
use keylight_contracts::{events, v1};
use keylight_domain::error::ErrorCode;

async fn role(system: &System, project: Option<i64>, person: i64, role: &str) {
    sqlx::query("INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, $3, '2026-01-01')")
        .bind(project)
        .bind(person)
        .bind(role)
        .execute(&system.pool)
        .await
        .unwrap();
}

async fn undo(
    system: &System,
    merge: &v1::Merge,
) -> Result<v1::Merge, keylight_domain::error::DomainError> {
    let request = v1::UndoMergeRequest {
        merge_id: merge.id.clone(),
        caller: caller(),
    };
    ask!(*system, undo_merge, request)
}

/// Ada and her double with a project each, and roles that meet in every way.
struct Doubles {
    ada: i64,
    double: i64,
    submission: v1::Submission,
    others: v1::Submission,
}

async fn doubles(system: &System) -> Doubles {
    let first = system.applicant("Ada Probe", "ada@example.com").await;
    let submission = system.applicant("A. Probe", "ada@elsewhere.org").await;
    let (ada, double) = (first.user_id.unwrap(), submission.user_id.unwrap());
    let others = system.applicant("Bo Other", "bo@example.com").await;
    // deleted ones move too
    sqlx::query("UPDATE entity.submissions SET user_id = $1, deleted_at = now() WHERE id = $2")
        .bind(double)
        .bind(others.id)
        .execute(&system.pool)
        .await
        .unwrap();
    system
        .run("UPDATE entity.users SET open_submissions = 0 WHERE email_key = 'bo@example.com'")
        .await;
    role(system, others.project_id, ada, "contact").await;
    role(system, others.project_id, double, "contact").await;
    role(system, others.project_id, double, "co_buyer").await;
    role(system, submission.project_id, ada, "co_buyer").await;
    role(system, first.project_id, double, "contact").await;
    Doubles {
        ada,
        double,
        submission,
        others,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_and_comes_back_exactly() {
    let system = System::start_with(1, |_| {}).await;
    let Doubles {
        ada,
        double,
        submission,
        others,
    } = doubles(&system).await;
    let before = system.picture().await;

    let merge = system.merge(ada, double).await.unwrap();
    assert_eq!((merge.kept_id, merge.merged_id), (ada, double));
    assert_eq!(merge.submission_ids, [submission.id, others.id]);
    assert_eq!(merge.project_ids, [submission.project_id.unwrap()]);
    let view = system.look(ada).await.unwrap();
    assert_eq!((view.submissions.len(), view.projects.len()), (2, 3));
    let gone = system.look(double).await.unwrap();
    assert_eq!(gone.person.unwrap().merged_into, Some(ada));
    assert_eq!((gone.submissions.len(), gone.projects.len()), (0, 0));
    let told = system.published().await;
    let last = told.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.submission_id()),
        (events::SUBMISSION_UPDATED, Some(submission.id))
    );
    system.assert_counts_are_right().await;
    assert_eq!(
        system
            .list_people("", v1::PersonFilter::default(), page(1, 9))
            .await
            .unwrap()
            .total_count,
        2
    );

    // who was merged can be neither changed nor merged nor deleted
    for answer in [
        code(system.merge(double, ada).await),
        code(system.merge(ada, double).await),
        code(system.delete_person(double, true).await),
        code(ask!(
            system,
            update_person,
            v1::UpdatePersonRequest {
                id: double,
                caller: caller(),
                ..Default::default()
            }
        )),
    ] {
        assert_eq!(answer, ErrorCode::Conflict);
    }

    let undone = undo(&system, &merge).await.unwrap();
    assert_eq!(undone.left, Vec::<String>::new());
    assert!(undone.undone_at.is_some());
    assert_eq!(system.picture().await, before);
    assert_eq!(code(undo(&system, &merge).await), ErrorCode::Conflict);
    system.assert_counts_are_right().await;
    assert_eq!(
        system.actions("user", double).await,
        ["merged", "merge undone"]
    );
    assert_eq!(
        system.actions("user", ada).await,
        ["merged with another", "merge undone"]
    );

    // and once more the other way round
    let merge = system.merge(double, ada).await.unwrap();
    undo(&system, &merge).await.unwrap();
    assert_eq!(system.picture().await, before);
    let list = ask!(
        system,
        list_merges,
        v1::ListMergesRequest {
            page: Some(page(1, 1))
        }
    )
    .unwrap();
    assert_eq!(list.merges[0].id, merge.id);
    let rest = v1::Page {
        number: 0,
        size: 5,
        after: list.next,
    };
    assert_eq!(
        ask!(
            system,
            list_merges,
            v1::ListMergesRequest { page: Some(rest) }
        )
        .unwrap()
        .merges
        .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moved_on_meanwhile_stays_and_is_told() {
    let system = System::start().await;
    let Doubles {
        ada,
        double,
        submission,
        others,
    } = doubles(&system).await;
    let merge = system.merge(ada, double).await.unwrap();
    let bo = others.user_id.unwrap();
    sqlx::query("UPDATE entity.submissions SET user_id = $1 WHERE id = $2")
        .bind(bo)
        .bind(submission.id)
        .execute(&system.pool)
        .await
        .unwrap();
    sqlx::query("UPDATE entity.projects SET user_id = $1 WHERE id = $2")
        .bind(bo)
        .bind(submission.project_id)
        .execute(&system.pool)
        .await
        .unwrap();
    sqlx::query("DELETE FROM entity.project_people WHERE project_id = $1 AND role = 'co_buyer'")
        .bind(others.project_id)
        .execute(&system.pool)
        .await
        .unwrap();
    // the address is free after the merge, and applies again
    let again = system.create(application("ada@elsewhere.org")).await;
    let holder = again.unwrap().user_id.unwrap();
    let undone = undo(&system, &merge).await.unwrap();
    let left = undone.left.join("\n");
    for words in [
        format!("Submission {} is with another person now", submission.id),
        format!(
            "Project {} has another owner now",
            submission.project_id.unwrap()
        ),
        format!("Project {}: the role co_buyer", others.project_id.unwrap()),
        format!(
            "Project {}: the role co_buyer",
            submission.project_id.unwrap()
        ),
        format!("is that of person {holder} now"),
    ] {
        assert!(left.contains(&words), "{words} in {left}");
    }
    assert_eq!(undone.left.len(), 5, "{left}");
    assert!(!left.contains('@'));
    assert_eq!(
        system
            .look(double)
            .await
            .unwrap()
            .person
            .unwrap()
            .merged_into,
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_of_the_same_address_takes_it_over() {
    let system = System::start().await;
    let submission = system.applicant("Ada Probe", "ada@example.com").await;
    system
        .run("INSERT INTO entity.users (id, full_name, email_address, email_key, holds_email, legacy)
              VALUES (5000, 'Ada Probe', 'ada@example.com', 'ada@example.com', false, true)")
        .await;
    let before = system.picture().await;
    let merge = system
        .merge(5000, submission.user_id.unwrap())
        .await
        .unwrap();
    let holder: (i64, i32) =
        sqlx::query_as("SELECT id, open_submissions FROM entity.users WHERE holds_email")
            .fetch_one(&system.pool)
            .await
            .unwrap();
    assert_eq!(holder, (5000, 1));
    assert!(system.create(application("ada@example.com")).await.is_err());
    undo(&system, &merge).await.unwrap();
    assert_eq!(system.picture().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_merges_at_once_one_wins_and_nothing_is_lost() {
    let system = System::start().await;
    for round in 0..8 {
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let email = format!("{name}{round}@example.com");
            ids.push(system.applicant("Ada Probe", &email).await.user_id.unwrap());
        }
        // into each other, and the same one into two
        let ways = if round % 2 == 0 {
            [(0, 1), (1, 0)]
        } else {
            [(0, 2), (1, 2)]
        };
        let (one, other) = tokio::join!(
            system.merge(ids[ways[0].0], ids[ways[0].1]),
            system.merge(ids[ways[1].0], ids[ways[1].1])
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let lost: i64 = sqlx::query_scalar("SELECT count(*) FROM entity.submissions s JOIN entity.users u ON u.id = s.user_id WHERE u.merged_into IS NOT NULL")
            .fetch_one(&system.pool)
            .await
            .unwrap();
        assert_eq!(lost, 0);
    }
    system.assert_counts_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn senseless_merges_are_refused_and_repeated_ones_answered_again() {
    let system = System::start().await;
    let ada = system.person("Ada", "ada@example.com").await.id;
    let bo = system.person("Bo", "bo@example.com").await.id;
    assert_eq!(code(system.merge(ada, ada).await), ErrorCode::InvalidInput);
    assert_eq!(code(system.merge(ada, 999).await), ErrorCode::NotFound);
    for merge_id in ["", "nonsense", "01890a5d-ac96-774b-bcce-b302099a8057"] {
        let request = v1::UndoMergeRequest {
            merge_id: merge_id.to_owned(),
            caller: caller(),
        };
        assert_eq!(code(ask!(system, undo_merge, request)), ErrorCode::NotFound);
    }
    let request = || v1::MergePeopleRequest {
        kept_id: ada,
        merged_id: bo,
        caller: keyed("m"),
    };
    let first = ask!(system, merge_people, request()).unwrap();
    assert_eq!(ask!(system, merge_people, request()).unwrap(), first);
    assert_eq!(system.count("merges").await, 1);
}
