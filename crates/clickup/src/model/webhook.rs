//! Webhooks as ClickUp keeps them.

use secrecy::SecretString;
use serde::Deserialize;

use super::lenient;

/// Whether ClickUp still delivers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Health {
    /// `active`, `failing` or `suspended`.
    #[serde(default)]
    pub status: String,
    /// Events that were given up since the last success; at 100 the webhook is suspended.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub fail_count: Option<i64>,
}

/// A webhook of this token's user. The API's `client_id` is not read: it may be the token itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Webhook {
    /// UUID.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Where it delivers to.
    #[serde(default)]
    pub endpoint: String,
    /// What it is subscribed to; `*` alone stands for everything.
    #[serde(default, deserialize_with = "events")]
    pub events: Vec<String>,
    /// The list that it is limited to.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub list_id: Option<String>,
    /// The folder that it is limited to.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub folder_id: Option<String>,
    /// The space that it is limited to.
    #[serde(default, deserialize_with = "lenient::opt_id")]
    pub space_id: Option<String>,
    /// Whether it still delivers.
    #[serde(default, deserialize_with = "lenient::or_none")]
    pub health: Option<Health>,
    /// The key of its signatures.
    #[serde(default)]
    pub secret: Option<SecretString>,
}

impl Webhook {
    /// Whether ClickUp delivers: `failing` still does, it only had failures lately.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.health
            .as_ref()
            .is_some_and(|health| health.status == "suspended")
    }
}

fn events<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    use serde_json::Value;
    Ok(match Value::deserialize(input)? {
        Value::Array(values) => values
            .into_iter()
            .filter_map(|value| value.as_str().map(ToOwned::to_owned))
            .collect(),
        Value::String(all) => vec![all],
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn neither_secret_nor_credential_is_shown() {
        let webhook: Webhook = serde_json::from_str(
            r#"{"id":"w-1","userid":183,"team_id":108,"endpoint":"https://x.example/h","client_id":"pk_1_HIDDEN",
                "events":"*","task_id":null,"list_id":901,"health":{"status":"suspended","fail_count":"100"},
                "secret":"HIDDEN"}"#,
        )
        .unwrap();
        assert!(!format!("{webhook:?}").contains("HIDDEN"));
        assert!(webhook.is_suspended());
        assert_eq!(
            (webhook.list_id.as_deref(), webhook.events.as_slice()),
            (Some("901"), &["*".to_owned()][..])
        );
    }
}
