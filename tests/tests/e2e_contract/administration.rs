//! What an admin does to one submission (sections 4.6 to 4.8).

use crate::{
    Case,
    answers::{Answer, is_submission, same},
    api::{Api, SUBMISSIONS},
    cases,
};
use anyhow::ensure;
use serde_json::{Value, json};

pub const CASES: &[Case] = cases! {
    "get.shape" => get_shape,
    "get.refusals" => get_refusals,
    "put.status" => put_status,
    "put.notes" => put_notes,
    "put.changes_nothing_else" => put_changes_nothing_else,
    "put.order_of_refusals" => put_order_of_refusals,
    "put.case_matters" => put_case_matters,
    "delete.shape" => delete_shape,
    "delete.refusals" => delete_refusals,
};

const NO_ID: &str = "Invalid submission ID";
const NO_ROW: &str = "Submission not found";
const NO_STATUS: &str = "Status must be one of: new, reviewed, qualified, disqualified, contacted";

async fn put(api: &Api, id: &Value, body: Value) -> anyhow::Result<Answer> {
    api.admin("PUT", &format!("{SUBMISSIONS}/{id}/status"), Some(body))
        .await
}

async fn get_shape(api: &Api) -> anyhow::Result<()> {
    let made = api.accepted(json!({})).await?;
    let answer = api
        .get(&format!("{SUBMISSIONS}/{}", made["id"]))
        .await?
        .status(200)?;
    is_submission(answer.data()?)?;
    same("id", &answer.data()?["id"], &made["id"])
}

/// Fails unless this is the answer for a row that is not there: no `details`.
fn is_missing(answer: Answer) -> anyhow::Result<()> {
    let answer = answer.error(404, "Not found", NO_ROW)?;
    ensure!(answer.json.get("details").is_none(), "details with a 404");
    Ok(())
}

async fn get_refusals(api: &Api) -> anyhow::Result<()> {
    for bad in ["abc", "new", "1%20or%201"] {
        api.get(&format!("{SUBMISSIONS}/{bad}"))
            .await?
            .sentence(NO_ID)?;
    }
    is_missing(api.get(&format!("{SUBMISSIONS}/0")).await?)?;
    is_missing(api.get(&format!("{SUBMISSIONS}/2000000000")).await?)?;
    api.get(&format!("{SUBMISSIONS}/-1"))
        .await?
        .status_in(&[400, 404])?
        .framed()
}

async fn put_status(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    // any to any other, back to the first one included
    for status in [
        "reviewed",
        "qualified",
        "contacted",
        "disqualified",
        "new",
        "qualified",
        "new",
    ] {
        let answer = put(api, &id, json!({ "status": status }))
            .await?
            .status(200)?;
        same(
            "message",
            &answer.json["message"],
            &json!(format!("Submission status updated to {status}")),
        )?;
        is_submission(answer.data()?)?;
        same("status", &answer.data()?["status"], &json!(status))?;
        same(
            "seen afterwards",
            &api.submission(&id).await?["status"],
            &json!(status),
        )?;
    }
    Ok(())
}

async fn put_notes(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    let notes = "Called back.\nWants \"two\" floors.";
    let answer = put(
        api,
        &id,
        json!({ "status": "reviewed", "admin_notes": notes }),
    )
    .await?
    .status(200)?;
    same("notes", &answer.data()?["admin_notes"], &json!(notes))?;
    for kept in [
        json!({ "status": "qualified" }),
        json!({ "status": "qualified", "admin_notes": null }),
        json!({ "status": "new", "admin_notes": "" }),
    ] {
        same(
            "old notes",
            &put(api, &id, kept).await?.status(200)?.data()?["admin_notes"],
            &json!(notes),
        )?;
    }
    let answer = put(api, &id, json!({ "status": "new", "admin_notes": "Gone." }))
        .await?
        .status(200)?;
    same("new notes", &answer.data()?["admin_notes"], &json!("Gone."))
}

async fn put_changes_nothing_else(api: &Api) -> anyhow::Result<()> {
    let before = api.accepted(json!({ "company_name": "Acme" })).await?;
    let body = json!({
        "status": "reviewed", "full_name": "Mallory", "email_address": "m@example.com", "id": 1, "created_at": "2000-01-01T00:00:00.000Z",
        "referral_source": "x", "utm_source": "y",
    });
    put(api, &before["id"], body).await?.status(200)?;
    let after = api.submission(&before["id"]).await?;
    for key in [
        "id",
        "full_name",
        "email_address",
        "company_name",
        "created_at",
        "referral_source",
        "build_budget",
        "admin_notes",
    ] {
        same(key, &after[key], &before[key])?;
    }
    Ok(())
}

async fn put_order_of_refusals(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    for path in [id.to_string(), "abc".to_owned(), "2000000000".to_owned()] {
        for nothing in [
            json!({}),
            json!({ "status": null }),
            json!({ "status": "" }),
            json!({ "admin_notes": "x" }),
        ] {
            let answer = api
                .admin(
                    "PUT",
                    &format!("{SUBMISSIONS}/{path}/status"),
                    Some(nothing),
                )
                .await?;
            answer.sentence("Status is required")?;
        }
    }
    api.admin(
        "PUT",
        &format!("{SUBMISSIONS}/abc/status"),
        Some(json!({ "status": "bogus" })),
    )
    .await?
    .sentence(NO_ID)?;
    is_missing(put(api, &json!(2_000_000_000), json!({ "status": "bogus" })).await?)?;
    is_missing(put(api, &json!(2_000_000_000), json!({ "status": "new" })).await?)?;
    put(api, &id, json!({ "status": "bogus" }))
        .await?
        .sentence(NO_STATUS)
}

async fn put_case_matters(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    for bad in ["New", "REVIEWED", "new "] {
        put(api, &id, json!({ "status": bad }))
            .await?
            .sentence(NO_STATUS)?;
    }
    same(
        "unchanged",
        &api.submission(&id).await?["status"],
        &json!("new"),
    )
}

async fn delete_shape(api: &Api) -> anyhow::Result<()> {
    let made = api.accepted(json!({})).await?;
    let path = format!("{SUBMISSIONS}/{}", made["id"]);
    let answer = api.admin("DELETE", &path, None).await?.status(200)?;
    same(
        "message",
        &answer.json["message"],
        &json!("Submission deleted successfully"),
    )?;
    is_submission(answer.data()?)?;
    same(
        "email_address",
        &answer.data()?["email_address"],
        &made["email_address"],
    )?;
    is_missing(api.admin("DELETE", &path, None).await?)?;
    is_missing(api.get(&path).await?)?;
    is_missing(put(api, &made["id"], json!({ "status": "new" })).await?)?;
    let found = api
        .get(&format!(
            "{SUBMISSIONS}/search?q={}",
            made["email_address"].as_str().unwrap_or_default()
        ))
        .await?;
    same("found", found.rows()?.len(), 0)
}

async fn delete_refusals(api: &Api) -> anyhow::Result<()> {
    api.admin("DELETE", &format!("{SUBMISSIONS}/abc"), None)
        .await?
        .sentence(NO_ID)?;
    is_missing(
        api.admin("DELETE", &format!("{SUBMISSIONS}/2000000000"), None)
            .await?,
    )
}
