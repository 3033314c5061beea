//! An account that somebody sets up: checked, stored sealed, taken up without a restart.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::v1::{
    Caller, ConnectClickUpReply, ConnectClickUpRequest, GetSealStatusRequest,
    ListClickUpListsRequest, ResealRequest,
    click_up_setup_service_client::ClickUpSetupServiceClient,
    seal_service_client::SealServiceClient,
};
use keylight_runtime::lifecycle::Lifecycle;
use support::{LIST, Setup, System};
use tonic::Code;

const SECRET: &str = "pk_1_SERVICE";

async fn without_account() -> (System, Lifecycle) {
    let mut system = System::prepare(Setup {
        webhook: false,
        ..Setup::default()
    })
    .await;
    let mut config = system.config();
    config.account = None;
    let life = system.worker_with(config).await;
    (system, life)
}

fn wanted(token: &str, list: &str) -> ConnectClickUpRequest {
    ConnectClickUpRequest {
        token: token.into(),
        team_id: "9001001".into(),
        list_id: list.into(),
        webhook_url: String::new(),
        test_task: true,
        preview: false,
        caller: Some(Caller {
            actor: "staff:ada".into(),
            reason: "first set-up".into(),
            ..Caller::default()
        }),
    }
}

async fn connect(system: &System, request: ConnectClickUpRequest) -> ConnectClickUpReply {
    ClickUpSetupServiceClient::new(system.channel())
        .connect_click_up(request)
        .await
        .unwrap()
        .into_inner()
}

fn state<'a>(reply: &'a ConnectClickUpReply, name: &str) -> Option<&'a str> {
    let check = reply.checks.iter().find(|check| check.name == name)?;
    Some(check.state.as_str())
}

async fn stored(system: &System) -> i64 {
    system.count("SELECT count(*) FROM sync.account").await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_not_stored() {
    let (system, _life) = without_account().await;
    let reply = connect(&system, wanted("pk_9_WRONG", LIST)).await;
    assert_eq!((state(&reply, "token"), reply.stored), (Some("bad"), false));
    let reply = connect(&system, wanted(SECRET, "999")).await;
    assert_eq!((state(&reply, "list"), reply.stored), (Some("bad"), false));
    let preview = ConnectClickUpRequest {
        preview: true,
        test_task: false,
        ..wanted(SECRET, LIST)
    };
    let reply = connect(&system, preview).await;
    assert_eq!((state(&reply, "list"), reply.stored), (Some("good"), false));
    assert_eq!(stored(&system).await, 0);
    let mut client = ClickUpSetupServiceClient::new(system.channel());
    for odd in ["", "with\nline"] {
        let refused = client
            .connect_click_up(wanted(odd, LIST))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_account_is_stored_sealed_and_taken_up_at_once() {
    let (system, life) = without_account().await;
    system.entity.create(1).await;
    assert_eq!(
        life.readiness().latches.get("clickup-account"),
        Some(&false)
    );
    let mut client = ClickUpSetupServiceClient::new(system.channel());
    let lists = client
        .list_click_up_lists(ListClickUpListsRequest {
            token: SECRET.into(),
        })
        .await
        .unwrap()
        .into_inner()
        .lists;
    let list = lists.iter().find(|list| list.list_id == LIST).unwrap();
    assert_eq!(list.team_id, "9001001");
    assert!(!list.space_name.is_empty() && !list.list_name.is_empty());

    let reply = connect(&system, wanted(SECRET, LIST)).await;
    assert!(reply.stored, "{reply:#?}");
    assert_eq!(state(&reply, "test_task"), Some("good"));
    assert_eq!(reply.in_force, "now");
    // what waited goes on, in the process that runs
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
    assert_eq!(life.readiness().latches.get("clickup-account"), Some(&true));

    let row: String = sqlx::query_scalar("SELECT a::text FROM sync.account a")
        .fetch_one(&system.pool)
        .await
        .unwrap();
    assert!(!row.contains(SECRET) && row.contains("staff:ada"), "{row}");
    let mut seals = SealServiceClient::new(system.channel());
    let status = seals
        .get_seal_status(GetSealStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert!(
        status
            .values
            .iter()
            .any(|values| values.place == "sync.account.token" && values.count == 1)
    );
    assert_eq!(
        seals
            .reseal(ResealRequest {})
            .await
            .unwrap()
            .into_inner()
            .resealed,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_the_settings_goes_before_a_stored_one() {
    let system = System::start(Setup::default()).await;
    let reply = connect(&system, wanted("pk_2_STAFF", LIST)).await;
    assert!(reply.stored, "{reply:#?}");
    assert_eq!(reply.in_force, "settings_first");
    system.entity.create(1).await;
    system.synced().await;
    let log = system.log().await;
    let made = log
        .iter()
        .rfind(|entry| entry["method"] == "POST" && entry["path"] == "/api/v2/list/901001001/task")
        .unwrap();
    assert_eq!(made["user"], 1, "{made}");
}
