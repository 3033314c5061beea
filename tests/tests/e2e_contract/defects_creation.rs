//! Defects of the predecessor's public POST, each asked for as its report tells it.

use crate::{
    Case,
    answers::same,
    api::{Api, SUBMISSIONS},
    cases,
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub const CASES: &[Case] = cases! {
    "f01 no injection through keys" => f01,
    "f03 no mass assignment" => f03,
    "f04 unknown keys lose no lead" => f04,
    "f05 one of many at once" => f05,
    "f06 over-long values" => f06,
    "f07 e-mail of another type" => f07,
    "f08 arrays and objects in texts" => f08,
    "f09 no boolean" => f09,
    "f10 nul characters" => f10,
    "f22 bounded texts" => f22,
    "f23 the area check takes every yes" => f23,
};

async fn f01(api: &Api) -> anyhow::Result<()> {
    let secret = format!("secret-{}", api.unique());
    let id = api
        .accepted(json!({ "full_name": "Secret Person" }))
        .await?["id"]
        .clone();
    let notes = json!({ "status": "reviewed", "admin_notes": secret });
    api.admin("PUT", &format!("{SUBMISSIONS}/{id}/status"), Some(notes))
        .await?
        .status(200)?;
    for key in [
        "admin_notes, status) SELECT (SELECT string_agg(admin_notes, '; ') FROM entity.submissions), 'new' --",
        "full_name\", (SELECT pg_sleep(3))::text) --",
        "company_name) VALUES ((SELECT pg_read_file('PG_VERSION'))) --",
    ] {
        let began = Instant::now();
        let answer = api
            .post(&api.application(json!({ key: "x" })))
            .await?
            .status(201)?;
        ensure!(
            began.elapsed() < Duration::from_secs(2),
            "the database was made to sleep"
        );
        ensure!(
            !answer.text.contains(&secret) && !answer.text.contains("Secret Person"),
            "somebody else's data: {}",
            answer.text
        );
        same("notes", &answer.data()?["admin_notes"], &Value::Null)?;
    }
    Ok(())
}

async fn f03(api: &Api) -> anyhow::Result<()> {
    let forged = json!({
        "id": 1_000_000_000, "status": "qualified", "admin_notes": "forged", "created_at": "2000-01-01T00:00:00.000Z",
        "updated_at": "2000-01-01T00:00:00.000Z", "user_id": -5, "project_id": 2_147_483_647, "clickup_task_id": "forged", "sync_state": "synced",
    });
    let made = api.accepted(forged.clone()).await?;
    for (key, value) in forged.as_object().context("an object")? {
        ensure!(&made[key] != value, "{key} was taken from the body");
    }
    same("status", &made["status"], &json!("new"))?;
    let next = api
        .accepted(json!({ "id": made["id"].as_i64().unwrap_or_default() + 1 }))
        .await?;
    ensure!(
        api.accepted(json!({})).await?["id"] != next["id"],
        "an id was given twice"
    );
    Ok(())
}

async fn f04(api: &Api) -> anyhow::Result<()> {
    for key in [
        "utm_source",
        "FULL_NAME",
        "__proto__",
        "constructor",
        "toString",
        "",
        "a b\"c",
    ] {
        for value in [json!("x"), json!(1), json!({ "a": [1] })] {
            same(
                "name",
                &api.accepted(json!({ key: value })).await?["full_name"],
                &json!("Ada Probe"),
            )?;
        }
    }
    Ok(())
}

async fn f05(api: &Api) -> anyhow::Result<()> {
    for _ in 0..3 {
        let body = api.application(json!({}));
        let answers = futures::future::try_join_all((0..16).map(|_| api.post(&body))).await?;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        same("accepted of 16", made, 1)?;
        for answer in answers.into_iter().filter(|answer| answer.status != 201) {
            answer.sentence("A submission with this email already exists")?;
        }
    }
    Ok(())
}

async fn f06(api: &Api) -> anyhow::Result<()> {
    let tail = format!("{}@example.com", api.unique());
    for (field, value) in [
        ("full_name", "n".repeat(256)),
        ("phone_number", "5".repeat(21)),
        (
            "email_address",
            format!("{}{tail}", "a".repeat(256 - tail.len())),
        ),
        ("company_name", "c".repeat(256)),
        ("referral_source", "r".repeat(101)),
    ] {
        api.post(&api.application(json!({ field: value })))
            .await?
            .mistake_in(field)?;
    }
    Ok(())
}

async fn f07(api: &Api) -> anyhow::Result<()> {
    for value in [json!(5), json!(true), json!(["a@b.co"]), json!({ "a": 1 })] {
        api.post(&api.application(json!({ "email_address": value })))
            .await?
            .mistake_in("email_address")?;
    }
    Ok(())
}

async fn f08(api: &Api) -> anyhow::Result<()> {
    for field in [
        "full_name",
        "company_name",
        "lot_address",
        "project_description",
        "referral_source",
        "buyer_category",
        "phone_number",
    ] {
        for value in [
            json!(["5551234567"]),
            json!({ "a": 1 }),
            json!({ "toString": "x" }),
        ] {
            api.post(&api.application(json!({ field: value })))
                .await?
                .mistake_in(field)?;
        }
    }
    let id = api.accepted(json!({})).await?["id"].clone();
    for notes in [json!(["a"]), json!({ "a": 1 })] {
        let body = json!({ "status": "reviewed", "admin_notes": notes });
        api.admin("PUT", &format!("{SUBMISSIONS}/{id}/status"), Some(body))
            .await?
            .status(400)?
            .framed()?;
    }
    same(
        "notes",
        &api.submission(&id).await?["admin_notes"],
        &Value::Null,
    )
}

async fn f09(api: &Api) -> anyhow::Result<()> {
    for field in ["interested_in_preferred_lender", "needs_help_finding_land"] {
        for value in [
            json!("maybe"),
            json!(2),
            json!([]),
            json!({}),
            json!(-1),
            json!(0.5),
        ] {
            api.post(&api.application(json!({ field: value })))
                .await?
                .mistake_in(field)?;
        }
    }
    Ok(())
}

async fn f10(api: &Api) -> anyhow::Result<()> {
    for field in [
        "full_name",
        "project_description",
        "company_name",
        "referral_source",
    ] {
        api.post(&api.application(json!({ field: "a\u{0}b" })))
            .await?
            .mistake_in(field)?;
    }
    let id = api.accepted(json!({})).await?["id"].clone();
    let body = json!({ "status": "reviewed", "admin_notes": "a\u{0}b" });
    api.admin("PUT", &format!("{SUBMISSIONS}/{id}/status"), Some(body))
        .await?
        .status(400)?
        .framed()?;
    for query in [
        "/search?q=%00%00",
        "/search?q=a%00b",
        "?status=%00",
        "?buyer_category=a%00",
        "/recent?days=%00",
        "/status/%00",
        "/%00",
    ] {
        api.get(&format!("{SUBMISSIONS}{query}"))
            .await?
            .status_in(&[200, 400, 404])?;
    }
    Ok(())
}

async fn f22(api: &Api) -> anyhow::Result<()> {
    let huge =
        api.application(json!({ "project_description": "x".repeat(10 * 1024 * 1024 - 4096) }));
    api.post(&huge).await?.status_in(&[400, 413])?.framed()?;
    // well within any limit on bodies: the field itself is bounded
    for field in [
        "project_description",
        "lot_address",
        "preferred_area_description",
    ] {
        api.post(&api.application(json!({ field: "x".repeat(100_000) })))
            .await?
            .mistake_in(field)?;
    }
    Ok(())
}

async fn f23(api: &Api) -> anyhow::Result<()> {
    for yes in [
        json!(true),
        json!("true"),
        json!("on"),
        json!("1"),
        json!(1),
        json!(" Yes "),
    ] {
        let body =
            api.application(json!({ "land_status": "need_land", "needs_help_finding_land": yes }));
        api.post(&body)
            .await?
            .mistakes(&[
                "preferred_area_description is required when needs_help_finding_land is true",
            ])
            .with_context(|| yes.to_string())?;
    }
    Ok(())
}
