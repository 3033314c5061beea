//! The log of calls: everything is in it, and people can ask it.
#![allow(clippy::unwrap_used)]

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use keylight_contracts::time::{from_wire, to_wire};
use keylight_contracts::v1::{
    ApiCall, ListApiCallsReply, ListApiCallsRequest, sync_service_client::SyncServiceClient,
};
use keylight_testkit::wait::wait_until;
use serde_json::json;
use std::collections::BTreeSet;
use support::{LONG, Setup, System};
use tonic::{Code, Status};

async fn ask(system: &System, request: ListApiCallsRequest) -> Result<ListApiCallsReply, Status> {
    let mut client = SyncServiceClient::new(system.channel());
    Ok(client.list_api_calls(request).await?.into_inner())
}

async fn calls(system: &System, request: ListApiCallsRequest) -> Vec<ApiCall> {
    ask(system, request).await.unwrap().calls
}

/// Every entry, page by page.
async fn walk(system: &System, request: ListApiCallsRequest) -> Vec<ApiCall> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let page = ask(
            system,
            ListApiCallsRequest {
                after,
                ..request.clone()
            },
        )
        .await
        .unwrap();
        all.extend(page.calls);
        if page.next.is_empty() {
            return all;
        }
        after = page.next;
    }
}

fn at(call: &ApiCall) -> DateTime<Utc> {
    from_wire(call.at.as_ref().unwrap()).unwrap()
}

/// Until the log holds as many calls as the simulator answered.
async fn everything_is_logged(system: &System) {
    wait_until("every call is in the log", LONG, || async {
        let answered = i64::try_from(system.log().await.len()).unwrap();
        let logged = system.count("SELECT count(*) FROM sync.api_calls").await;
        if logged == answered {
            Ok(())
        } else {
            Err(format!("{logged} of {answered}"))
        }
    })
    .await;
}

