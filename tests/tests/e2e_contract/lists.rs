//! What an admin sees of many submissions: the list (section 4.1).

use crate::{
    Case,
    answers::{Answer, is_submission, same},
    api::{Api, SUBMISSIONS},
    cases,
    stats::{COUNTS, is_stats},
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

/// Asked before anything is stored.
pub const ON_EMPTY_TABLE: &[Case] = cases! {
    "list.empty" => list_empty,
};

pub const CASES: &[Case] = cases! {
    "list.shape" => list_shape,
    "list.order" => list_order,
    "list.pagination" => list_pagination,
    "list.pagination.past_the_end" => list_past_the_end,
    "list.pages_neither_overlap_nor_miss" => list_pages,
    "list.filter.each" => list_filter_each,
    "list.filter.combined" => list_filter_combined,
    "list.filter.empty_unknown_and_other" => list_filter_odd,
    "list.stats_count_everything" => list_stats,
};

/// Fails unless the pagination says this.
pub fn is_page(answer: &Answer, page: i64, size: i64) -> anyhow::Result<()> {
    let told = &answer.json["pagination"];
    same("page", &told["page"], &json!(page))?;
    same("pageSize", &told["pageSize"], &json!(size))?;
    let total = told["totalCount"]
        .as_i64()
        .context("totalCount is no integer")?;
    let pages = (total + size - 1) / size;
    same("totalPages", &told["totalPages"], &json!(pages))?;
    same("hasNext", &told["hasNext"], &json!(page < pages))?;
    same("hasPrev", &told["hasPrev"], &json!(page > 1))
}

/// A word that no other row has, in `howmany` new rows.
pub async fn marked(
    api: &Api,
    howmany: usize,
    changes: Value,
) -> anyhow::Result<(String, Vec<i64>)> {
    let word = format!("Marker{}x", api.unique());
    let mut ids = Vec::new();
    for _ in 0..howmany {
        let mut fields = json!({ "company_name": word });
        if let (Some(fields), Value::Object(changes)) = (fields.as_object_mut(), changes.clone()) {
            fields.extend(changes);
        }
        ids.push(api.accepted(fields).await?["id"].as_i64().context("id")?);
    }
    Ok((word, ids))
}

async fn list_empty(api: &Api) -> anyhow::Result<()> {
    let answer = api.get(SUBMISSIONS).await?.status(200)?;
    same("data", answer.data()?, &json!([]))?;
    let wanted = json!({ "page": 1, "pageSize": 20, "totalCount": 0, "totalPages": 0, "hasNext": false, "hasPrev": false });
    for (key, value) in wanted.as_object().context("an object")? {
        same(key, &answer.json["pagination"][key], value)?;
    }
    is_stats(&answer.json["stats"])?;
    same("total", &answer.json["stats"]["total"], &json!("0"))
}

async fn list_shape(api: &Api) -> anyhow::Result<()> {
    api.accepted(json!({})).await?;
    let answer = api.get(SUBMISSIONS).await?.status(200)?;
    for row in answer.rows()? {
        is_submission(row)?;
    }
    is_page(&answer, 1, 20)?;
    is_stats(&answer.json["stats"])?;
    ensure!(
        answer.json["stats"].get("new_percentage").is_none(),
        "percentages are only in stats"
    );
    same("filters", &answer.json["filters"], &json!({}))
}

async fn list_order(api: &Api) -> anyhow::Result<()> {
    let (_, mut ids) = marked(api, 3, json!({})).await?;
    ids.reverse();
    let listed = api.get(&format!("{SUBMISSIONS}?pageSize=3")).await?.ids()?;
    same("newest first", listed, ids)
}

async fn list_pagination(api: &Api) -> anyhow::Result<()> {
    marked(api, 3, json!({})).await?;
    for (query, page, size) in [
        ("page=2&pageSize=2", 2, 2),
        ("page=0", 1, 20),
        ("page=-1", 1, 20),
        ("page=", 1, 20),
        ("page=abc", 1, 20),
        ("pageSize=0", 1, 20),
        ("pageSize=", 1, 20),
        ("pageSize=abc", 1, 20),
        ("pageSize=-5", 1, 1),
        ("pageSize=1", 1, 1),
        ("pageSize=100", 1, 100),
        ("pageSize=101", 1, 100),
        ("pageSize=100000", 1, 100),
    ] {
        let answer = api
            .get(&format!("{SUBMISSIONS}?{query}"))
            .await?
            .status(200)?;
        is_page(&answer, page, size).context(query)?;
    }
    Ok(())
}

async fn list_past_the_end(api: &Api) -> anyhow::Result<()> {
    let answer = api
        .get(&format!("{SUBMISSIONS}?page=9999"))
        .await?
        .status(200)?;
    same("data", answer.data()?, &json!([]))?;
    is_page(&answer, 9999, 20)
}

async fn list_pages(api: &Api) -> anyhow::Result<()> {
    // made at once, so that many have nearly the same time
    let made = (0..12).map(|_| api.accepted(json!({})));
    futures::future::try_join_all(made).await?;
    let whole = api
        .get(&format!("{SUBMISSIONS}?pageSize=12"))
        .await?
        .ids()?;
    let mut pieces = Vec::new();
    for page in 1..=4 {
        pieces.extend(
            api.get(&format!("{SUBMISSIONS}?pageSize=3&page={page}"))
                .await?
                .ids()?,
        );
    }
    same("four pages of three", pieces, whole)
}

async fn list_filter_each(api: &Api) -> anyhow::Result<()> {
    let made = api
        .accepted(json!({ "buyer_category": "developer", "build_budget": "500k_plus" }))
        .await?;
    for (key, value) in [
        ("buyer_category", "developer"),
        ("build_budget", "500k_plus"),
        ("status", "new"),
    ] {
        let answer = api
            .get(&format!("{SUBMISSIONS}?{key}={value}&pageSize=100"))
            .await?
            .status(200)?;
        let rows = answer.rows()?;
        ensure!(
            rows.iter().all(|row| row[key] == value),
            "{key}={value} lets others through"
        );
        ensure!(
            rows.iter().any(|row| row["id"] == made["id"]),
            "{key}={value} misses {}",
            made["id"]
        );
        same("filters", &answer.json["filters"], &json!({ key: value }))?;
    }
    Ok(())
}

async fn list_filter_combined(api: &Api) -> anyhow::Result<()> {
    let made = api
        .accepted(json!({ "buyer_category": "developer", "build_budget": "200k_250k" }))
        .await?;
    api.accepted(json!({ "buyer_category": "homebuyer", "build_budget": "200k_250k" }))
        .await?;
    let answer = api
        .get(&format!(
            "{SUBMISSIONS}?status=new&buyer_category=developer&build_budget=200k_250k"
        ))
        .await?
        .status(200)?;
    let both =
        |row: &Value| row["buyer_category"] == "developer" && row["build_budget"] == "200k_250k";
    ensure!(answer.rows()?.iter().all(both), "a filter is left out");
    ensure!(
        answer.rows()?.iter().any(|row| row["id"] == made["id"]),
        "the row is missing"
    );
    same(
        "filters",
        &answer.json["filters"],
        &json!({ "status": "new", "buyer_category": "developer", "build_budget": "200k_250k" }),
    )
}

async fn list_filter_odd(api: &Api) -> anyhow::Result<()> {
    let all = api.get(SUBMISSIONS).await?.json["pagination"]["totalCount"].clone();
    for no_filter in ["status=", "colour=green", "company_name=Acme"] {
        let answer = api
            .get(&format!("{SUBMISSIONS}?{no_filter}"))
            .await?
            .status(200)?;
        same(no_filter, &answer.json["pagination"]["totalCount"], &all)?;
    }
    for nothing in [
        "status=bogus",
        "buyer_category=bogus",
        "build_budget=bogus",
        "status=NEW",
    ] {
        let answer = api
            .get(&format!("{SUBMISSIONS}?{nothing}"))
            .await?
            .status(200)?;
        same(nothing, answer.data()?, &json!([]))?;
    }
    Ok(())
}

async fn list_stats(api: &Api) -> anyhow::Result<()> {
    let all = api.get(SUBMISSIONS).await?.json["stats"].clone();
    let filtered = api.get(&format!("{SUBMISSIONS}?status=bogus")).await?.json["stats"].clone();
    for key in COUNTS {
        same(key, &filtered[key], &all[key])?;
    }
    Ok(())
}
