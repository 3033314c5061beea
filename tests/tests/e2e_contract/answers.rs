//! An answer, and what may be asked of it.

use anyhow::{Context as _, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::fmt::Debug;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// What was asked, for messages and the frame.
    pub method: String,
    pub path: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// `Null` when the body is no JSON.
    pub json: Value,
}

/// Fails unless both are equal.
pub fn same<T: PartialEq + Debug>(what: &str, found: T, wanted: T) -> anyhow::Result<()> {
    ensure!(
        found == wanted,
        "{what}: found {found:?}, wanted {wanted:?}"
    );
    Ok(())
}

impl Answer {
    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Fails unless the status is this one.
    pub fn status(self, wanted: u16) -> anyhow::Result<Self> {
        self.status_in(&[wanted])
    }

    /// Fails unless the status is one of these.
    pub fn status_in(self, wanted: &[u16]) -> anyhow::Result<Self> {
        ensure!(
            wanted.contains(&self.status),
            "{} {}: status {}, wanted {wanted:?}: {}",
            self.method,
            self.path,
            self.status,
            self.start()
        );
        Ok(self)
    }

    fn start(&self) -> String {
        self.text.chars().take(300).collect()
    }

    /// A 200 or 201 with `success`, and its `data`.
    pub fn data(&self) -> anyhow::Result<&Value> {
        ensure!(
            matches!(self.status, 200 | 201),
            "{} {}: status {}: {}",
            self.method,
            self.path,
            self.status,
            self.start()
        );
        same("success", &self.json["success"], &Value::Bool(true))?;
        self.json.get("data").context("no data")
    }

    /// The rows of a list.
    pub fn rows(&self) -> anyhow::Result<&Vec<Value>> {
        self.data()?.as_array().context("data is no array")
    }

    /// Ids of the rows of a list.
    pub fn ids(&self) -> anyhow::Result<Vec<i64>> {
        self.rows()?
            .iter()
            .map(|row| row["id"].as_i64().context("a row without an id"))
            .collect()
    }

    /// Fails unless this is the error frame with this class and message, whatever its details.
    pub fn error(self, status: u16, class: &str, message: &str) -> anyhow::Result<Self> {
        let answer = self.status(status)?;
        answer.framed()?;
        same("error", &answer.json["error"], &Value::from(class))?;
        same("message", &answer.json["message"], &Value::from(message))?;
        Ok(answer)
    }

    /// Fails unless this is a validation error that one sentence tells, with `details` null.
    pub fn sentence(self, message: &str) -> anyhow::Result<()> {
        let answer = self.error(400, "Validation error", message)?;
        same("details", answer.json.get("details"), Some(&Value::Null))
    }

    /// Fails unless this is the answer to a body with these mistakes, in this order.
    pub fn mistakes(self, details: &[&str]) -> anyhow::Result<()> {
        let answer = self.error(400, "Validation error", "Validation failed")?;
        same(
            "details",
            &answer.json["details"],
            &Value::from(details.to_vec()),
        )
    }

    /// Fails unless one of the mistakes begins with the field's name.
    pub fn mistake_in(self, field: &str) -> anyhow::Result<()> {
        let answer = self.error(400, "Validation error", "Validation failed")?;
        let details = answer.json["details"]
            .as_array()
            .context("details are no array")?;
        let told = details
            .iter()
            .filter_map(Value::as_str)
            .any(|text| text.split(' ').next() == Some(field));
        ensure!(told, "no mistake about {field} in {details:?}");
        Ok(())
    }

    /// Fails unless the body is the error frame: class, time, path with query, method.
    pub fn framed(&self) -> anyhow::Result<()> {
        ensure!(
            self.header("content-type").starts_with("application/json"),
            "no JSON: {}",
            self.start()
        );
        ensure!(
            self.json["error"].is_string(),
            "no error class: {}",
            self.start()
        );
        same("path", &self.json["path"], &Value::from(self.path.as_str()))?;
        same(
            "method",
            &self.json["method"],
            &Value::from(self.method.as_str()),
        )?;
        is_time(&self.json["timestamp"]).context("timestamp")?;
        ensure!(self.json.get("stack").is_none(), "a stack trace");
        Ok(())
    }
}

