//! Failures: kept apart, explained, tried again by hand; pauses that lose nothing.
#![allow(clippy::unwrap_used)]

mod support;

use keylight_contracts::v1::{
    Caller, FailureFilter, GetSyncOverviewRequest, GetSyncRecordRequest, ListFailuresRequest,
    ListSyncOperationsRequest, PauseSyncRequest, ReplayFailuresReply, ReplayFailuresRequest,
    ResumeSyncRequest, SyncFailure, SyncOverview,
    sync_operations_service_client::SyncOperationsServiceClient,
};
use keylight_rpc::client::Channel;
use keylight_testkit::wait::wait_until;
use serde_json::json;
use std::time::Duration;
use support::{LONG, Setup, System};
use tonic::Code;

type Client = SyncOperationsServiceClient<Channel>;

fn client(system: &System) -> Client {
    SyncOperationsServiceClient::new(system.channel())
}

fn caller(reason: &str) -> Option<Caller> {
    Some(Caller {
        actor: "staff:ada".into(),
        reason: reason.into(),
        correlation_id: "chain-1".into(),
        idempotency: None,
    })
}

async fn failures(client: &mut Client, filter: FailureFilter) -> Vec<SyncFailure> {
    let request = ListFailuresRequest {
        filter: Some(filter),
        size: 100,
        after: 0,
    };
    client
        .list_failures(request)
        .await
        .unwrap()
        .into_inner()
        .failures
}

async fn overview(client: &mut Client) -> SyncOverview {
    client
        .get_sync_overview(GetSyncOverviewRequest {})
        .await
        .unwrap()
        .into_inner()
}

async fn replay(client: &mut Client, filter: FailureFilter, preview: bool) -> ReplayFailuresReply {
    let request = ReplayFailuresRequest {
        filter: Some(filter),
        limit: 0,
        preview,
        caller: caller("mended"),
    };
    client.replay_failures(request).await.unwrap().into_inner()
}

async fn pause(client: &mut Client, scope: &str, key: &str) {
    let request = PauseSyncRequest {
        scope: scope.into(),
        key: key.into(),
        caller: caller("for a look"),
    };
    client.pause_sync(request).await.unwrap();
}

async fn resume(client: &mut Client, scope: &str, key: &str) {
    let request = ResumeSyncRequest {
        scope: scope.into(),
        key: key.into(),
        caller: caller("seen"),
    };
    assert!(
        client
            .resume_sync(request)
            .await
            .unwrap()
            .into_inner()
            .was_paused
    );
}

async fn state_becomes(system: &System, id: i64, state: &str) {
    wait_until("the state is reported", LONG, || async {
        let now = system.entity.get(id).sync_state;
        if now == state { Ok(()) } else { Err(now) }
    })
    .await;
}

