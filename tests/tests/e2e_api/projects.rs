//! `/api/projects`.

use crate::system::System;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_goes_through_its_life() {
    let system = System::start().await;
    let owner = system.user("Ada", "ada@example.com").await;
    let made = system
        .post(
            "/api/projects",
            json!({"name": "Lake house", "user_id": owner["id"], "build_budget": "350k_400k"}),
        )
        .await
        .expect(201);
    assert_eq!(made.data()["status"], "planning");
    let path = format!("/api/projects/{}", made.data()["id"]);
    for (step, status) in [
        ("activate", "active"),
        ("hold", "on_hold"),
        ("resume", "active"),
        ("complete", "completed"),
        ("reopen", "active"),
        ("cancel", "cancelled"),
    ] {
        let moved = system
            .post(&format!("{path}/{step}"), json!({"reason": step}))
            .await
            .expect(200);
        assert_eq!(moved.data()["status"], status, "{step}");
    }
    let refused = system
        .post(&format!("{path}/hold"), json!({}))
        .await
        .expect(400);
    assert!(!refused.told().1.is_empty());
    let archived = system
        .post(&format!("{path}/archive"), json!({}))
        .await
        .expect(200);
    assert!(archived.data()["archived_at"].is_string());
    assert_eq!(system.get("/api/projects").await.ids(), [0; 0]);
    assert_eq!(
        system.get("/api/projects?archived=true").await.ids().len(),
        1
    );
    system
        .post(&format!("{path}/unarchive"), json!({"version": 1}))
        .await
        .expect(409);
    let back = system
        .post(&format!("{path}/unarchive"), json!({}))
        .await
        .expect(200);
    assert!(back.data()["archived_at"].is_null());
    assert_eq!(
        system
            .post(&format!("{path}/explode"), json!({}))
            .await
            .expect(404)
            .told()
            .0,
        "route_not_found"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_are_changed_under_a_version() {
    let system = System::start().await;
    let owner = system.user("Ada", "ada@example.com").await;
    let made = system
        .post(
            "/api/projects",
            json!({"name": "Lake house", "description": "Old", "user_id": owner["id"]}),
        )
        .await
        .expect(201);
    let path = format!("/api/projects/{}", made.data()["id"]);
    let tag = made.header("etag").to_owned();
    let changed = system
        .with(
            "PATCH",
            &path,
            &[("if-match", &tag)],
            Some(&json!({"description": null, "land_status": "need_land"})),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &changed.data()["description"],
            &changed.data()["land_status"]
        ),
        (&json!(null), &json!("need_land"))
    );
    let stale = system
        .with(
            "PATCH",
            &path,
            &[("if-match", &tag)],
            Some(&json!({"name": "Other"})),
        )
        .await
        .expect(412);
    assert_eq!(stale.json["current"]["name"], "Lake house");
    let wrong = system.patch(&path, json!({"name": null, "build_budget": "odd", "user_id": "1", "needs_help_finding_land": "yes"})).await.expect(400);
    assert_eq!(
        wrong.json["details"].as_array().unwrap().len(),
        4,
        "{}",
        wrong.json
    );
    let replaced = system
        .put(&path, json!({"name": "Sea house", "user_id": owner["id"]}))
        .await
        .expect(200);
    assert!(replaced.data()["land_status"].is_null());
    assert_eq!(
        system
            .get("/api/projects?search=sea&sort=name")
            .await
            .expect(200)
            .ids()
            .len(),
        1
    );
    system.get("/api/projects?sort=odd").await.expect(400);
    system
        .get("/api/projects?archived=perhaps")
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_join_and_leave() {
    let system = System::start().await;
    let submission = system.applied("ada@example.com").await;
    let other = system.user("Grace", "grace@example.com").await;
    let path = format!("/api/projects/{}/users", submission["project_id"]);
    let joined = system
        .post(&path, json!({"user_id": other["id"], "role": "co_buyer"}))
        .await
        .expect(201);
    assert_eq!(joined.data().as_array().unwrap().len(), 2);
    let wrong = system
        .post(&path, json!({"role": "king"}))
        .await
        .expect(400);
    assert_eq!(
        wrong.json["details"].as_array().unwrap().len(),
        2,
        "{}",
        wrong.json
    );
    system
        .post(&path, json!({"user_id": 999, "role": "contact"}))
        .await
        .expect(400);
    let project = format!("/api/projects/{}", submission["project_id"]);
    let with = system
        .get(&format!("{project}?embed=users,submissions"))
        .await
        .expect(200);
    assert_eq!(with.data()["users"].as_array().unwrap().len(), 2);
    assert_eq!(with.data()["submissions"][0]["id"], submission["id"]);
    assert_eq!(
        system
            .get(&format!("{project}/submissions"))
            .await
            .expect(200)
            .ids()
            .len(),
        1
    );
    system
        .delete(&format!("{path}/{}?role=owner", submission["user_id"]))
        .await
        .expect(400);
    let left = system
        .delete(&format!("{path}/{}", other["id"]))
        .await
        .expect(200);
    assert_eq!(left.data().as_array().unwrap().len(), 1);
    let gone = system.delete(&project).await.expect(200);
    assert_eq!(gone.data()["submission_ids"], json!([submission["id"]]));
    assert!(
        system
            .get(&format!("/api/submissions/{}", submission["id"]))
            .await
            .data()["project_id"]
            .is_null()
    );
    system
        .post(&format!("{project}/restore"), json!({}))
        .await
        .expect(200);
}
