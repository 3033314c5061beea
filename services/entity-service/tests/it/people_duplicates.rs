//! Suggestions of people who may be the same.

use crate::{
    people_system::{ask, caller, code, newcomer},
    system::{PATIENCE, System},
};
use keylight_contracts::v1;
use keylight_domain::error::ErrorCode;
use keylight_testkit::wait::wait_until;

async fn suggested(system: &System, person_id: i64) -> Vec<v1::Duplicate> {
    let request = v1::SuggestDuplicatesRequest {
        person_id,
        limit: 100,
    };
    ask!(*system, suggest_duplicates, request)
        .unwrap()
        .duplicates
}

fn pairs(duplicates: &[v1::Duplicate]) -> Vec<(i64, i64)> {
    let id = |person: &Option<v1::Person>| person.as_ref().unwrap().id;
    duplicates
        .iter()
        .map(|one| (id(&one.first), id(&one.second)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_are_suggested_with_reasons_until_they_are_settled() {
    let system = System::start_with(1, |_| {}).await;
    let make = |name: &'static str, email: &'static str, phone: &'static str| {
        let system = &system;
        async move {
            let request = v1::CreatePersonRequest {
                phone_number: Some(phone.to_owned()).filter(|phone| !phone.is_empty()),
                ..newcomer(name, email)
            };
            ask!(*system, create_person, request).unwrap().id
        }
    };
    let ada = make("Ada Probe", "ada@example.com", "555-123-4567").await;
    let again = make("Probe, Ada", "ap@elsewhere.org", "+1 (555) 123 4567").await;
    let namesake = make("Ada Prohbe", "third@example.com", "").await;
    make("Zed Stranger", "zed@example.com", "555-999-8888").await;
    // applicants are found too
    let applicant = system
        .applicant("Ada Probe", "a.d.a+house@example.com")
        .await
        .user_id
        .unwrap();
    system.indexed().await;

    let all = suggested(&system, 0).await;
    assert!(all.windows(2).all(|two| two[0].score >= two[1].score));
    let found = pairs(&all);
    assert!(
        found.contains(&(ada, again)) && found.contains(&(ada, applicant)),
        "{found:?}"
    );
    let first = all
        .iter()
        .find(|one| pairs(std::slice::from_ref(one)) == [(ada, again)])
        .unwrap();
    assert_eq!(first.reasons, ["same_phone", "same_name"]);
    assert!(first.score > 0.7 && first.score < 1.0);

    // of one person, also before the index knows of the newest change
    let request = v1::UpdatePersonRequest {
        id: namesake,
        phone_number: Some("5551234567".to_owned()),
        caller: caller(),
        ..Default::default()
    };
    ask!(system, update_person, request).unwrap();
    let hers = pairs(&suggested(&system, namesake).await);
    assert!(hers.contains(&(ada, namesake)), "{hers:?}");
    assert!(hers.iter().all(|(a, b)| *a == namesake || *b == namesake));

    let dismiss = |first_id, second_id| {
        let request = v1::DismissDuplicateRequest {
            first_id,
            second_id,
            caller: caller(),
        };
        let system = &system;
        async move { ask!(*system, dismiss_duplicate, request) }
    };
    dismiss(again, ada).await.unwrap();
    dismiss(ada, again).await.unwrap();
    assert_eq!(system.actions("user", ada).await, ["created", "told apart"]);
    assert!(!pairs(&suggested(&system, 0).await).contains(&(ada, again)));
    assert!(!pairs(&suggested(&system, ada).await).contains(&(ada, again)));
    assert_eq!(code(dismiss(ada, ada).await), ErrorCode::InvalidInput);
    assert_eq!(code(dismiss(ada, 999).await), ErrorCode::NotFound);

    // merged and deleted people are no longer suggested
    system.merge(ada, applicant).await.unwrap();
    let found = pairs(&suggested(&system, 0).await);
    assert!(
        found
            .iter()
            .all(|(a, b)| *a != applicant && *b != applicant),
        "{found:?}"
    );
    let request = v1::SuggestDuplicatesRequest {
        person_id: applicant,
        limit: 1,
    };
    assert_eq!(
        code(ask!(system, suggest_duplicates, request)),
        ErrorCode::Conflict
    );
    let request = v1::SuggestDuplicatesRequest {
        person_id: 999,
        limit: 1,
    };
    assert_eq!(
        code(ask!(system, suggest_duplicates, request)),
        ErrorCode::NotFound
    );
    system.delete_person(namesake, false).await.unwrap();
    assert_eq!(suggested(&system, 0).await, []);
    wait_until("the index forgets the deleted", PATIENCE, || async {
        let keys: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM entity.duplicate_keys WHERE user_id = ANY($1)",
        )
        .bind([namesake, applicant])
        .fetch_one(&system.pool)
        .await
        .unwrap();
        if keys == 0 {
            Ok(())
        } else {
            Err(format!("{keys} keys"))
        }
    })
    .await;
}
