//! What staff see on the console's first page.

use super::PATIENCE;
use crate::{System, applications};
use keylight_testkit::wait::wait_until;
use reqwest::StatusCode;

/// Counts by day and status, which analytics makes of the event log, follow what happens.
pub async fn the_counts_follow(system: &mut System) {
    let mut last = 0;
    for _ in 0..5 {
        last = system.web.submit(&applications::next()).await;
    }
    wait_for_counts(system, [5, 0, 0, 0, 0]).await;
    let answer = system.web.put_status(last, "reviewed").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    wait_for_counts(system, [4, 1, 0, 0, 0]).await;
}

/// Waits for today's row: new, reviewed, qualified, disqualified, contacted.
async fn wait_for_counts(system: &System, counts: [u32; 5]) {
    let cell = |count: &u32| format!("<td class=\"number\">{count}</td>");
    let row: String = counts.iter().map(cell).collect();
    let (web, row) = (&system.web, row.as_str());
    wait_until(
        &format!("the console counts {counts:?}"),
        PATIENCE,
        || async move {
            let page = web.console().await;
            if page.contains(row) {
                return Ok(());
            }
            let from = page.find("By day and status").unwrap_or_default();
            Err(page[from..].chars().take(1500).collect())
        },
    )
    .await;
}