/// The next creation is refused for good.
async fn refuse_one_creation(system: &System, status: u16, code: &str) {
    system
        .fault(json!({
            "match": {"method": "POST", "route": "/api/v2/list/{id}/task"}, "kind": "status", "status": status,
            "body": {"err": "no", "ECODE": code}, "times": 1
        }))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hopeless_record_is_set_aside_with_its_remedy_and_the_others_go_on() {
    let mut system = System::prepare(Setup::default()).await;
    system.worker().await;
    system.ready().await;
    let mut client = client(&system);
    refuse_one_creation(&system, 400, "INPUT_005").await;
    system.entity.create(1).await;
    state_becomes(&system, 1, "failed").await;
    for id in 2..=5 {
        system.entity.create(id).await;
    }
    for id in 2..=5 {
        state_becomes(&system, id, "synced").await;
    }
    system.at_rest().await;

    let found = failures(&mut client, FailureFilter::default()).await;
    assert_eq!(found.len(), 1);
    let one = &found[0];
    assert_eq!(
        (one.submission_id, one.class.as_str(), one.attempts),
        (1, "our_fault", 1)
    );
    assert!(one.dead_at.is_some() && one.failing_since.is_some() && one.next_attempt_at.is_none());
    assert!(one.remedy.contains("defect of Keylight"), "{}", one.remedy);
    assert!(
        one.error.contains("INPUT_005") && one.error.contains("400"),
        "{}",
        one.error
    );
    for personal in ["Ada", "example.com", "555-123", "pk_1"] {
        assert!(!one.error.contains(personal));
    }
    let counted = overview(&mut client).await;
    let counts: Vec<_> = counted
        .failures
        .iter()
        .map(|count| (count.class.as_str(), count.waiting, count.dead))
        .collect();
    assert_eq!(counts, [("our_fault", 0, 1)]);

    // given up means that nobody calls any more
    system.clear_log().await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(system.task_calls().await, [""; 0]);

    // the preview says what would happen, and does nothing
    let preview = replay(&mut client, FailureFilter::default(), true).await;
    assert_eq!((preview.records, preview.left), (1, 0));
    assert_eq!(preview.foreseen[0].calls, ["POST /v2/list/{list}/task"]);
    assert_eq!(system.task_calls().await, [""; 0]);
    assert_eq!(
        failures(&mut client, FailureFilter::default()).await.len(),
        1
    );

    // other filters do not touch it
    for other in [
        FailureFilter {
            class: "forbidden".into(),
            ..Default::default()
        },
        FailureFilter {
            list_id: "1".into(),
            ..Default::default()
        },
        FailureFilter {
            submission_ids: vec![2],
            ..Default::default()
        },
        FailureFilter {
            to: one.failing_since,
            ..Default::default()
        },
    ] {
        assert_eq!(replay(&mut client, other, false).await.records, 0);
    }
    let filter = FailureFilter {
        class: "our_fault".into(),
        list_id: support::LIST.into(),
        from: one.failing_since,
        ..Default::default()
    };
    assert_eq!(replay(&mut client, filter, false).await.submission_ids, [1]);
    state_becomes(&system, 1, "synced").await;
    system.at_rest().await;
    system.assert_equal().await;
    // what was foreseen is what was called
    assert_eq!(
        system.task_calls().await,
        ["POST /api/v2/list/901001001/task"]
    );
    assert_eq!(failures(&mut client, FailureFilter::default()).await, []);

    let book = client
        .list_sync_operations(ListSyncOperationsRequest { size: 0, before: 0 })
        .await
        .unwrap()
        .into_inner()
        .operations;
    assert_eq!(book.len(), 1);
    let entry = &book[0];
    assert_eq!(
        (
            entry.actor.as_str(),
            entry.action.as_str(),
            entry.records,
            entry.reason.as_str()
        ),
        ("staff:ada", "replay", 1, "mended")
    );
    assert!(entry.target.contains("class our_fault"), "{}", entry.target);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_tried_as_often_as_its_kind_deserves() {
    let system = System::start(Setup::default()).await;
    let mut client = client(&system);
    system
        .fault(json!({
            "match": {"method": "POST", "route": "/api/v2/list/{id}/task"}, "kind": "status", "status": 401,
            "body": {"err": "Team not authorized", "ECODE": "OAUTH_027"}
        }))
        .await;
    system.entity.create(1).await;
    // the pauses are minutes in sum: the row's clock is moved instead
    wait_until("it is given up", LONG, || async {
        system
            .count("WITH hurry AS (UPDATE sync.links SET due_at = now() WHERE due_at > now() AND lease_until IS NULL RETURNING 1)
                    SELECT count(*) FROM hurry")
            .await;
        let state = system.entity.get(1).sync_state;
        if state == "failed" { Ok(()) } else { Err(state) }
    })
    .await;
    let found = failures(&mut client, FailureFilter::default()).await;
    assert_eq!(
        (found[0].class.as_str(), found[0].attempts),
        ("forbidden", 4)
    );
    assert!(
        found[0].remedy.contains("Share the list"),
        "{}",
        found[0].remedy
    );
    assert_eq!(system.task_calls().await.len(), 4);

    // a new change of the record is a reason to try once more, with the patience of the first time
    system.no_faults().await;
    system.entity.set_status(1, "reviewed").await;
    system.synced().await;
    system.at_rest().await;
    assert_eq!(failures(&mut client, FailureFilter::default()).await, []);
    system.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_gives_nothing_up_before_hours_have_passed() {
    let system = System::start(Setup::default()).await;
    let mut client = client(&system);
    system
        .fault(json!({
            "match": {"method": "POST", "route": "/api/v2/list/{id}/task"}, "kind": "status", "status": 500, "body": "x"
        }))
        .await;
    system.entity.create(1).await;
    wait_until("it failed once", LONG, || async {
        let waiting = failures(
            &mut client.clone(),
            FailureFilter {
                waiting_too: true,
                ..Default::default()
            },
        )
        .await;
        match waiting.as_slice() {
            [one] if one.attempts >= 1 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let waiting = failures(
        &mut client,
        FailureFilter {
            waiting_too: true,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(waiting[0].class, "retry");
    assert!(waiting[0].dead_at.is_none());
    assert_eq!(failures(&mut client, FailureFilter::default()).await, []);
    // as if it had gone on for seven hours
    wait_until("it is given up", LONG, || async {
        system
            .count("WITH hurry AS (UPDATE sync.links SET attempts = 30, failing_since = now() - interval '7 hours', due_at = now(),
                                          asked_at = now() - interval '1 hour', searched_at = NULL
                                    WHERE dead_at IS NULL AND lease_until IS NULL RETURNING 1) SELECT count(*) FROM hurry")
            .await;
        let state = system.entity.get(1).sync_state;
        if state == "failed" { Ok(()) } else { Err(state) }
    })
    .await;
    let dead = failures(&mut client, FailureFilter::default()).await;
    assert_eq!(dead[0].class, "retry");
    // a create without a clear answer is looked for before another: the preview knows
    let preview = replay(&mut client, FailureFilter::default(), true).await;
    assert_eq!(preview.foreseen[0].calls, ["GET /v2/list/{list}/task"]);
    system.no_faults().await;
    assert_eq!(
        replay(&mut client, FailureFilter::default(), false)
            .await
            .records,
        1
    );
    system.synced().await;
    system.at_rest().await;
    system.assert_equal().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_does_not_shorten_the_pause_of_a_failing_record() {
    let system = System::start(Setup::default()).await;
    system.entity.create(1).await;
    system.synced().await;
    system.at_rest().await;
    let task = system.entity.get(1).clickup_task_id.unwrap();
    system
        .fault(json!({
            "match": {"method": "GET", "route": "/api/v2/task/{id}"}, "kind": "status", "status": 401,
            "body": {"err": "Team not authorized", "ECODE": "OAUTH_027"}
        }))
        .await;
    system.clear_log().await;
    system.vague_hint(&task).await;
    wait_until("it was tried", LONG, || async {
        let calls = system.task_calls().await.len();
        if calls == 1 {
            Ok(())
        } else {
            Err(format!("{calls} calls"))
        }
    })
    .await;
    // the hint is still there, and the pause of this kind is 5 s or more
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(system.task_calls().await.len(), 1);
    assert_eq!(system.count("SELECT count(*) FROM sync.hints").await, 1);
    system.no_faults().await;
    system.at_rest().await;
    assert_eq!(system.count("SELECT count(*) FROM sync.hints").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_task_is_a_failure_until_it_is_back() {
    let system = System::start(Setup::default()).await;
    let mut client = client(&system);
    system.entity.create(1).await;
    system.synced().await;
    system.at_rest().await;
    let task = system.entity.get(1).clickup_task_id.unwrap();
    system
        .http
        .delete(format!("{}/_sim/tasks/{task}", system.sim_url))
        .send()
        .await
        .unwrap();
    system.vague_hint(&task).await;
    state_becomes(&system, 1, "failed").await;
    system.at_rest().await;
    let found = failures(&mut client, FailureFilter::default()).await;
    assert_eq!(found[0].class, "task_gone");
    assert!(found[0].remedy.contains("trash"), "{}", found[0].remedy);
    let preview = replay(&mut client, FailureFilter::default(), true).await;
    assert_eq!(preview.foreseen[0].calls, ["GET /v2/task/{task}"]);
    let record = client
        .get_sync_record(GetSyncRecordRequest { submission_id: 1 })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(record.progress, "task_gone");
    assert_eq!(record.failure.unwrap().class, "task_gone");
    assert_eq!(record.link.unwrap().task_id, Some(task));
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_hold_what_they_name_and_nothing_is_lost() {
    let system = System::start(Setup::default()).await;
    let mut client = client(&system);
    for id in 1..=2 {
        system.entity.create(id).await;
    }
    system.synced().await;
    system.at_rest().await;
    let task = system.entity.get(1).clickup_task_id.unwrap();

    // one record: its changes wait on both sides, the other's do not
    pause(&mut client, "record", "1").await;
    system.clear_log().await;
    system.entity.set_status(1, "reviewed").await;
    system.entity.set_status(2, "reviewed").await;
    state_becomes(&system, 2, "synced").await;
    let other = system.entity.get(2).clickup_task_id.unwrap();
    assert_eq!(
        system.task_calls().await,
        [format!("PUT /api/v2/task/{other}")]
    );
    let record = client
        .get_sync_record(GetSyncRecordRequest { submission_id: 1 })
        .await
        .unwrap()
        .into_inner();
    let held = &record.pauses[0];
    assert_eq!(
        (
            held.scope.as_str(),
            held.actor.as_str(),
            held.reason.as_str()
        ),
        ("record", "staff:ada", "for a look")
    );
    resume(&mut client, "record", "1").await;
    state_becomes(&system, 1, "synced").await;
    assert_eq!(system.task(&task).await["status"]["status"], "reviewed");

    // a list and all: new applications too
    for (scope, key) in [("list", support::LIST), ("all", "")] {
        system.at_rest().await;
        pause(&mut client, scope, key).await;
        system.clear_log().await;
        let id = if scope == "list" { 3 } else { 4 };
        system.entity.create(id).await;
        system
            .post(
                &format!("/_sim/tasks/{task}/status"),
                json!({"status": if id == 3 { "contacted" } else { "qualified" }}),
            )
            .await;
        wait_until("the row waits", LONG, || async {
            let due = system
                .count("SELECT count(*) FROM sync.links WHERE due_at IS NOT NULL")
                .await;
            if due == 2 {
                Ok(())
            } else {
                Err(format!("{due} due"))
            }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        assert_eq!(system.task_calls().await, [""; 0], "{scope}");
        assert_eq!(overview(&mut client).await.pauses.len(), 1);
        resume(&mut client, scope, key).await;
        system.synced().await;
        system.at_rest().await;
        assert_eq!(
            system.entity.get(1).status.as_deref(),
            Some(if id == 3 { "contacted" } else { "qualified" })
        );
    }
    // a pause of another list holds nobody up
    pause(&mut client, "list", "1").await;
    system.entity.create(5).await;
    state_becomes(&system, 5, "synced").await;
    system.at_rest().await;
    system.assert_equal().await;

    let again = client
        .pause_sync(PauseSyncRequest {
            scope: "list".into(),
            key: "1".into(),
            caller: caller("again"),
        })
        .await
        .unwrap()
        .into_inner();
    assert!(again.already);
    assert_eq!(again.pause.unwrap().reason, "for a look");
    let actions: Vec<String> = client
        .list_sync_operations(ListSyncOperationsRequest {
            size: 100,
            before: 0,
        })
        .await
        .unwrap()
        .into_inner()
        .operations
        .into_iter()
        .rev()
        .map(|entry| format!("{} {}", entry.action, entry.target))
        .collect();
    assert_eq!(
        actions,
        [
            "pause submission 1",
            "resume submission 1",
            "pause list 901001001",
            "resume list 901001001",
            "pause all",
            "resume all",
            "pause list 1",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_does_not_pile_up_hints_while_paused() {
    let system = System::start(Setup {
        webhook: false,
        sweep_interval: Duration::from_millis(200),
        ..Setup::default()
    })
    .await;
    let mut client = client(&system);
    system.entity.create(1).await;
    system.synced().await;
    system.at_rest().await;
    let task = system.entity.get(1).clickup_task_id.unwrap();
    pause(&mut client, "record", "1").await;
    system
        .post(
            &format!("/_sim/tasks/{task}/status"),
            json!({"status": "contacted"}),
        )
        .await;
    wait_until("the sweep has seen it", LONG, || async {
        let hints = system.count("SELECT count(*) FROM sync.hints").await;
        if hints > 0 {
            Ok(())
        } else {
            Err("no hint".to_owned())
        }
    })
    .await;
    system.clear_log().await;
    wait_until("it came by again", LONG, || async {
        let lists = system.log().await.len();
        if lists >= 4 {
            Ok(())
        } else {
            Err(format!("{lists} calls"))
        }
    })
    .await;
    assert_eq!(system.count("SELECT count(*) FROM sync.hints").await, 1);
    resume(&mut client, "record", "1").await;
    wait_until("the status comes back", LONG, || async {
        let status = system.entity.get(1).status;
        if status.as_deref() == Some("contacted") {
            Ok(())
        } else {
            Err(format!("{status:?}"))
        }
    })
    .await;
    // everything paused: the sweep itself makes no call
    system.at_rest().await;
    pause(&mut client, "all", "").await;
    // what had begun may still call once
    wait_until("ten sweeps without a call", LONG, || async {
        system.clear_log().await;
        tokio::time::sleep(Duration::from_millis(1000)).await;
        match system.log().await.len() {
            0 => Ok(()),
            calls => Err(format!("{calls} calls")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused() {
    let system = System::start(Setup::default()).await;
    let mut client = client(&system);
    let mut refused = Vec::new();
    for (scope, key) in [("all", "1"), ("list", "x"), ("record", ""), ("world", "")] {
        let request = PauseSyncRequest {
            scope: scope.into(),
            key: key.into(),
            caller: None,
        };
        refused.push(client.pause_sync(request).await.unwrap_err().code());
    }
    for filter in [
        FailureFilter {
            class: "bad luck".into(),
            ..Default::default()
        },
        FailureFilter {
            submission_ids: vec![1; 1001],
            ..Default::default()
        },
    ] {
        let request = ReplayFailuresRequest {
            filter: Some(filter),
            ..Default::default()
        };
        refused.push(client.replay_failures(request).await.unwrap_err().code());
    }
    let request = ReplayFailuresRequest {
        limit: 1001,
        ..Default::default()
    };
    refused.push(client.replay_failures(request).await.unwrap_err().code());
    assert_eq!(refused, [Code::InvalidArgument; 7]);
    let unknown = client
        .get_sync_record(GetSyncRecordRequest { submission_id: 9 })
        .await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mapping_broke_is_tried_again_after_a_start() {
    let mut system = System::prepare(Setup::default()).await;
    let first = system.worker().await;
    system.ready().await;
    system
        .fault(json!({
            "match": {"method": "POST", "route": "/api/v2/list/{id}/task"}, "kind": "status", "status": 400,
            "body": {"err": "Status not found", "ECODE": "CRTSK_001"}
        }))
        .await;
    system.entity.create(1).await;
    wait_until("it is given up", LONG, || async {
        system
            .count("WITH hurry AS (UPDATE sync.links SET due_at = now() WHERE due_at > now() AND lease_until IS NULL RETURNING 1)
                    SELECT count(*) FROM hurry")
            .await;
        let state = system.entity.get(1).sync_state;
        if state == "failed" { Ok(()) } else { Err(state) }
    })
    .await;
    let found = failures(&mut client(&system), FailureFilter::default()).await;
    assert_eq!(
        (found[0].class.as_str(), found[0].attempts),
        ("status_unknown", 3)
    );
    first.stop();
    first.finished(LONG).await.unwrap();
    system.no_faults().await;
    system.worker().await;
    // whatever has the list read: here another application, else the next sweep
    system.entity.create(2).await;
    for id in 1..=2 {
        state_becomes(&system, id, "synced").await;
    }
    system.at_rest().await;
    system.assert_equal().await;
}