/// Fails unless the value is a time as the predecessor writes it: UTC, milliseconds, `Z`.
pub fn is_time(value: &Value) -> anyhow::Result<()> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no text"))?;
    ensure!(
        text.len() == 24 && text.ends_with('Z') && text.as_bytes()[19] == b'.',
        "{text} is not YYYY-MM-DDTHH:MM:SS.mmmZ"
    );
    chrono::DateTime::parse_from_rfc3339(text)?;
    Ok(())
}

const TEXTS: &[&str] = &[
    "full_name",
    "email_address",
    "phone_number",
    "buyer_category",
    "financing_plan",
    "land_status",
    "build_budget",
    "construction_timeline",
    "status",
    "referral_source",
];
const TEXTS_OR_NULL: &[&str] = &[
    "company_name",
    "lot_address",
    "preferred_area_description",
    "project_description",
    "admin_notes",
];
const FLAGS: &[&str] = &["interested_in_preferred_lender", "needs_help_finding_land"];

/// Fails unless the value has all 22 keys of a submission, each of its type.
pub fn is_submission(value: &Value) -> anyhow::Result<()> {
    let row = value
        .as_object()
        .with_context(|| format!("{value} is no object"))?;
    let of = |key: &str| row.get(key).with_context(|| format!("no key {key}"));
    for key in TEXTS {
        ensure!(of(key)?.is_string(), "{key} is no text: {}", row[*key]);
    }
    for key in TEXTS_OR_NULL {
        ensure!(
            of(key)?.is_string() || row[*key].is_null(),
            "{key} is neither text nor null: {}",
            row[*key]
        );
    }
    for key in FLAGS {
        ensure!(
            of(key)?.is_boolean() || row[*key].is_null(),
            "{key} is neither boolean nor null: {}",
            row[*key]
        );
    }
    for key in ["user_id", "project_id"] {
        ensure!(
            of(key)?.is_i64() || row[key].is_null(),
            "{key} is neither integer nor null: {}",
            row[key]
        );
    }
    ensure!(of("id")?.is_i64(), "id is no integer");
    for key in ["created_at", "updated_at"] {
        is_time(of(key)?).with_context(|| key.to_owned())?;
    }
    for key in ["clickup_task_id", "clickup_url", "sync_state"] {
        of(key)?;
    }
    Ok(())
}

#[test]
fn a_broken_answer_would_be_seen() {
    let answer = |status, body: Value| Answer {
        method: "GET".to_owned(),
        path: "/x?y=1".to_owned(),
        status,
        headers: [(
            "content-type".parse().unwrap(),
            "application/json".parse().unwrap(),
        )]
        .into_iter()
        .collect(),
        text: body.to_string(),
        json: body,
    };
    let good = serde_json::json!({ "error": "Validation error", "timestamp": "2026-11-22T06:28:55.129Z", "path": "/x?y=1",
        "method": "GET", "message": "No", "details": null });
    answer(400, good.clone()).sentence("No").unwrap();
    assert!(answer(404, good.clone()).sentence("No").is_err());
    for (key, value) in [
        ("path", "/x"),
        ("timestamp", "2026-11-22T06:28:55Z"),
        ("message", "Other"),
        ("details", "none"),
        ("method", "PUT"),
    ] {
        let mut broken = good.clone();
        broken[key] = value.into();
        assert!(answer(400, broken).sentence("No").is_err(), "{key}");
    }
    let mut broken = good;
    broken.as_object_mut().unwrap().remove("details");
    assert!(answer(400, broken).sentence("No").is_err());
    assert!(is_submission(&serde_json::json!({ "id": 1 })).is_err());
}
