//! `POST /api/submissions`: what is stored, and what is refused.

use crate::support::{Door, as_form, good, with};
use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_complete_application_is_stored_and_shown_whole() {
    let door = Door::open().await;
    let body = json!({
        "full_name": "  Pad Ded ", "email_address": "  MiXed.Case@Example.COM  ", "phone_number": " +1 (555) 123.4567 ",
        "buyer_category": "homebuyer", "financing_plan": "self_funding", "land_status": "need_land", "lot_address": null,
        "build_budget": "350k_400k", "construction_timeline": "6_to_12_months", "project_description": "Line 1\n<b>\"2\"</b> 🏠",
        "company_name": "Acme  ", "interested_in_preferred_lender": true, "needs_help_finding_land": "on",
        "preferred_area_description": " Detroit ", "utm_source": "x", "status": "qualified", "id": 99, "admin_notes": "mine",
        "__proto__": {"a": 1}
    });
    let answer = door.post(&body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let json = answer.json();
    assert_eq!(
        (&json["success"], &json["message"]),
        (&true.into(), &"Submission created successfully".into())
    );
    let expected = json!({
        "id": 1, "full_name": "Pad Ded", "email_address": "mixed.case@example.com", "phone_number": "+1 (555) 123.4567",
        "company_name": "Acme", "buyer_category": "homebuyer", "financing_plan": "self_funding",
        "interested_in_preferred_lender": true, "land_status": "need_land", "lot_address": null,
        "needs_help_finding_land": true, "preferred_area_description": "Detroit", "build_budget": "350k_400k",
        "construction_timeline": "6_to_12_months", "project_description": "Line 1\n<b>\"2\"</b> 🏠", "status": "new",
        "admin_notes": null, "referral_source": "Ritz-Craft", "user_id": 7, "project_id": 8,
        "created_at": "2026-11-22T06:28:56.194Z", "updated_at": "2026-11-22T06:28:56.194Z",
        "clickup_task_id": null, "clickup_url": null, "sync_state": "pending",
        "version": 1, "assignee": null, "deleted_at": null
    });
    assert_eq!(json["data"], expected);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_request_id_goes_all_the_way_when_it_is_a_uuid() {
    let door = Door::open().await;
    let id = "0192b2c4-8d3e-7a10-9c55-3f2f6a7b8c9d";
    let request = Request::builder()
        .method("POST")
        .uri("/api/submissions")
        .header("content-type", "application/json");
    let answer = door
        .knock(request.header("x-request-id", id), good().to_string())
        .await;
    assert_eq!(answer.header("x-request-id"), id);
    let correlation = || {
        door.store
            .last_created
            .lock()
            .unwrap()
            .clone()
            .unwrap()
            .correlation_id
    };
    assert_eq!(correlation(), id);

    let request = Request::builder()
        .method("POST")
        .uri("/api/submissions")
        .header("content-type", "application/json");
    door.knock(
        request.header("x-request-id", "from-a-script"),
        good().to_string(),
    )
    .await;
    assert!(Uuid::parse_str(&correlation()).is_ok());
}

#[tokio::test]
async fn what_is_missing_is_named_in_order() {
    let door = Door::open().await;
    let nine = [
        "full_name is required",
        "email_address is required",
        "phone_number is required",
        "buyer_category is required",
        "financing_plan is required",
        "land_status is required",
        "build_budget is required",
        "construction_timeline is required",
        "project_description is required",
    ];
    let empty = [
        door.post(&json!({})).await,
        door.post(&json!([])).await,
        door.post(&json!([good()])).await,
        door.post_raw("application/json", "").await,
        door.post_raw("text/plain", good().to_string()).await,
        door.post_raw("multipart/form-data; boundary=x", "--x--")
            .await,
        door.post_raw("application/x-www-form-urlencoded", "").await,
        door.knock(
            Request::builder().method("POST").uri("/api/submissions/"),
            Body::empty(),
        )
        .await,
    ];
    for answer in empty {
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let frame = answer.json();
        assert_eq!(
            (&frame["error"], &frame["message"]),
            (&"Validation error".into(), &"Validation failed".into())
        );
        assert_eq!(answer.details(), nine);
    }
    assert_eq!(door.store.count(), 0);
}

#[tokio::test]
async fn values_that_were_failures_of_the_predecessor_are_refused_by_name() {
    let door = Door::open().await;
    let cases: [(&str, Value, &str); 10] = [
        (
            "full_name",
            json!("x".repeat(256)),
            "full_name must be at most 255 characters",
        ),
        (
            "phone_number",
            json!("5".repeat(21)),
            "phone_number must be at most 20 characters",
        ),
        (
            "referral_source",
            json!("x".repeat(101)),
            "referral_source must be at most 100 characters",
        ),
        (
            "project_description",
            json!("x".repeat(20_001)),
            "project_description must be at most 20000 characters",
        ),
        (
            "email_address",
            json!(7),
            "email_address must be a valid email",
        ),
        ("full_name", json!(["a", "b"]), "full_name must be text"),
        (
            "phone_number",
            json!(["5551234567"]),
            "phone_number must be a valid phone number",
        ),
        (
            "needs_help_finding_land",
            json!("maybe"),
            "needs_help_finding_land must be true or false",
        ),
        (
            "interested_in_preferred_lender",
            json!({}),
            "interested_in_preferred_lender must be true or false",
        ),
        (
            "lot_address",
            json!("a\0b"),
            "lot_address must not contain NUL characters",
        ),
    ];
    for (field, value, message) in cases {
        let answer = door.post(&with(field, value)).await;
        assert_eq!(
            (answer.status, answer.details()),
            (StatusCode::BAD_REQUEST, vec![message.to_owned()])
        );
    }
    let long = door
        .post(&with("project_description", json!("😀".repeat(10_000))))
        .await;
    assert_eq!(long.status, StatusCode::CREATED, "{}", long.text);
}

#[tokio::test]
async fn keys_are_never_more_than_keys() {
    let door = Door::open().await;
    let mut body = good();
    body["admin_notes, status) SELECT 'x', (SELECT version()) --"] = json!("v");
    body["created_at"] = json!("1999-01-01");
    let answer = door.post(&body).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json()["data"]["admin_notes"], Value::Null);
}

#[tokio::test]
async fn a_second_application_with_the_same_address_is_refused() {
    let door = Door::open().await;
    door.stored("a+b@example.com").await;
    let again = door
        .post(&with("email_address", json!(" A+B@Example.com ")))
        .await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    let frame = again.json();
    assert_eq!(
        frame["message"],
        "A submission with this email already exists"
    );
    assert_eq!(
        (&frame["error"], &frame["details"]),
        (&"Validation error".into(), &Value::Null)
    );
    assert!(frame.as_object().unwrap().contains_key("details"));
    door.stored("a@example.com").await;
}

#[tokio::test]
async fn a_form_works_too() {
    let door = Door::open().await;
    let mut form = as_form(&good());
    form.push_str("&interested_in_preferred_lender=on&unknown%5B%5D=1");
    let answer = door
        .post_raw("application/x-www-form-urlencoded; charset=UTF-8", form)
        .await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(
        answer.json()["data"]["interested_in_preferred_lender"],
        true
    );
}

#[tokio::test]
async fn a_crash_behind_the_door_is_not_told() {
    let door = Door::open().await;
    let answer = door.post(&with("full_name", json!("Make it panic"))).await;
    assert!(answer.status.is_server_error());
    assert!(
        !answer.text.contains("as asked") && !answer.text.contains("panic"),
        "{}",
        answer.text
    );
}
