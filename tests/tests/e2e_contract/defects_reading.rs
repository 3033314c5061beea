//! Defects of the predecessor's admin endpoints, each asked for as its report tells it.

use crate::{
    Case,
    answers::same,
    api::{Api, SUBMISSIONS},
    cases,
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::time::Duration;

pub const CASES: &[Case] = cases! {
    "f02 admin endpoints want a credential" => f02,
    "f11 sloppy ids" => f11,
    "f12 numbers out of range" => f12,
    "f13 recent is bounded" => f13,
    "f14 repeated and bracketed parameters" => f14,
    "f15 wildcards are text" => f15,
    "f16 timeline filter" => f16,
    "f17 updated_at moves" => f17,
};

async fn f02(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    let one = format!("{SUBMISSIONS}/{id}");
    let endpoints = [
        ("GET", SUBMISSIONS.to_owned()),
        ("GET", format!("{SUBMISSIONS}/")),
        ("GET", format!("{SUBMISSIONS}/stats")),
        ("GET", format!("{SUBMISSIONS}/search?q=ada")),
        ("GET", format!("{SUBMISSIONS}/recent")),
        ("GET", format!("{SUBMISSIONS}/status/new")),
        ("GET", one.clone()),
        ("GET", format!("{SUBMISSIONS}/abc")),
        ("PUT", format!("{one}/status")),
        ("DELETE", one.clone()),
        ("GET", "/api/test-db".to_owned()),
    ];
    for (method, path) in endpoints {
        for credential in [
            "",
            "Bearer",
            "Bearer wrong",
            "Basic YWRtaW46YWRtaW4xMjM=",
            "Bearer admin123",
            "bearer ",
        ] {
            let body = if method == "PUT" {
                "{\"status\":\"new\"}"
            } else {
                ""
            };
            let headers = [
                ("authorization", credential),
                ("content-type", "application/json"),
            ];
            let headers = if credential.is_empty() {
                &headers[1..]
            } else {
                &headers[..]
            };
            let answer = api.send(method, &path, headers, body).await?.status(401)?;
            answer.framed()?;
        }
    }
    api.submission(&id).await?;
    Ok(())
}

async fn f11(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"]
        .as_i64()
        .context("id")?;
    for sloppy in [
        "abc", ".9", "e0", "'", ",2", "%2F2", ";drop", "x", "%20", "+", "%C2%B2",
    ] {
        let path = format!("{SUBMISSIONS}/{id}{sloppy}");
        for method in ["GET", "DELETE"] {
            api.admin(method, &path, None)
                .await?
                .status(400)?
                .framed()?;
        }
        api.admin(
            "PUT",
            &format!("{path}/status"),
            Some(json!({ "status": "reviewed" })),
        )
        .await?
        .status(400)?
        .framed()?;
    }
    for sloppy in ["0x1", "%2B1", "1e3", "%D9%A1"] {
        api.get(&format!("{SUBMISSIONS}/{sloppy}"))
            .await?
            .status(400)?
            .framed()?;
    }
    same(
        "untouched",
        &api.submission(&json!(id)).await?["status"],
        &json!("new"),
    )
}

async fn f12(api: &Api) -> anyhow::Result<()> {
    for id in [
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "99999999999999999999999",
    ] {
        api.get(&format!("{SUBMISSIONS}/{id}"))
            .await?
            .status_in(&[400, 404])?
            .framed()?;
        api.admin("DELETE", &format!("{SUBMISSIONS}/{id}"), None)
            .await?
            .status_in(&[400, 404])?
            .framed()?;
    }
    for query in [
        "page=99999999999999999999",
        "pageSize=99999999999999999999",
        "page=-99999999999999999999",
        "page=9223372036854775807&pageSize=100",
    ] {
        api.get(&format!("{SUBMISSIONS}?{query}"))
            .await?
            .status(200)?
            .rows()?;
    }
    for query in [
        "limit=-1",
        "limit=99999999999999999999",
        "days=99999999999999999999",
        "days=-1",
        "days=2147483648",
    ] {
        api.get(&format!("{SUBMISSIONS}/recent?{query}"))
            .await?
            .status(200)?
            .rows()?;
    }
    Ok(())
}

async fn f13(api: &Api) -> anyhow::Result<()> {
    futures::future::try_join_all((0..12).map(|_| api.accepted(json!({})))).await?;
    for query in ["limit=0", "limit=", "limit=abc"] {
        let answer = api
            .get(&format!("{SUBMISSIONS}/recent?{query}"))
            .await?
            .status(200)?;
        same(query, answer.rows()?.len(), 10)?;
    }
    let answer = api
        .get(&format!("{SUBMISSIONS}/recent?limit=100000"))
        .await?
        .status(200)?;
    ensure!(answer.rows()?.len() <= 100, "{} rows", answer.rows()?.len());
    let answer = api
        .get(&format!("{SUBMISSIONS}/recent?days=abc"))
        .await?
        .status(200)?;
    same("days", &answer.json["days"], &json!(7))?;
    same("rows", answer.rows()?.len(), 10)
}

async fn f14(api: &Api) -> anyhow::Result<()> {
    for query in [
        "?status=new&status=qualified",
        "?status[a]=b",
        "?status[]=new",
        "?page=1&page=2",
        "?pageSize[]=3",
        "/search?q=ada&q=probe",
        "/search?q[]=ada",
        "/search?q[a]=ada",
        "/recent?days=1&days=2",
        "/recent?limit[]=1",
    ] {
        let answer = api
            .get(&format!("{SUBMISSIONS}{query}"))
            .await?
            .status_in(&[200, 400])?;
        if let Some(filters) = answer.json["filters"].as_object() {
            ensure!(
                filters.values().all(Value::is_string),
                "{query}: filters are {filters:?}"
            );
        }
    }
    Ok(())
}

async fn f15(api: &Api) -> anyhow::Result<()> {
    let number = api.unique();
    let id = api
        .accepted(json!({ "company_name": format!("100%_sure\\{number}") }))
        .await?["id"]
        .as_i64()
        .context("id")?;
    api.accepted(json!({ "company_name": format!("100 x sure {number}") }))
        .await?;
    let found = async |term: &str| -> anyhow::Result<Vec<i64>> {
        api.get(&format!("{SUBMISSIONS}/search?q={term}"))
            .await?
            .status(200)?
            .ids()
    };
    same("percent", found("100%25_sure").await?, vec![id])?;
    same(
        "backslash",
        found(&format!("sure%5C{number}")).await?,
        vec![id],
    )?;
    for nothing in ["%25%25", "__", "a_a", "100%25sure"] {
        same(nothing, found(nothing).await?, vec![])?;
    }
    Ok(())
}

async fn f16(api: &Api) -> anyhow::Result<()> {
    let id = api
        .accepted(json!({ "construction_timeline": "more_than_12_months" }))
        .await?["id"]
        .as_i64()
        .context("id")?;
    let answer = api
        .get(&format!(
            "{SUBMISSIONS}?construction_timeline=more_than_12_months&pageSize=100"
        ))
        .await?
        .status(200)?;
    ensure!(
        answer
            .rows()?
            .iter()
            .all(|row| row["construction_timeline"] == "more_than_12_months"),
        "not applied"
    );
    ensure!(answer.ids()?.contains(&id), "the row is missing");
    same(
        "filters",
        &answer.json["filters"],
        &json!({ "construction_timeline": "more_than_12_months" }),
    )?;
    let bogus = api
        .get(&format!("{SUBMISSIONS}?construction_timeline=bogus"))
        .await?
        .status(200)?;
    same("bogus", bogus.rows()?.len(), 0)
}

async fn f17(api: &Api) -> anyhow::Result<()> {
    let made = api.accepted(json!({})).await?;
    let mut last = made["updated_at"].clone();
    for status in ["reviewed", "qualified"] {
        // times have milliseconds; two changes within one would prove nothing
        tokio::time::sleep(Duration::from_millis(5)).await;
        let body = Some(json!({ "status": status }));
        let answer = api
            .admin("PUT", &format!("{SUBMISSIONS}/{}/status", made["id"]), body)
            .await?
            .status(200)?;
        let now = answer.data()?["updated_at"].clone();
        ensure!(now.as_str() > last.as_str(), "{now} is not after {last}");
        last = now;
    }
    same(
        "created_at",
        &api.submission(&made["id"]).await?["created_at"],
        &made["created_at"],
    )
}
