//! Projects that are deleted, and come back.

use crate::projects_desk::{Desk, caller, outcome, roles};
use keylight_contracts::{events::SUBMISSION_DELETED, v1};
use keylight_domain::error::ErrorCode;

/// Everything about a submission but what every change touches.
fn essence(mut submission: v1::Submission) -> v1::Submission {
    submission.version = 0;
    submission.updated_at = None;
    submission
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_submissions_and_back() {
    let desk = Desk::with_connections(1).await;
    let ada = desk.applied("ada@example.com").await;
    let id = ada.project_id.unwrap();
    let bob = desk.applied("bob@example.com").await;
    desk.add(id, bob.user_id.unwrap(), "co_buyer")
        .await
        .unwrap();
    desk.link(bob.id, id).await.unwrap();
    let before = desk.view(id).await.unwrap();

    let deleted = desk.delete(id, false).await.unwrap();
    assert_eq!(deleted.submission_ids, [ada.id, bob.id]);
    assert!(deleted.project.unwrap().deleted_at.is_some());
    assert_eq!(desk.view(id).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(
        desk.delete(id, false).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    let seen = desk.system.get(ada.id).await.unwrap();
    assert_eq!((seen.project_id, seen.version), (None, 2));
    for refused in [
        desk.link(ada.id, id).await.map(|_| ()),
        desk.change(id, "activate").await.map(|_| ()),
        desk.add(id, ada.user_id.unwrap(), "contact")
            .await
            .map(|_| ()),
        desk.update(id, v1::ProjectFields::default(), None)
            .await
            .map(|_| ()),
    ] {
        assert_eq!(refused.unwrap_err().code, ErrorCode::NotFound);
    }
    let all = v1::ProjectFilter {
        include_deleted: true,
        ..Default::default()
    };
    assert!(desk.matching(all).await.contains(&id));
    assert!(
        !desk
            .matching(v1::ProjectFilter::default())
            .await
            .contains(&id)
    );

    // one of them goes elsewhere meanwhile: it is left there
    let elsewhere = desk.project(bob.user_id.unwrap(), "Elsewhere").await.id;
    desk.link(bob.id, elsewhere).await.unwrap();
    let restored = desk.restore(id).await.unwrap();
    assert_eq!((restored.deleted_at, restored.submission_count), (None, 1));
    let after = desk.view(id).await.unwrap();
    assert_eq!(roles(&after.people), roles(&before.people));
    assert_eq!(after.submissions.len(), 1);
    assert_eq!(
        desk.system.get(bob.id).await.unwrap().project_id,
        Some(elsewhere)
    );
    let back = desk.system.get(ada.id).await.unwrap();
    assert_eq!(essence(back), essence(ada));
    // once more is no change
    assert_eq!(desk.restore(id).await.unwrap(), restored);
    let actions: Vec<String> = desk
        .audit("project", id)
        .await
        .into_iter()
        .map(|entry| entry.0)
        .collect();
    assert_eq!(actions, ["person added", "deleted", "restored"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_submissions_and_back() {
    let desk = Desk::start().await;
    let ada = desk.applied("ada@example.com").await;
    let id = ada.project_id.unwrap();
    // deleted before: not part of this deletion, so it does not come back with it
    let earlier = desk.applied("eve@example.com").await;
    desk.add(id, earlier.user_id.unwrap(), "contact")
        .await
        .unwrap();
    desk.link(earlier.id, id).await.unwrap();
    desk.system.delete(earlier.id).await.unwrap();

    let deleted = desk.delete(id, true).await.unwrap();
    assert_eq!(deleted.submission_ids, [ada.id]);
    assert_eq!(
        desk.system.get(ada.id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    let open: i32 = sqlx::query_scalar("SELECT open_submissions FROM entity.users WHERE id = $1")
        .bind(ada.user_id)
        .fetch_one(&desk.system.pool)
        .await
        .unwrap();
    assert_eq!(open, 0, "the address may apply again");
    let told = desk.system.published().await;
    let gone = told
        .iter()
        .filter(|event| event.kind == SUBMISSION_DELETED && event.submission_id() == Some(ada.id));
    assert_eq!(gone.count(), 1);

    desk.restore(id).await.unwrap();
    assert_eq!(
        essence(desk.system.get(ada.id).await.unwrap()),
        essence(ada.clone())
    );
    assert_eq!(
        desk.system.get(earlier.id).await.unwrap_err().code,
        ErrorCode::NotFound
    );
    let again = desk
        .system
        .create(crate::system::application("ada@example.com"))
        .await;
    assert_eq!(
        again.unwrap_err().code,
        ErrorCode::InvalidInput,
        "the address is counted again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn not_while_the_address_has_applied_again() {
    let desk = Desk::start().await;
    let ada = desk.applied("ada@example.com").await;
    let id = ada.project_id.unwrap();
    desk.delete(id, true).await.unwrap();
    let newer = desk.applied("ada@example.com").await;
    let refused = desk.restore(id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert_eq!(
        desk.view(id).await.unwrap_err().code,
        ErrorCode::NotFound,
        "all or nothing"
    );
    desk.system.delete(newer.id).await.unwrap();
    desk.restore(id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn not_without_its_owner_and_not_on_an_old_picture() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    let id = desk.project(owner, "House").await.id;
    let request = v1::DeleteProjectRequest {
        id,
        cascade: false,
        expected_version: Some(7),
        caller: caller(""),
    };
    let stale = outcome(desk.projects.clone().delete_project(request).await).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    desk.delete(id, false).await.unwrap();
    desk.sql("UPDATE entity.users SET holds_email = false, deleted_at = now()")
        .await;
    let refused = desk.restore(id).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(
        refused.message.contains("restore the person first"),
        "{refused}"
    );
    assert_eq!(
        desk.restore(4242).await.unwrap_err().code,
        ErrorCode::NotFound
    );
}
