//! What an admin sees of many submissions: search, the newest, one status (sections 4.3 to 4.5).

use crate::{
    Case,
    answers::{is_submission, same},
    api::{Api, SUBMISSIONS},
    cases,
    lists::{is_page, marked},
    stats::is_stats,
};
use anyhow::{Context as _, ensure};
use serde_json::json;

/// Asked before anything is stored.
pub const ON_EMPTY_TABLE: &[Case] = cases! {
    "recent.empty" => recent_empty,
};

pub const CASES: &[Case] = cases! {
    "search.fields" => search_fields,
    "search.shape_and_order" => search_shape,
    "search.refusals" => search_refusals,
    "search.quotes_are_text" => search_quotes,
    "search.pagination" => search_pagination,
    "recent.defaults" => recent_defaults,
    "recent.limit_and_days" => recent_limit,
    "by_status.shape" => by_status_shape,
    "by_status.bogus" => by_status_bogus,
};

async fn recent_empty(api: &Api) -> anyhow::Result<()> {
    let answer = api
        .get(&format!("{SUBMISSIONS}/recent"))
        .await?
        .status(200)?;
    same("data", answer.data()?, &json!([]))?;
    same("count", &answer.json["count"], &json!(0))
}

async fn found(api: &Api, term: &str) -> anyhow::Result<Vec<i64>> {
    api.get(&format!("{SUBMISSIONS}/search?q={term}&pageSize=100"))
        .await?
        .status(200)?
        .ids()
}

async fn search_fields(api: &Api) -> anyhow::Result<()> {
    for field in ["full_name", "company_name", "project_description"] {
        let word = format!("Needle{}y", api.unique());
        let id = api
            .accepted(json!({ field: format!("hay{word}stack") }))
            .await?["id"]
            .as_i64()
            .context("id")?;
        for term in [
            word.clone(),
            word.to_uppercase(),
            word.to_lowercase(),
            format!("%20{word}%20"),
        ] {
            same(field, found(api, &term).await?, vec![id])?;
        }
    }
    let email = api.email();
    let id = api.accepted(json!({ "email_address": email })).await?["id"]
        .as_i64()
        .context("id")?;
    same(
        "email_address",
        found(api, &email.to_uppercase()).await?,
        vec![id],
    )?;
    // nothing else is looked at
    let word = format!("Elsewhere{}z", api.unique());
    let id = api.accepted(json!({ "lot_address": word, "preferred_area_description": word, "referral_source": word })).await?["id"].clone();
    let notes = json!({ "status": "reviewed", "admin_notes": word });
    api.admin("PUT", &format!("{SUBMISSIONS}/{id}/status"), Some(notes))
        .await?
        .status(200)?;
    same("other fields", found(api, &word).await?, vec![])
}

async fn search_shape(api: &Api) -> anyhow::Result<()> {
    let (word, mut ids) = marked(api, 3, json!({})).await?;
    ids.reverse();
    let answer = api
        .get(&format!("{SUBMISSIONS}/search?q=%20{word}%20"))
        .await?
        .status(200)?;
    for row in answer.rows()? {
        is_submission(row)?;
    }
    same("newest first", answer.ids()?, ids)?;
    same("searchTerm", &answer.json["searchTerm"], &json!(word))?;
    same(
        "totalCount",
        &answer.json["pagination"]["totalCount"],
        &json!(3),
    )?;
    is_page(&answer, 1, 20)
}

async fn search_refusals(api: &Api) -> anyhow::Result<()> {
    for query in ["", "?q=", "?page=1"] {
        api.get(&format!("{SUBMISSIONS}/search{query}"))
            .await?
            .sentence("Search term (q) is required")?;
    }
    for query in ["a", "%20a%20", "%20%20%20"] {
        api.get(&format!("{SUBMISSIONS}/search?q={query}"))
            .await?
            .sentence("Search term must be at least 2 characters")?;
    }
    Ok(())
}

async fn search_quotes(api: &Api) -> anyhow::Result<()> {
    let number = api.unique();
    let id = api
        .accepted(json!({ "company_name": format!("O'Hara \"{number}\" & Sons") }))
        .await?["id"]
        .as_i64()
        .context("id")?;
    same(
        "quotes",
        found(api, &format!("o'hara%20%22{number}%22%20%26")).await?,
        vec![id],
    )?;
    same("injection", found(api, "x'%20OR%20'1'='1").await?, vec![])
}

async fn search_pagination(api: &Api) -> anyhow::Result<()> {
    let (word, mut ids) = marked(api, 5, json!({})).await?;
    ids.reverse();
    let answer = api
        .get(&format!("{SUBMISSIONS}/search?q={word}&pageSize=2&page=2"))
        .await?
        .status(200)?;
    is_page(&answer, 2, 2)?;
    same("second page", answer.ids()?, ids[2..4].to_vec())?;
    is_page(
        &api.get(&format!(
            "{SUBMISSIONS}/search?q={word}&pageSize=1000&page=0"
        ))
        .await?,
        1,
        100,
    )
}

async fn recent_defaults(api: &Api) -> anyhow::Result<()> {
    let (_, mut ids) = marked(api, 12, json!({})).await?;
    ids.reverse();
    let answer = api
        .get(&format!("{SUBMISSIONS}/recent"))
        .await?
        .status(200)?;
    same("newest first", answer.ids()?, ids[..10].to_vec())?;
    same("count", &answer.json["count"], &json!(10))?;
    same("days", &answer.json["days"], &json!(7))?;
    answer.rows()?.iter().try_for_each(is_submission)
}

async fn recent_limit(api: &Api) -> anyhow::Result<()> {
    marked(api, 5, json!({})).await?;
    let answer = api
        .get(&format!("{SUBMISSIONS}/recent?days=3&limit=4"))
        .await?
        .status(200)?;
    same("count", &answer.json["count"], &json!(4))?;
    same("rows", answer.rows()?.len(), 4)?;
    same("days", &answer.json["days"], &json!(3))?;
    let none = api
        .get(&format!("{SUBMISSIONS}/recent?days=0"))
        .await?
        .status(200)?;
    same("no days", none.rows()?.len(), 0)
}

async fn by_status_shape(api: &Api) -> anyhow::Result<()> {
    let id = api.accepted(json!({})).await?["id"].clone();
    api.admin(
        "PUT",
        &format!("{SUBMISSIONS}/{id}/status"),
        Some(json!({ "status": "disqualified" })),
    )
    .await?
    .status(200)?;
    let answer = api
        .get(&format!("{SUBMISSIONS}/status/disqualified?pageSize=1"))
        .await?
        .status(200)?;
    same("row", &answer.rows()?[0]["id"], &id)?;
    is_submission(&answer.rows()?[0])?;
    is_page(&answer, 1, 1)?;
    is_stats(&answer.json["stats"])?;
    same("status", &answer.json["status"], &json!("disqualified"))?;
    let new = api
        .get(&format!("{SUBMISSIONS}/status/new?pageSize=100"))
        .await?;
    ensure!(
        new.rows()?.iter().all(|row| row["status"] == "new"),
        "other statuses are shown"
    );
    Ok(())
}

async fn by_status_bogus(api: &Api) -> anyhow::Result<()> {
    for bogus in ["bogus", "NEW", "new%20"] {
        api.get(&format!("{SUBMISSIONS}/status/{bogus}"))
            .await?
            .sentence(
                "Invalid status. Must be one of: new, reviewed, qualified, disqualified, contacted",
            )?;
    }
    Ok(())
}
