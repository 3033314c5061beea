//! Applications that differ in every choice, and the task that each must become.

use crate::simulator::Task;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

const BUDGETS: [(&str, &str); 5] = [
    ("200k_250k", "$200k–250k"),
    ("250k_350k", "$250k–350k"),
    ("350k_400k", "$350k–400k"),
    ("400k_500k", "$400k–500k"),
    ("500k_plus", "$500k+"),
];
const TIMELINES: [(&str, &str); 4] = [
    ("less_than_3_months", "Less than 3 months"),
    ("3_to_6_months", "3–6 months"),
    ("6_to_12_months", "6–12 months"),
    ("more_than_12_months", "More than 12 months"),
];
const LANDS: [(&str, &str); 2] = [("own_land", "Owns land"), ("need_land", "Needs land")];
const CATEGORIES: [(&str, &str); 2] = [("homebuyer", "Home buyer"), ("developer", "Developer")];

/// An application, the `n`th of this run: e-mail addresses are never used twice, and neighbours differ in their choices.
#[must_use]
pub fn next() -> Value {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    application(COUNT.fetch_add(1, Ordering::Relaxed))
}

fn application(n: usize) -> Value {
    let run = std::process::id();
    json!({
        "full_name": format!("Ada Probe {n}"),
        "email_address": format!("ada.{run}.{n}@example.com"),
        "phone_number": format!("555-{:03}-{:04}", n / 10_000 % 1000, n % 10_000),
        "company_name": if n.is_multiple_of(3) { json!(format!("Probe Homes {n}")) } else { Value::Null },
        "buyer_category": CATEGORIES[n / 2 % 2].0,
        "financing_plan": if n.is_multiple_of(2) { "self_funding" } else { "finance_build" },
        "interested_in_preferred_lender": n.is_multiple_of(2),
        "land_status": LANDS[n % 2].0,
        "lot_address": if n.is_multiple_of(2) { json!(format!("{n} Elm Street")) } else { Value::Null },
        "needs_help_finding_land": !n.is_multiple_of(2),
        "preferred_area_description": if n.is_multiple_of(2) { Value::Null } else { json!("Near the lake") },
        "build_budget": BUDGETS[n % 5].0,
        "construction_timeline": TIMELINES[n % 4].0,
        "project_description": format!("House number {n}: *three* rooms & a <porch>, “quoted”."),
    })
}

/// What differs between a task and the submission it stands for; empty if nothing does.
#[must_use]
pub fn differences(submission: &Value, task: &Task) -> Vec<String> {
    let text = |key: &str| submission[key].as_str().unwrap_or_default();
    let shown = |names: &[(&str, &str)], value: &str| {
        names
            .iter()
            .find(|(ours, _)| *ours == value)
            .map(|(_, theirs)| (*theirs).to_owned())
    };
    let mut found = Vec::new();
    let mut compare = |what: &str, expected: Option<String>, actual: Option<String>| {
        if expected != actual {
            found.push(format!(
                "{what}: expected {expected:?}, the task has {actual:?}"
            ));
        }
    };
    let category = shown(&CATEGORIES, text("buyer_category"));
    let name = format!(
        "{} · {}",
        text("full_name"),
        category.clone().unwrap_or_default()
    );
    compare("name", Some(name), Some(task.name.clone()));
    compare(
        "status",
        Some(text("status").to_owned()),
        Some(task.status.clone()),
    );
    let urgent = text("construction_timeline") == "less_than_3_months";
    compare(
        "priority",
        Some(if urgent { "2" } else { "3" }.to_owned()),
        task.priority.map(|p| p.to_string()),
    );
    compare(
        "Budget",
        shown(&BUDGETS, text("build_budget")),
        task.field("Budget"),
    );
    compare(
        "Timeline",
        shown(&TIMELINES, text("construction_timeline")),
        task.field("Timeline"),
    );
    compare(
        "Land",
        shown(&LANDS, text("land_status")),
        task.field("Land"),
    );
    compare("Category", category, task.field("Category"));
    compare(
        "task id",
        Some(text("clickup_task_id").to_owned()),
        Some(task.id.clone()),
    );
    compare(
        "sync state",
        Some("synced".to_owned()),
        Some(text("sync_state").to_owned()),
    );
    let shown = words(&task.description);
    for part in ["project_description", "email_address", "phone_number"] {
        if !shown.contains(&words(text(part))) {
            found.push(format!(
                "the description lacks the {part}: {}",
                task.description
            ));
        }
    }
    if !text("clickup_url").contains(&task.id) {
        found.push(format!(
            "clickup_url {} does not lead to task {}",
            text("clickup_url"),
            task.id
        ));
    }
    found
}

/// A text without what ClickUp and markdown do to its appearance.
fn words(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|character| !"\\*_`~#>|[]".contains(*character))
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
