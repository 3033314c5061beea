//! `/api/users`.

use crate::system::System;
use keylight_testkit::wait::wait_until;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_from_making_to_return() {
    let system = System::start().await;
    let made = system
        .post("/api/users", json!({"full_name": " Ada ", "email_address": "Ada@Example.com", "phone_number": "555-123-4567"}))
        .await
        .expect(201);
    let path = format!("/api/users/{}", made.data()["id"]);
    assert_eq!(made.data()["full_name"], "Ada");
    let tag = made.header("etag").to_owned();
    let changed = system
        .with(
            "PATCH",
            &path,
            &[("if-match", &tag)],
            Some(&json!({"company_name": "Acme", "phone_number": null})),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &changed.data()["company_name"],
            &changed.data()["phone_number"]
        ),
        (&json!("Acme"), &json!(null))
    );
    let stale = system
        .with(
            "PATCH",
            &path,
            &[("if-match", &tag)],
            Some(&json!({"company_name": "Other"})),
        )
        .await
        .expect(412);
    assert_eq!(stale.json["current"]["company_name"], "Acme");
    let stale = system
        .patch(&path, json!({"company_name": "Other", "version": 1}))
        .await
        .expect(409);
    assert_eq!(stale.json["current"]["company_name"], "Acme");
    let replaced = system
        .put(
            &path,
            json!({"full_name": "Ada L", "email_address": "ada@example.com"}),
        )
        .await
        .expect(200);
    assert_eq!(replaced.data()["company_name"], json!(null));
    system
        .put(&path, json!({"full_name": "Ada L"}))
        .await
        .expect(400);
    let wrong = system
        .patch(
            &path,
            json!({"full_name": 1, "email_address": "", "odd": true}),
        )
        .await
        .expect(400);
    assert_eq!(
        wrong.json["details"].as_array().unwrap().len(),
        3,
        "{}",
        wrong.json
    );
    system
        .post(
            "/api/users",
            json!({"full_name": "B", "email_address": "ADA@example.com"}),
        )
        .await
        .expect(409);
    system.delete(&path).await.expect(200);
    system.get(&path).await.expect(404);
    system
        .get(&format!("{path}?deleted=true"))
        .await
        .expect(200);
    system
        .post(&format!("{path}/restore"), json!({}))
        .await
        .expect(200);
    let audit = system.get(&format!("{path}/audit")).await.expect(200);
    assert!(audit.data().as_array().unwrap().len() >= 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relations_and_a_stated_cascade() {
    let system = System::start().await;
    let submission = system.applied("ada@example.com").await;
    let path = format!("/api/users/{}", submission["user_id"]);
    let with = system
        .get(&format!("{path}?embed=submissions,projects"))
        .await
        .expect(200);
    assert_eq!(with.data()["submissions"][0]["id"], submission["id"]);
    assert_eq!(with.data()["projects"][0]["id"], submission["project_id"]);
    assert_eq!(with.data()["projects"][0]["roles"], json!(["owner"]));
    assert_eq!(
        system
            .get(&format!("{path}/submissions"))
            .await
            .expect(200)
            .ids()
            .len(),
        1
    );
    let projects = system.get(&format!("{path}/projects")).await.expect(200);
    assert_eq!(projects.data()[0]["roles"], json!(["owner"]));
    system.get("/api/users/999/submissions").await.expect(404);
    system.delete(&path).await.expect(409);
    let gone = system
        .delete(&format!("{path}?cascade=true"))
        .await
        .expect(200);
    assert_eq!(gone.data()["submission_ids"], json!([submission["id"]]));
    system
        .get(&format!("/api/submissions/{}", submission["id"]))
        .await
        .expect(404);
    system
        .post(&format!("{path}/restore"), json!({}))
        .await
        .expect(200);
    system
        .get(&format!("/api/submissions/{}", submission["id"]))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_become_one_and_two_again() {
    let system = System::start().await;
    let kept = system.applied("ada@example.com").await;
    let gone = system.applied("ada.probe@example.com").await;
    // looked for behind the requests
    let suggested = wait_until("the pair is suggested", Duration::from_secs(30), || async {
        let answer = system.get("/api/users/duplicates").await.expect(200);
        match answer.data()[0].clone() {
            Value::Null => Err(answer.json.to_string()),
            pair => Ok(pair),
        }
    })
    .await;
    assert!(
        !suggested["reasons"].as_array().unwrap().is_empty(),
        "{suggested}"
    );
    let path = format!("/api/users/{}/merge", kept["user_id"]);
    let merged = system
        .post(&path, json!({"merge": gone["user_id"]}))
        .await
        .expect(200);
    assert_eq!(merged.data()["submission_ids"], json!([gone["id"]]));
    let moved = system
        .get(&format!("/api/submissions/{}", gone["id"]))
        .await
        .expect(200);
    assert_eq!(moved.data()["user_id"], kept["user_id"]);
    let merges = system.get("/api/users/merges").await.expect(200);
    let id = merges.data()[0]["id"].as_str().unwrap();
    system
        .post(&format!("/api/users/merges/{id}/undo"), json!({}))
        .await
        .expect(200);
    let back = system
        .get(&format!("/api/submissions/{}", gone["id"]))
        .await
        .expect(200);
    assert_eq!(back.data()["user_id"], gone["user_id"]);
    system
        .post("/api/users/merges/not-one/undo", json!({}))
        .await
        .expect(400);
    let pair = json!({"first_id": kept["user_id"], "second_id": gone["user_id"]});
    system
        .post("/api/users/duplicates/dismiss", pair)
        .await
        .expect(200);
    assert_eq!(system.get("/api/users/duplicates").await.data(), &json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erasing_needs_the_right_address_and_leaves_a_proof() {
    let system = System::start().await;
    let submission = system.applied("ada@example.com").await;
    let path = format!("/api/users/{}/erase", submission["user_id"]);
    system
        .post(&path, json!({"confirm_email": "other@example.com"}))
        .await
        .expect(400);
    let erased = system
        .post(
            &path,
            json!({"confirm_email": "ada@example.com", "reason": "asked"}),
        )
        .await
        .expect(200);
    assert_eq!(erased.data()["user_id"], submission["user_id"]);
    assert_eq!(
        system.get("/api/users/erasures").await.expect(200).data()[0]["id"],
        erased.data()["id"]
    );
    let left = system
        .get("/api/submissions/search?q=ada@example.com")
        .await
        .expect(200);
    assert_eq!(left.data(), &json!([]));
}
