//! What the field that people do not see catches.

use crate::system::{System, application};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caught_application_looks_stored_and_is_kept_for_staff() {
    let system = System::start().await;
    let real = system
        .post("/api/submissions", application())
        .await
        .expect(201);
    let mut body = application();
    body["email_address"] = json!("bot@example.com");
    body["project_reference"] = json!("https://spam.example");
    let caught = system.post("/api/submissions", body).await.expect(201);
    // nothing tells the two apart from outside
    let keys = |answer: &Value| {
        answer["data"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&caught.json), keys(&real.json));
    assert_eq!(caught.json["message"], real.json["message"]);
    let names =
        |headers: &http::HeaderMap| headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&caught.headers), names(&real.headers));
    assert_eq!(system.get("/api/submissions").await.ids().len(), 1);

    let kept = system.get("/api/quarantine").await.expect(200);
    assert_eq!(kept.json["waiting_count"], 1);
    assert_eq!(
        kept.data()[0]["application"]["email_address"],
        "bot@example.com"
    );
    let id = kept.data()[0]["id"].as_str().unwrap();
    let released = system
        .post(
            &format!("/api/quarantine/{id}/release"),
            json!({"reason": "a person after all"}),
        )
        .await
        .expect(200);
    let submission = released.data()["submission_id"].as_i64().unwrap();
    let stored = system
        .get(&format!("/api/submissions/{submission}"))
        .await
        .expect(200);
    assert_eq!(stored.data()["email_address"], "bot@example.com");
    system
        .post(&format!("/api/quarantine/{id}/dismiss"), json!({}))
        .await
        .expect(409);
    assert_eq!(system.get("/api/quarantine").await.data(), &json!([]));
    assert_eq!(
        system
            .get("/api/quarantine?settled=true")
            .await
            .data()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    system
        .get("/api/quarantine?settled=perhaps")
        .await
        .expect(400);
    system
        .post("/api/quarantine/1/release", json!({}))
        .await
        .expect(400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_trap_and_a_wrong_application_are_what_they_are() {
    let system = System::start().await;
    let mut body = application();
    body["project_reference"] = json!("");
    system
        .post("/api/submissions", body.clone())
        .await
        .expect(201);
    body["project_reference"] = json!("x");
    body["full_name"] = json!("");
    let refused = system.post("/api/submissions", body).await.expect(400);
    assert_eq!(refused.json["details"], json!(["full_name is required"]));
    let mut form = String::from("project_reference=x");
    for (name, value) in application().as_object().unwrap() {
        let value = value
            .as_str()
            .unwrap()
            .replace(' ', "+")
            .replace("ada@", "form@");
        form.push_str(&format!("&{name}={value}"));
    }
    let request = Request::builder()
        .method("POST")
        .uri("/api/submissions")
        .header("content-type", "application/x-www-form-urlencoded");
    system
        .send(request.body(Body::from(form)).unwrap())
        .await
        .expect(201);
    assert_eq!(system.get("/api/quarantine").await.json["waiting_count"], 1);
}
