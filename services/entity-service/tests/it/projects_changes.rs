//! What staff do with one project: begin it, change it, move it along.

use crate::projects_desk::{Desk, caller, keyed, outcome};
use keylight_contracts::v1;
use keylight_domain::{error::ErrorCode, projects::ProjectStatus};
use serde_json::json;

fn named(name: &str) -> v1::ProjectFields {
    v1::ProjectFields {
        name: Some(name.to_owned()),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_begun_with_trimmed_fields_and_told_of() {
    let desk = Desk::with_connections(1).await;
    let owner = desk.person("ada@example.com").await;
    let request = v1::CreateProjectRequest {
        fields: Some(v1::ProjectFields {
            name: Some("  Lake house ".to_owned()),
            user_id: Some(owner),
            description: Some(String::new()),
            build_budget: Some("500k_plus".to_owned()),
            needs_help_finding_land: Some(true),
            ..Default::default()
        }),
        caller: caller("walked in"),
    };
    let made = outcome(desk.projects.clone().create_project(request).await).unwrap();
    assert_eq!(made.name, "Lake house");
    assert_eq!(
        (made.status.as_deref(), made.user_id),
        (Some("planning"), Some(owner))
    );
    assert_eq!(
        (made.description.as_deref(), made.build_budget.as_deref()),
        (None, Some("500k_plus"))
    );
    assert_eq!((made.version, made.submission_count), (1, 0));
    assert!(made.created_at.is_some() && made.created_at == made.updated_at);
    assert_eq!(
        desk.view(made.id).await.unwrap().project,
        Some(made.clone())
    );
    let audit = desk.audit("project", made.id).await;
    assert_eq!(
        audit,
        [(
            "created".to_owned(),
            json!({"user_id": null, "status": null}),
            json!({"user_id": owner, "status": "planning"}),
            Some("walked in".to_owned())
        )]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_fields_are_named_all_at_once() {
    let desk = Desk::start().await;
    let request = v1::CreateProjectRequest {
        fields: Some(v1::ProjectFields {
            name: Some(" ".to_owned()),
            land_status: Some("castle".to_owned()),
            ..Default::default()
        }),
        caller: caller(""),
    };
    let refused = outcome(desk.projects.clone().create_project(request).await).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
    assert_eq!(refused.details.len(), 3, "{:?}", refused.details);

    let gone = desk.person("gone@example.com").await;
    sqlx::query("UPDATE entity.users SET holds_email = false, deleted_at = now() WHERE id = $1")
        .bind(gone)
        .execute(&desk.system.pool)
        .await
        .unwrap();
    for owner in [gone, 424_242] {
        let request = v1::CreateProjectRequest {
            fields: Some(v1::ProjectFields {
                user_id: Some(owner),
                ..named("House")
            }),
            caller: caller(""),
        };
        let refused = outcome(desk.projects.clone().create_project(request).await).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput, "{refused}");
        assert!(refused.message.contains("user_id"), "{refused}");
    }
    assert_eq!(desk.system.count("projects").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_touches_what_is_given_and_grows_the_version() {
    let desk = Desk::start().await;
    let submission = desk.applied("ada@example.com").await;
    let id = submission.project_id.unwrap();
    let before = desk.view(id).await.unwrap().project.unwrap();
    let fields = v1::ProjectFields {
        name: Some("Cabin".to_owned()),
        lot_address: Some(String::new()),
        interested_in_preferred_lender: Some(true),
        ..Default::default()
    };
    let after = desk.update(id, fields.clone(), Some(1)).await.unwrap();
    assert_eq!(after.version, 2);
    assert_eq!(
        (after.name.as_str(), after.lot_address.as_deref()),
        ("Cabin", None)
    );
    assert_eq!(after.build_budget, before.build_budget);
    assert_eq!(after.submission_count, 1);
    let audit = desk.audit("project", id).await;
    assert_eq!(
        audit.last().unwrap(),
        &(
            "changed".to_owned(),
            json!({"name": before.name, "lot_address": "1 Elm St", "interested_in_preferred_lender": false}),
            json!({"name": "Cabin", "lot_address": null, "interested_in_preferred_lender": true}),
            Some("asked by phone".to_owned())
        )
    );

    // the same again is no change
    let again = desk.update(id, fields, Some(2)).await.unwrap();
    assert_eq!(again, after);
    assert_eq!(desk.audit("project", id).await.len(), audit.len());

    let stale = desk.update(id, named("Late"), Some(1)).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    assert!(stale.message.contains("version 2"), "{stale}");
    let missing = desk.update(987, named("Nobody's"), None).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_the_predecessor_keeps_what_is_not_touched() {
    let desk = Desk::start().await;
    desk.sql(
        "INSERT INTO entity.projects (id, name, status, land_status, legacy, created_at, updated_at)
         VALUES (70, 'Old', 'On Hold', 'swamp', true, 'infinity', '0044-03-15 12:00 BC')",
    )
    .await;
    let seen = desk.view(70).await.unwrap().project.unwrap();
    assert_eq!(
        (seen.status.as_deref(), seen.created_at),
        (Some("On Hold"), None)
    );
    assert!(seen.updated_at.unwrap().seconds < -60_000_000_000);
    let renamed = desk.update(70, named("Older"), None).await.unwrap();
    assert_eq!(
        (renamed.status.as_deref(), renamed.land_status.as_deref()),
        (Some("On Hold"), Some("swamp"))
    );
    let refused = desk.change(70, "resume").await.unwrap_err();
    assert!(
        refused
            .message
            .ends_with("possible now: activate, hold, complete, cancel, reopen"),
        "{refused}"
    );
    let active = desk.change(70, "activate").await.unwrap();
    assert_eq!(active.status.as_deref(), Some("active"));
}

#[tokio::test(flavor = "multi_thread")]
async fn from_plan_to_archive_and_back() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    let id = desk.project(owner, "House").await.id;
    let mut version = 1;
    for (operation, status, archived) in [
        ("hold", "on_hold", false),
        ("resume", "planning", false),
        ("activate", "active", false),
        ("hold", "on_hold", false),
        ("resume", "active", false),
        ("complete", "completed", false),
        ("archive", "completed", true),
        ("unarchive", "completed", false),
        ("archive", "completed", true),
        ("reopen", "active", false),
        ("cancel", "cancelled", false),
        ("reopen", "planning", false),
    ] {
        let project = desk.change(id, operation).await.unwrap();
        version += 1;
        assert_eq!(project.status.as_deref(), Some(status), "{operation}");
        assert_eq!(project.archived_at.is_some(), archived, "{operation}");
        assert_eq!(project.version, version);
        assert_eq!(desk.audit("project", id).await.last().unwrap().0, operation);
    }
    let refused = desk.change(id, "complete").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidInput);
    assert!(
        refused
            .message
            .ends_with("possible now: activate, hold, cancel"),
        "{refused}"
    );
    let unknown = desk.change(id, "explode").await.unwrap_err();
    assert!(
        unknown.message.contains("activate, hold, resume"),
        "{unknown}"
    );
    let request = v1::ChangeProjectRequest {
        id,
        operation: "activate".to_owned(),
        expected_version: Some(version - 1),
        caller: caller(""),
    };
    let stale = outcome(desk.projects.clone().change_project(request).await).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_by_somebody_unknown_it_goes_on_with_building() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    let id = desk.project(owner, "House").await.id;
    desk.sql("UPDATE entity.projects SET status = 'on_hold'")
        .await;
    let resumed = desk.change(id, "resume").await.unwrap();
    assert_eq!(resumed.status.as_deref(), Some("active"));
}

/// Both have the edges; here they are compared pair by pair, in the table and by trying.
#[tokio::test(flavor = "multi_thread")]
async fn domain_and_database_have_the_same_status_machine() {
    let desk = Desk::start().await;
    let pool = &desk.system.pool;
    let mut allowed = 0;
    for from in ProjectStatus::ALL {
        for to in ProjectStatus::ALL {
            let edge: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM entity.project_status_edges WHERE from_status = $1 AND to_status = $2)",
            )
            .bind(from.as_str())
            .bind(to.as_str())
            .fetch_one(pool)
            .await
            .unwrap();
            assert_eq!(edge, from.goes_to(*to), "{from} to {to}");
            let id: i64 = sqlx::query_scalar(
                "INSERT INTO entity.projects (name, status) VALUES ('House', $1) RETURNING id",
            )
            .bind(from.as_str())
            .fetch_one(pool)
            .await
            .unwrap();
            let gone = sqlx::query("UPDATE entity.projects SET status = $2 WHERE id = $1")
                .bind(id)
                .bind(to.as_str())
                .execute(pool)
                .await;
            assert_eq!(gone.is_ok(), edge || from == to, "{from} to {to}");
            allowed += i32::from(edge);
        }
    }
    let edges = desk.system.count("project_status_edges").await;
    assert_eq!(
        i64::from(allowed),
        edges,
        "an edge between statuses that nobody knows"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_has_one_effect_and_one_answer() {
    let desk = Desk::start().await;
    let owner = desk.person("ada@example.com").await;
    let request = |fingerprint: &str| v1::CreateProjectRequest {
        fields: Some(v1::ProjectFields {
            user_id: Some(owner),
            ..named("House")
        }),
        caller: keyed("k1", fingerprint),
    };
    let first = outcome(desk.projects.clone().create_project(request("a")).await).unwrap();
    let again = outcome(desk.projects.clone().create_project(request("a")).await).unwrap();
    assert_eq!(first, again);
    let other = outcome(desk.projects.clone().create_project(request("b")).await).unwrap_err();
    assert_eq!(other.code, ErrorCode::AlreadyExists);
    assert_eq!(desk.system.count("projects").await, 1);

    let id = first.id;
    let change = move || v1::ChangeProjectRequest {
        id,
        operation: "activate".to_owned(),
        expected_version: None,
        caller: keyed("k2", "c"),
    };
    let mut running = Vec::new();
    for _ in 0..8 {
        let mut client = desk.projects.clone();
        running.push(tokio::spawn(async move {
            outcome(client.change_project(change()).await)
        }));
    }
    for answer in running {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(
            (answer.status.as_deref(), answer.version),
            (Some("active"), 2)
        );
    }
    assert_eq!(desk.audit("project", first.id).await.len(), 2);
}
