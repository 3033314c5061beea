//! What other services may ask.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::v1::{
    GetLinkRequest, GetSyncStatusRequest, GetWebhookRequest, sync_service_client::SyncServiceClient,
};
use support::{Setup, System};
use tonic::Code;

#[tokio::test(flavor = "multi_thread")]
async fn links_webhook_and_state() {
    let system = System::start(Setup::default()).await;
    system.entity.create(1).await;
    system.synced().await;
    // the link row is given back after the state was reported
    system.at_rest().await;
    let mut client = SyncServiceClient::new(system.channel());

    let webhook = client
        .get_webhook(GetWebhookRequest {
            name: "intake".into(),
        })
        .await
        .unwrap()
        .into_inner();
    assert!(webhook.found && webhook.secrets.len() == 1 && !webhook.webhook_id.is_empty());
    let unknown = client
        .get_webhook(GetWebhookRequest {
            name: "other".into(),
        })
        .await
        .unwrap()
        .into_inner();
    assert!(!unknown.found && unknown.secrets.is_empty());

    let link = client
        .get_link(GetLinkRequest { submission_id: 1 })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (link.found, link.state.as_str(), link.last_error),
        (true, "synced", None)
    );
    assert_eq!(link.task_id, system.entity.get(1).clickup_task_id);
    assert!(link.synced_at.is_some());
    assert!(
        !client
            .get_link(GetLinkRequest { submission_id: 9 })
            .await
            .unwrap()
            .into_inner()
            .found
    );

    let status = client
        .get_sync_status(GetSyncStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (status.links, status.failed, status.webhook_health.as_str()),
        (1, 0, "active")
    );
    assert!(status.budget_limit > 0 && status.budget_used > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_sent_away() {
    let system = System::start(Setup::default()).await;
    let plain = tonic::transport::Endpoint::from_shared(system.sync_url())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let refused = SyncServiceClient::new(plain)
        .get_link(GetLinkRequest { submission_id: 1 })
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_without_place_is_named_and_stops_nothing() {
    let system = System::start(Setup::default()).await;
    system.entity.create(1).await;
    system.synced().await;
    // a status that neither the list nor the rules know
    system.entity.set_status(1, "archived").await;
    system.synced().await;
    let mut client = SyncServiceClient::new(system.channel());
    let link = client
        .get_link(GetLinkRequest { submission_id: 1 })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        link.last_error.as_deref(),
        Some("no place in clickup for status")
    );
    assert_eq!(system.tasks().await[0]["status"]["status"], "new");
    system.entity.set_status(1, "reviewed").await;
    system.synced().await;
    assert_eq!(system.tasks().await[0]["status"]["status"], "reviewed");
}
