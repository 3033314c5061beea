//! Management of our webhooks. Only those made by this token's user are seen.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::lenient;
use crate::model::webhook::Webhook;
use crate::transport::{Answer, ClickUp};

/// Where a webhook listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole workspace.
    Workspace,
    /// One space.
    Space(String),
    /// One list.
    List(String),
}

/// A webhook to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// Where to deliver to, with its scheme.
    pub endpoint: String,
    /// Names of events.
    pub events: Vec<String>,
    /// Where it listens.
    pub scope: Scope,
}

#[derive(Serialize)]
struct NewWebhookBody<'a> {
    endpoint: &'a str,
    events: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    space_id: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list_id: Option<serde_json::Value>,
}

/// Spaces and lists are numbers in this call; an id that is none goes as it is.
fn number_or_text(id: &str) -> serde_json::Value {
    id.parse::<i64>()
        .map_or_else(|_| json!(id), |number| json!(number))
}

#[derive(Deserialize)]
struct WebhookBody {
    webhook: Webhook,
}

#[derive(Deserialize)]
struct WebhooksBody {
    #[serde(default, deserialize_with = "lenient::skipping")]
    webhooks: Vec<Webhook>,
}

impl ClickUp {
    /// The webhooks of this token's user in a workspace, with their health and secrets (`O:GetWebhooks`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn webhooks(&self, team: &str) -> Result<Answer<Vec<Webhook>>, ClickUpError> {
        let ids = [team];
        let call = Call::new(Method::GET, "GET /v2/team/{team}/webhook", &ids);
        Ok(self
            .read::<WebhooksBody>(call)
            .await?
            .map(|body| body.webhooks))
    }

    /// Makes a webhook (`O:CreateWebhook`). Its secret is new each time.
    ///
    /// # Errors
    /// See [`ClickUpError`]; [`AlreadyExists`](crate::Class::AlreadyExists) when the same one is there: list and reuse it.
    pub async fn create_webhook(
        &self,
        team: &str,
        new: &NewWebhook,
    ) -> Result<Answer<Webhook>, ClickUpError> {
        let ids = [team];
        let body = NewWebhookBody {
            endpoint: &new.endpoint,
            events: &new.events,
            space_id: match &new.scope {
                Scope::Space(id) => Some(number_or_text(id)),
                _ => None,
            },
            list_id: match &new.scope {
                Scope::List(id) => Some(number_or_text(id)),
                _ => None,
            },
        };
        let call = Call::new(Method::POST, "POST /v2/team/{team}/webhook", &ids).json(&body)?;
        Ok(self
            .read::<WebhookBody>(call)
            .await?
            .map(|body| body.webhook))
    }

    /// Gives a webhook its events and endpoint anew and wakes it up if it was suspended (`O:UpdateWebhook`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn activate_webhook(
        &self,
        webhook: &str,
        endpoint: &str,
        events: &[String],
    ) -> Result<Answer<Webhook>, ClickUpError> {
        let ids = [webhook];
        let call = Call::new(Method::PUT, "PUT /v2/webhook/{webhook}", &ids)
            .json(&json!({ "endpoint": endpoint, "events": events, "status": "active" }))?;
        Ok(self
            .read::<WebhookBody>(call)
            .await?
            .map(|body| body.webhook))
    }

    /// Deletes a webhook (`O:DeleteWebhook`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn delete_webhook(&self, webhook: &str) -> Result<Answer<()>, ClickUpError> {
        self.run(Call::new(
            Method::DELETE,
            "DELETE /v2/webhook/{webhook}",
            &[webhook],
        ))
        .await
    }
}
