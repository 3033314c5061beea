//! What goes over the wire.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_clickup::{
    ClickUp, CreateTask, FieldFilter, FieldInput, FieldWrite, ListQuery, NewWebhook, Options,
    OrderBy, Priority, Scope, SetupError, UpdateTask,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use support::{answering, options};
use url::Url;

fn body(seen: &support::Seen) -> Value {
    serde_json::from_str(&seen.body).unwrap()
}

#[tokio::test]
async fn create() {
    let server = answering(
        200,
        &[],
        r#"{"id":"9hx","url":"https://app.clickup.com/t/9hx","status":{"status":"new"}}"#,
    )
    .await;
    let task = CreateTask {
        name: "Zoë".into(),
        markdown_content: Some("**Budget**".into()),
        status: Some("new".into()),
        priority: Some(Priority::Normal),
        custom_fields: vec![FieldInput {
            id: "f-1".into(),
            value: FieldWrite::Choice("o-1".into()),
        }],
        notify_all: Some(false),
        ..CreateTask::default()
    };
    let made = server.client.create_task("901", &task).await.unwrap().value;
    assert_eq!(
        (made.id.as_str(), made.url.as_deref()),
        ("9hx", Some("https://app.clickup.com/t/9hx"))
    );
    let seen = server.only();
    assert_eq!(
        (seen.method.as_str(), seen.path_and_query.as_str()),
        ("POST", "/api/v2/list/901/task")
    );
    assert_eq!(seen.authorization.as_deref(), Some("pk_1_TEST"));
    assert_eq!(seen.content_type.as_deref(), Some("application/json"));
    assert_eq!(
        body(&seen),
        json!({"name": "Zoë", "markdown_content": "**Budget**", "status": "new", "priority": 3,
               "custom_fields": [{"id": "f-1", "value": "o-1"}], "notify_all": false})
    );
}

#[tokio::test]
async fn update_and_fields() {
    let server = answering(200, &[], r#"{"id":"9hx"}"#).await;
    let update = UpdateTask {
        status: Some("reviewed".into()),
        ..UpdateTask::default()
    };
    server.client.update_task("9hx", &update).await.unwrap();
    server
        .client
        .set_field("9hx", "f-1", &FieldWrite::Choice("o-1".into()))
        .await
        .unwrap();
    server.client.clear_field("9hx", "f-1").await.unwrap();
    let seen = server.seen();
    let lines: Vec<_> = seen
        .iter()
        .map(|seen| format!("{} {} {}", seen.method, seen.path_and_query, seen.body))
        .collect();
    assert_eq!(
        lines,
        [
            r#"PUT /api/v2/task/9hx {"status":"reviewed"}"#,
            r#"POST /api/v2/task/9hx/field/f-1 {"value":"o-1"}"#,
            "DELETE /api/v2/task/9hx/field/f-1 ",
        ]
    );
}

#[tokio::test]
async fn a_list_page_with_everything() {
    let server = answering(
        200,
        &[],
        r#"{"tasks":[{"id":"a"},{"id":"b"}],"last_page":true}"#,
    )
    .await;
    let query = ListQuery {
        page: 2,
        order_by: OrderBy::Updated,
        reverse: true,
        include_closed: true,
        subtasks: true,
        archived: true,
        date_updated_gt: Some(1_782_285_193_253),
        date_created_gt: Some(5),
        custom_fields: vec![FieldFilter {
            field_id: "f-1".into(),
            operator: "=".into(),
            value: Some(json!("a&b")),
        }],
        ..ListQuery::default()
    };
    let page = server.client.list_tasks("901", &query).await.unwrap().value;
    assert_eq!((page.tasks.len(), page.last, page.unreadable), (2, true, 0));
    let url = Url::parse(&format!("http://x{}", server.only().path_and_query)).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [
        ("page", "2"),
        ("order_by", "updated"),
        ("reverse", "true"),
        ("include_closed", "true"),
        ("subtasks", "true"),
        ("archived", "true"),
        ("date_updated_gt", "1782285193253"),
        ("date_created_gt", "5"),
        (
            "custom_fields",
            r#"[{"field_id":"f-1","operator":"=","value":"a&b"}]"#,
        ),
    ];
    assert_eq!(
        pairs,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn webhooks() {
    let server = answering(
        200,
        &[],
        r#"{"id":"w-1","webhook":{"id":"w-1","team_id":108,"endpoint":"https://k.example/h","client_id":"pk_1_X",
            "events":["taskUpdated"],"list_id":901,"health":{"status":"active","fail_count":0},"secret":"S"}}"#,
    )
    .await;
    let new = NewWebhook {
        endpoint: "https://k.example/h".into(),
        events: vec!["taskUpdated".into()],
        scope: Scope::List("901".into()),
    };
    let made = server
        .client
        .create_webhook("108", &new)
        .await
        .unwrap()
        .value;
    assert!(!made.is_suspended());
    server
        .client
        .activate_webhook("w-1", &new.endpoint, &new.events)
        .await
        .unwrap();
    server.client.delete_webhook("w-1").await.unwrap();
    let seen = server.seen();
    assert_eq!(
        body(&seen[0]),
        json!({"endpoint": "https://k.example/h", "events": ["taskUpdated"], "list_id": 901})
    );
    assert_eq!(seen[1].path_and_query, "/api/v2/webhook/w-1");
    assert_eq!(
        body(&seen[1]),
        json!({"endpoint": "https://k.example/h", "events": ["taskUpdated"], "status": "active"})
    );
    assert_eq!(seen[2].method, "DELETE");
}

#[tokio::test]
async fn an_oauth_token_is_a_bearer_and_nothing_shows_it() {
    let server = answering(200, &[], r#"{"user":{"id":123,"username":"K"}}"#).await;
    assert_eq!(
        server.client.authorized_user().await.unwrap().value.id,
        "123"
    );
    assert!(!format!("{:?}", server.client).contains("TEST"));
}

#[test]
fn addresses_that_no_api_has() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for base in [
        "ftp://x/api",
        "http://user:pw@x/api",
        "http://x/api?a=b",
        "http://x/api#f",
        "data:x",
    ] {
        let made = ClickUp::new(
            &Url::parse(base).unwrap(),
            &SecretString::from("pk_1"),
            options(),
        );
        assert!(matches!(made, Err(SetupError::BaseUrl)), "{base}");
    }
    assert!(
        ClickUp::new(
            &Url::parse("https://api.clickup.com/api").unwrap(),
            &SecretString::from("pk_1"),
            Options::default()
        )
        .is_ok()
    );
}
