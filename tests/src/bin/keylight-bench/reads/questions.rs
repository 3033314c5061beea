//! What is asked.

use crate::words;
use anyhow::{Context as _, ensure};
use serde_json::Value;
use std::ops::RangeInclusive;

/// A kind of read.
pub struct Question {
    /// For the table.
    pub name: &'static str,
    /// What is asked, over and over.
    pub samples: Vec<String>,
    /// Instead of the samples (there is one, of the range's end), any id of these.
    pub any_id: Option<RangeInclusive<i64>>,
    /// Fails when an answer to a sample is not what the question is about.
    pub sound: fn(&Value) -> anyhow::Result<()>,
}

impl Question {
    /// The path of some request.
    pub fn path(&self, number: u64) -> String {
        match &self.any_id {
            None => self.samples[(number % self.samples.len() as u64) as usize].clone(),
            Some(ids) => {
                let many = (ids.end() - ids.start() + 1).unsigned_abs();
                let id = ids.start() + i64::try_from(words::scatter(number) % many).unwrap_or(0);
                format!("{SUBMISSIONS}/{id}")
            }
        }
    }
}

const SUBMISSIONS: &str = "/api/submissions";
const SAMPLES: u64 = 20;

/// Everything that is measured, on submissions with these ids.
pub fn all(ids: &RangeInclusive<i64>) -> Vec<Question> {
    let pages = (ids.end() - ids.start() + 1) / 20;
    let list = |name, paths: Vec<String>| Question {
        name,
        samples: paths
            .iter()
            .map(|path| format!("{SUBMISSIONS}{path}"))
            .collect(),
        any_id: None,
        sound: has_rows,
    };
    let numbers = || (0..SAMPLES).map(words::scatter);
    vec![
        list("list, first page", vec![String::new()]),
        list(
            "list, one status",
            ["new", "reviewed", "qualified", "disqualified", "contacted"]
                .map(|status| format!("?status={status}"))
                .to_vec(),
        ),
        list(
            "list, deep page",
            numbers()
                .map(|n| {
                    format!(
                        "?page={}",
                        pages / 2 + i64::try_from(n % 1000).unwrap_or(0) * pages / 2100
                    )
                })
                .collect(),
        ),
        Question {
            name: "stats",
            samples: vec![format!("{SUBMISSIONS}/stats")],
            any_id: None,
            sound: |answer| {
                let total = answer["data"]["total"].as_str().context("no total")?;
                ensure!(total.parse::<i64>()? > 0, "nothing is counted");
                Ok(())
            },
        },
        list(
            "search, rare",
            numbers()
                .map(|n| format!("/search?q={}", words::name(n).replace(' ', "%20")))
                .collect(),
        ),
        list(
            "search, common",
            words::COMMON
                .iter()
                .map(|word| format!("/search?q={word}"))
                .collect(),
        ),
        Question {
            name: "by id",
            samples: vec![format!("{SUBMISSIONS}/{}", ids.end())],
            any_id: Some(ids.clone()),
            sound: |answer| {
                ensure!(answer["data"]["id"].is_i64(), "no submission");
                Ok(())
            },
        },
    ]
}

fn has_rows(answer: &Value) -> anyhow::Result<()> {
    let rows = answer["data"].as_array().context("no list")?;
    ensure!(!rows.is_empty(), "the list is empty");
    Ok(())
}
