//! Defects of the predecessor's answers themselves: headers, names of errors, what they give away.

use crate::{
    Case,
    answers::{Answer, same},
    api::{Api, ORIGIN, SUBMISSIONS},
    cases,
};
use anyhow::ensure;
use serde_json::json;

pub const CASES: &[Case] = cases! {
    "f18 cors on refused bodies" => f18,
    "f19 corrupt gzip" => f19,
    "f20 413 and 415 have names" => f20,
    "f21 no internals in errors" => f21,
    "f24 no powered-by" => f24,
    "f25 malformed url" => f25,
    "f29 strangers learn nothing of the database" => f29,
};

/// Bodies that are refused before anybody looks at a field.
async fn refused_bodies(api: &Api) -> anyhow::Result<Vec<Answer>> {
    let origin = ("origin", ORIGIN);
    let json = ("content-type", "application/json");
    let good = api.application(json!({})).to_string();
    let huge = format!("{{\"full_name\":\"{}\"}}", "x".repeat(11 * 1024 * 1024));
    Ok(vec![
        api.send("POST", SUBMISSIONS, &[origin, json], "{bad")
            .await?
            .status(400)?,
        api.send("POST", SUBMISSIONS, &[origin, json], huge)
            .await?
            .status(413)?,
        api.send(
            "POST",
            SUBMISSIONS,
            &[origin, ("content-type", "application/json; charset=bogus")],
            good.clone(),
        )
        .await?
        .status(415)?,
        api.send(
            "POST",
            SUBMISSIONS,
            &[origin, json, ("content-encoding", "bogus")],
            good,
        )
        .await?
        .status(415)?,
    ])
}

async fn f18(api: &Api) -> anyhow::Result<()> {
    for answer in refused_bodies(api).await? {
        same(
            &answer.text,
            answer.header("access-control-allow-origin"),
            ORIGIN,
        )?;
    }
    Ok(())
}

async fn f19(api: &Api) -> anyhow::Result<()> {
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    for corrupt in [&b"no gzip at all"[..], &[0x1f, 0x8b, 8, 0, 1, 2, 3]] {
        // a server that takes no gzip at all may also say so
        api.send("POST", SUBMISSIONS, &headers, corrupt)
            .await?
            .status_in(&[400, 415])?
            .framed()?;
    }
    Ok(())
}

async fn f20(api: &Api) -> anyhow::Result<()> {
    for answer in refused_bodies(api).await? {
        answer.framed()?;
        ensure!(
            answer.json["error"] != "Internal server error",
            "{}",
            answer.text
        );
        ensure!(
            answer.json["message"] != "Something went wrong",
            "{}",
            answer.text
        );
    }
    Ok(())
}

async fn f21(api: &Api) -> anyhow::Result<()> {
    let mut answers = refused_bodies(api).await?;
    for path in [
        "/2147483648",
        "/99999999999999999999",
        "/search?q=%00%00",
        "?page=99999999999999999999",
        "/status/bogus",
        "/abc",
    ] {
        answers.push(api.get(&format!("{SUBMISSIONS}{path}")).await?);
    }
    answers.push(
        api.post(&api.application(json!({ "full_name": "a\u{0}" })))
            .await?,
    );
    for answer in answers {
        let text = answer.text.to_lowercase();
        for internal in [
            "\"stack\"",
            "panicked",
            ".rs:",
            "sqlx",
            "postgres",
            "sqlstate",
            "out of range for type",
            "grpc",
            "tonic",
        ] {
            ensure!(
                !text.contains(internal),
                "{} {} tells {internal}: {}",
                answer.method,
                answer.path,
                answer.text
            );
        }
    }
    Ok(())
}

async fn f24(api: &Api) -> anyhow::Result<()> {
    for path in ["/health", "/", "/nothing"] {
        let answer = api.open(path).await?;
        ensure!(
            answer.header("x-powered-by").is_empty(),
            "x-powered-by is sent"
        );
        ensure!(answer.header("server").is_empty(), "server is sent");
    }
    Ok(())
}

async fn f25(api: &Api) -> anyhow::Result<()> {
    for path in [
        "/%E0%A4%A",
        "/api/submissions/%E0%A4%A",
        "/api/submissions/%ZZ",
    ] {
        let answer = api.raw("GET", path).await?.status_in(&[400, 401, 404])?;
        ensure!(
            answer.json["error"].is_string() && answer.json["error"] != "Internal server error",
            "{path}: {}",
            answer.text
        );
    }
    Ok(())
}

async fn f29(api: &Api) -> anyhow::Result<()> {
    for path in [
        "/api/test-db",
        "/health",
        "/",
        "/ready",
        "/metrics",
        "/api/nothing",
    ] {
        let answer = api.open(path).await?;
        let text = answer.text.to_lowercase();
        for internal in ["postgres", "pool", "5432", "password", "sqlstate"] {
            ensure!(!text.contains(internal), "{path} tells {internal}: {text}");
        }
        if path == "/api/test-db" {
            answer.status(401)?.framed()?;
        }
    }
    Ok(())
}
