//! Who belongs to a project, and which submissions do.

use crate::projects_desk::{Desk, caller, outcome, roles};
use keylight_contracts::{events::SUBMISSION_UPDATED, v1};
use keylight_domain::error::ErrorCode;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn people_come_and_go_with_their_roles() {
    let desk = Desk::with_connections(1).await;
    let (ada, bob, eve) = (
        desk.person("ada@example.com").await,
        desk.person("bob@example.com").await,
        desk.person("eve@example.com").await,
    );
    let id = desk.project(ada, "House").await.id;
    desk.add(id, bob, "co_buyer").await.unwrap();
    let people = desk.add(id, eve, "contact").await.unwrap().people;
    assert_eq!(
        roles(&people),
        [(ada, "owner"), (bob, "co_buyer"), (eve, "contact")]
    );
    assert_eq!(people[1].email_address, "bob@example.com");

    // the same twice changes nothing
    let version = desk.view(id).await.unwrap().project.unwrap().version;
    let audited = desk.audit("project", id).await.len();
    desk.add(id, bob, "co_buyer").await.unwrap();
    desk.add(id, ada, "owner").await.unwrap();
    assert_eq!(
        desk.view(id).await.unwrap().project.unwrap().version,
        version
    );
    assert_eq!(desk.audit("project", id).await.len(), audited);

    // whoever becomes owner is nothing else any more, and the one before stays a contact
    let people = desk.add(id, bob, "owner").await.unwrap().people;
    assert_eq!(
        roles(&people),
        [(bob, "owner"), (ada, "contact"), (eve, "contact")]
    );
    assert_eq!(
        desk.audit("project", id).await.last().unwrap().1,
        json!({ "user_id": ada })
    );
    let people = desk
        .update(
            id,
            v1::ProjectFields {
                user_id: Some(ada),
                ..Default::default()
            },
            None,
        )
        .await
        .unwrap();
    assert_eq!(people.user_id, Some(ada));
    let people = desk.view(id).await.unwrap().people;
    assert_eq!(
        roles(&people),
        [(ada, "owner"), (bob, "contact"), (eve, "contact")]
    );

    desk.add(id, eve, "co_buyer").await.unwrap();
    let people = desk.remove(id, eve, "contact").await.unwrap().people;
    assert_eq!(
        roles(&people),
        [(ada, "owner"), (eve, "co_buyer"), (bob, "contact")]
    );
    let people = desk.remove(id, eve, "").await.unwrap().people;
    assert_eq!(roles(&people), [(ada, "owner"), (bob, "contact")]);
    let listed = desk
        .projects
        .clone()
        .list_project_people(v1::ListProjectPeopleRequest { project_id: id })
        .await;
    assert_eq!(outcome(listed).unwrap().people, people);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_the_remedy() {
    let desk = Desk::start().await;
    let submission = desk.applied("ada@example.com").await;
    let (ada, id) = (submission.user_id.unwrap(), submission.project_id.unwrap());
    let bob = desk.person("bob@example.com").await;
    let code = |outcome: Result<_, keylight_domain::error::DomainError>| match outcome {
        Ok(v1::ProjectPeople { .. }) => panic!("it was let through"),
        Err(error) => error.code,
    };
    assert_eq!(
        code(desk.add(id, bob, "boss").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(desk.add(id, 4242, "contact").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(desk.add(4242, bob, "contact").await),
        ErrorCode::NotFound
    );
    assert_eq!(
        code(desk.add(id, ada, "contact").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(desk.remove(id, ada, "").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(desk.remove(id, ada, "owner").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(desk.remove(id, ada, "contact").await),
        ErrorCode::NotFound
    );
    assert_eq!(code(desk.remove(id, bob, "").await), ErrorCode::NotFound);

    // who still has submissions here is not sent away
    desk.add(id, bob, "owner").await.unwrap();
    let refused = desk.remove(id, ada, "").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(
        refused.message.contains(&format!("({})", submission.id)),
        "{refused}"
    );
    desk.link(submission.id, 0).await.unwrap();
    desk.remove(id, ada, "").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_owners_made_at_once_one_stays_and_nobody_is_lost() {
    let desk = Desk::start().await;
    let first = desk.person("first@example.com").await;
    let id = desk.project(first, "House").await.id;
    let mut running = Vec::new();
    for n in 0..12 {
        let person = desk.person(&format!("p{n}@example.com")).await;
        let mut client = desk.projects.clone();
        running.push((
            person,
            tokio::spawn(async move {
                let request = v1::ProjectPersonRequest {
                    project_id: id,
                    user_id: person,
                    role: "owner".to_owned(),
                    caller: caller(""),
                };
                outcome(client.add_project_person(request).await)
            }),
        ));
    }
    let mut everybody = vec![first];
    for (person, answer) in running {
        answer.await.unwrap().unwrap();
        everybody.push(person);
    }
    let view = desk.view(id).await.unwrap();
    let owners = view.people.iter().filter(|person| person.role == "owner");
    assert_eq!(owners.count(), 1);
    let mut seen: Vec<i64> = view.people.iter().map(|person| person.user_id).collect();
    seen.sort_unstable();
    everybody.sort_unstable();
    assert_eq!(seen, everybody);
    assert_eq!(view.project.unwrap().version, 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_goes_to_a_project_of_its_person_only() {
    let desk = Desk::start().await;
    let ada = desk.applied("ada@example.com").await;
    let bob = desk.applied("bob@example.com").await;
    let foreign = bob.project_id.unwrap();
    let refused = desk.link(ada.id, foreign).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
    assert!(
        refused.message.contains("add them to the project first"),
        "{refused}"
    );
    assert_eq!(desk.system.get(ada.id).await.unwrap(), ada);

    desk.add(foreign, ada.user_id.unwrap(), "co_buyer")
        .await
        .unwrap();
    desk.sql("UPDATE entity.submissions SET sync_state = 'synced', synced_version = version")
        .await;
    let linked = desk.link(ada.id, foreign).await.unwrap();
    assert_eq!((linked.project_id, linked.version), (Some(foreign), 2));
    assert_eq!(linked.sync_state, "pending");
    assert_eq!(
        desk.link(ada.id, foreign).await.unwrap(),
        linked,
        "the same twice"
    );
    let view = desk.view(foreign).await.unwrap();
    let mut shown: Vec<i64> = view
        .submissions
        .iter()
        .map(|submission| submission.id)
        .collect();
    shown.sort_unstable();
    assert_eq!(shown, [ada.id, bob.id]);
    assert_eq!(view.project.unwrap().submission_count, 2);

    let unlinked = desk.link(ada.id, 0).await.unwrap();
    assert_eq!((unlinked.project_id, unlinked.version), (None, 3));
    let audit = desk.audit("submission", ada.id).await;
    let actions: Vec<&str> = audit.iter().map(|entry| entry.0.as_str()).collect();
    assert_eq!(actions, ["created", "linked", "unlinked"]);
    assert_eq!(audit[1].1, json!({ "project_id": ada.project_id }));
    let told = desk.system.published().await;
    let told: Vec<_> = told
        .iter()
        .filter(|event| event.kind == SUBMISSION_UPDATED && event.submission_id() == Some(ada.id))
        .map(|event| event.data["version"].clone())
        .collect();
    assert_eq!(told, [json!(2), json!(3)]);

    for (submission, project) in [(4242, foreign), (ada.id, 4242)] {
        let missing = desk.link(submission, project).await.unwrap_err();
        assert_eq!(missing.code, ErrorCode::NotFound);
    }
    let request = v1::LinkSubmissionRequest {
        submission_id: ada.id,
        project_id: foreign,
        expected_version: Some(1),
        caller: caller(""),
    };
    let stale = outcome(desk.projects.clone().link_submission(request).await).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    desk.sql("UPDATE entity.submissions SET user_id = NULL, sync_state = 'off'")
        .await;
    let nobody = desk.link(ada.id, foreign).await.unwrap_err();
    assert_eq!(nobody.code, ErrorCode::InvalidInput);
    let kept = desk.link(bob.id, 0).await.unwrap();
    assert_eq!(
        kept.sync_state, "off",
        "not wanted in ClickUp is not wanted now either"
    );
}