/// A system whose simulator remembers every request from the first one on.
async fn from_the_beginning() -> System {
    let mut system = System::prepare(Setup::default()).await;
    system.worker().await;
    wait_until("the queues are listened to", LONG, || async {
        let webhooks = system
            .count("SELECT count(*) FROM sync.webhooks WHERE sealed_secret IS NOT NULL")
            .await;
        (webhooks == 1)
            .then_some(())
            .ok_or_else(|| format!("{webhooks} webhooks"))
    })
    .await;
    system
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_logged_with_what_people_ask_for() {
    let system = from_the_beginning().await;
    for id in 1..=3 {
        system.entity.create(id).await;
    }
    system.synced().await;
    system.entity.set_status(1, "reviewed").await;
    system.synced().await;
    system.at_rest().await;
    everything_is_logged(&system).await;

    let of_one = calls(
        &system,
        ListApiCallsRequest {
            submission_id: Some(1),
            ..ListApiCallsRequest::default()
        },
    )
    .await;
    let created = of_one
        .iter()
        .find(|call| call.route == "POST /v2/list/{list}/task")
        .unwrap();
    assert_eq!(
        (
            created.outcome.as_str(),
            created.status,
            created.lane.as_str()
        ),
        ("ok", Some(200), "interactive")
    );
    assert_eq!(created.call_limit, Some(10_000));
    assert!(created.remaining.is_some_and(|left| left < 10_000));
    assert!(created.millis >= 0 && (Utc::now() - at(created)) < TimeDelta::minutes(5));
    let chain = created.correlation_id.clone().unwrap();
    let changed = of_one
        .iter()
        .find(|call| call.route == "PUT /v2/task/{task}")
        .unwrap();
    assert_eq!(changed.lane, "normal");
    assert!(of_one.iter().all(|call| call.submission_id == Some(1)));

    let of_chain = calls(
        &system,
        ListApiCallsRequest {
            correlation_id: Some(chain.clone()),
            ..ListApiCallsRequest::default()
        },
    )
    .await;
    assert!(of_chain.iter().any(|call| call.id == created.id));
    assert!(
        of_chain
            .iter()
            .all(|call| call.correlation_id.as_deref() == Some(&chain))
    );
    // what is asked for nobody in particular is there too
    assert!(
        walk(&system, ListApiCallsRequest::default())
            .await
            .iter()
            .any(|call| call.route == "GET /v2/user" && call.submission_id.is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_found_by_what_they_were() {
    let system = from_the_beginning().await;
    system
        .fault(json!({"match": {"method": "POST", "path_suffix": "/task"}, "kind": "status", "status": 500, "times": 1}))
        .await;
    system.entity.create(1).await;
    system.synced().await;
    everything_is_logged(&system).await;
    let failed = ListApiCallsRequest {
        failed: true,
        ..ListApiCallsRequest::default()
    };
    let found = calls(&system, failed.clone()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (
            found[0].outcome.as_str(),
            found[0].status,
            found[0].submission_id
        ),
        ("retry", Some(500), Some(1))
    );
    let by_outcome = |outcome: &str| ListApiCallsRequest {
        outcome: Some(outcome.to_owned()),
        ..ListApiCallsRequest::default()
    };
    assert_eq!(calls(&system, by_outcome("retry")).await, found);
    assert!(calls(&system, by_outcome("gone")).await.is_empty());
    let fine = walk(&system, by_outcome("ok")).await;
    assert!(fine.len() > 3 && fine.iter().all(|call| call.outcome == "ok"));

    // by time, the end excluded
    let moment = at(&found[0]);
    let between = |from: DateTime<Utc>, until: DateTime<Utc>| ListApiCallsRequest {
        from: Some(to_wire(from)),
        until: Some(to_wire(until)),
        ..failed.clone()
    };
    let step = TimeDelta::microseconds(1);
    assert_eq!(calls(&system, between(moment, moment + step)).await, found);
    assert!(
        calls(&system, between(moment - step, moment))
            .await
            .is_empty()
    );
    assert!(
        calls(&system, between(moment + step, moment + step + step))
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_neither_skip_nor_repeat_while_calls_go_on() {
    let system = System::start(Setup::default()).await;
    // many at the same instant, from several workers that stored in another order than they were answered
    sqlx::query(
        "INSERT INTO sync.api_calls (at, route, submission_id, outcome, status, millis, lane, correlation_id)
         SELECT timestamptz '2026-01-01' + (n * 7919 % 40) * interval '1 s', 'GET /v2/task/{task}', n % 3,
                CASE n % 5 WHEN 0 THEN 'retry' ELSE 'ok' END, 200, 1, n % 3, 'c-' || n % 4
           FROM generate_series(1, 400) AS n",
    )
    .execute(&system.database.pool)
    .await
    .unwrap();
    let old = to_wire(
        DateTime::parse_from_rfc3339("2026-02-01T00:00:00Z")
            .unwrap()
            .to_utc(),
    );
    let request = |submission_id, chain: Option<&str>, failed, size| ListApiCallsRequest {
        submission_id,
        correlation_id: chain.map(ToOwned::to_owned),
        failed,
        size,
        until: Some(old),
        ..ListApiCallsRequest::default()
    };
    for (submission_id, chain, failed, expected) in [
        (None, None, false, 400),
        (Some(1), None, false, 134),
        (None, None, true, 80),
        (Some(1), None, true, 27),
        (None, Some("c-1"), false, 100),
        (None, Some("c-1"), true, 20),
        (Some(1), Some("c-1"), false, 34),
    ] {
        for size in [1, 7, 100, 0] {
            let all = walk(&system, request(submission_id, chain, failed, size)).await;
            assert_eq!(
                all.len(),
                expected,
                "{submission_id:?} {chain:?} {failed} {size}"
            );
            let ids: BTreeSet<i64> = all.iter().map(|call| call.id).collect();
            assert_eq!(ids.len(), expected);
            assert!(
                all.windows(2)
                    .all(|pair| (at(&pair[0]), pair[0].id) > (at(&pair[1]), pair[1].id))
            );
        }
    }
    // a page begun before newer calls goes on where it was
    let first = ask(
        &system,
        ListApiCallsRequest {
            size: 10,
            ..ListApiCallsRequest::default()
        },
    )
    .await
    .unwrap();
    sqlx::query("INSERT INTO sync.api_calls (at, route, outcome, millis) VALUES (now() + interval '1 h', 'x', 'ok', 1)")
        .execute(&system.database.pool)
        .await
        .unwrap();
    let second = ask(
        &system,
        ListApiCallsRequest {
            size: 10,
            after: first.next.clone(),
            ..ListApiCallsRequest::default()
        },
    )
    .await
    .unwrap();
    let last = first.calls.last().unwrap();
    assert!(
        second
            .calls
            .iter()
            .all(|call| (at(call), call.id) < (at(last), last.id))
    );
    assert!(second.calls.iter().all(|call| call.route != "x"));

    for wrong in [
        ListApiCallsRequest {
            size: 101,
            ..ListApiCallsRequest::default()
        },
        ListApiCallsRequest {
            size: -1,
            ..ListApiCallsRequest::default()
        },
        ListApiCallsRequest {
            after: "yesterday".into(),
            ..ListApiCallsRequest::default()
        },
        ListApiCallsRequest {
            from: Some(prost_types::Timestamp {
                seconds: i64::MAX,
                nanos: 0,
            }),
            ..ListApiCallsRequest::default()
        },
    ] {
        let refused = ask(&system, wrong).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_calls_of_a_process_that_stops_are_in_the_log() {
    let mut system = System::prepare(Setup::default()).await;
    let life = system.worker().await;
    system.entity.create(1).await;
    system.synced().await;
    // a creation that is answered after the worker was told to stop
    system
        .fault(json!({"match": {"method": "POST", "path_suffix": "/task"}, "kind": "delay", "ms": 500, "times": 1}))
        .await;
    system.entity.create(2).await;
    wait_until("the creation is intended", LONG, || async {
        let intended = system
            .count("SELECT count(*) FROM sync.links WHERE submission_id = 2 AND marker IS NOT NULL")
            .await;
        (intended == 1)
            .then_some(())
            .ok_or_else(|| "not yet".to_owned())
    })
    .await;
    life.stop();
    life.finished(LONG).await.unwrap();
    let logged = system.count("SELECT count(*) FROM sync.api_calls").await;
    let answered = system.log().await.len();
    assert_eq!(usize::try_from(logged).unwrap(), answered);
    let created = system
        .count("SELECT count(*) FROM sync.api_calls WHERE route = 'POST /v2/list/{list}/task' AND submission_id = 2")
        .await;
    assert_eq!(created, 1);
}
