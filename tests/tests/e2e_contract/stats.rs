//! What an admin sees of many submissions: counts (section 4.2).

use crate::{
    Case,
    answers::same,
    api::{Api, SUBMISSIONS},
    cases,
};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

/// Asked before anything is stored.
pub const ON_EMPTY_TABLE: &[Case] = cases! {
    "stats.empty" => stats_empty,
};

pub const CASES: &[Case] = cases! {
    "stats.shape" => stats_shape,
    "stats.exact_at_once" => stats_exact,
};

pub const COUNTS: [&str; 9] = [
    "total",
    "new_count",
    "reviewed_count",
    "qualified_count",
    "disqualified_count",
    "contacted_count",
    "homebuyer_count",
    "developer_count",
    "recent_count",
];

pub fn is_stats(stats: &Value) -> anyhow::Result<()> {
    for key in COUNTS {
        let count = stats[key]
            .as_str()
            .with_context(|| format!("{key} is no text: {stats}"))?;
        ensure!(
            count.parse::<u64>().is_ok(),
            "{key} is no decimal number: {count}"
        );
    }
    Ok(())
}

fn count(stats: &Value, key: &str) -> anyhow::Result<i64> {
    Ok(stats[key]
        .as_str()
        .with_context(|| format!("{key} in {stats}"))?
        .parse()?)
}

async fn stats_empty(api: &Api) -> anyhow::Result<()> {
    let answer = api.get(&format!("{SUBMISSIONS}/stats")).await?;
    is_stats(answer.data()?)?;
    same("total", &answer.data()?["total"], &json!("0"))
}

async fn stats_shape(api: &Api) -> anyhow::Result<()> {
    api.accepted(json!({})).await?;
    let answer = api.get(&format!("{SUBMISSIONS}/stats")).await?;
    let stats = answer.data()?;
    is_stats(stats)?;
    let total = count(stats, "total")?;
    for (part, percentage) in [
        ("new_count", "new_percentage"),
        ("qualified_count", "qualified_percentage"),
        ("homebuyer_count", "homebuyer_percentage"),
        ("developer_count", "developer_percentage"),
    ] {
        // rounded half up
        let wanted = (200 * count(stats, part)? + total) / (2 * total);
        same(percentage, &stats[percentage], &json!(wanted))?;
    }
    Ok(())
}

async fn stats_exact(api: &Api) -> anyhow::Result<()> {
    let path = format!("{SUBMISSIONS}/stats");
    let before = api.get(&path).await?.data()?.clone();
    let id = api
        .accepted(json!({ "buyer_category": "developer" }))
        .await?["id"]
        .clone();
    let after = api.get(&path).await?.data()?.clone();
    for key in ["total", "new_count", "developer_count", "recent_count"] {
        same(key, count(&after, key)?, count(&before, key)? + 1)?;
    }
    api.admin(
        "PUT",
        &format!("{SUBMISSIONS}/{id}/status"),
        Some(json!({ "status": "contacted" })),
    )
    .await?
    .status(200)?;
    let moved = api.get(&path).await?.data()?.clone();
    same(
        "new_count",
        count(&moved, "new_count")?,
        count(&before, "new_count")?,
    )?;
    same(
        "contacted_count",
        count(&moved, "contacted_count")?,
        count(&before, "contacted_count")? + 1,
    )?;
    api.admin("DELETE", &format!("{SUBMISSIONS}/{id}"), None)
        .await?
        .status(200)?;
    let gone = api.get(&path).await?.data()?.clone();
    for key in COUNTS {
        same(key, &gone[key], &before[key])?;
    }
    Ok(())
}
