//! Statuses of a list.

use serde::Deserialize;

use super::lenient;

/// What a status means to ClickUp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusKind {
    /// The first one, given to new tasks.
    Open,
    /// Any active one in between.
    Custom,
    /// Done, but still shown.
    Done,
    /// The last one; its tasks are left out of lists unless asked for.
    Closed,
    /// A kind that is newer than this client.
    Other,
}

/// A status, as a list defines it and as a task carries it. Known by its name; ids are often missing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// What a move to another list names it by; often missing.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub id: Option<String>,
    /// The exact text, to be sent back as it is.
    #[serde(rename = "status")]
    pub name: String,
    /// Place in the list.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub orderindex: Option<i64>,
    /// What it means.
    #[serde(default, rename = "type", deserialize_with = "kind")]
    pub kind: Option<StatusKind>,
}

fn kind<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<StatusKind>, D::Error> {
    Ok(lenient::opt_text(input)?.map(|text| match text.as_str() {
        "open" => StatusKind::Open,
        "custom" => StatusKind::Custom,
        "done" => StatusKind::Done,
        "closed" => StatusKind::Closed,
        _ => StatusKind::Other,
    }))
}
