//! Keeps exactly one webhook of ours at ClickUp, awake and with a secret that we know.

use super::Chore;
use crate::{
    remote::{CallError, Remote, Subject, Surroundings},
    webhooks::row::{self, Seen},
};
use chrono::{DateTime, Utc};
use keylight_clickup::{Class, NewWebhook, Scope, Webhook};
use keylight_domain::sync::budget::Lane;
use keylight_runtime::clock::Clock;
use keylight_store::{error::StoreError, sealed::Keyring};
use sqlx::PgPool;
use std::sync::Arc;
use url::Url;

/// Our name for the webhook of the intake list: the last part of its path.
pub const WEBHOOK_NAME: &str = "intake";

/// Every change of a task comes as `taskUpdated` too, so the special events would only double the traffic.
const EVENTS: [&str; 6] = [
    "taskCreated",
    "taskUpdated",
    "taskDeleted",
    "taskMoved",
    "listUpdated",
    "listDeleted",
];

/// The chore.
pub struct WebhookKeeper {
    /// The database.
    pub pool: PgPool,
    /// Keys for the secret.
    pub keyring: Keyring,
    /// ClickUp.
    pub remote: Arc<Remote>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where ClickUp finds our gateway.
    pub endpoint: Url,
}

impl WebhookKeeper {
    fn events() -> Vec<String> {
        EVENTS.map(ToOwned::to_owned).to_vec()
    }

    fn is_ours(&self, webhook: &Webhook) -> bool {
        Url::parse(&webhook.endpoint).is_ok_and(|endpoint| endpoint == self.endpoint)
    }

    /// All that our lists tell: one list by itself, several by the whole workspace, since ClickUp takes an endpoint once.
    fn scope(&self, known: &Surroundings) -> Scope {
        let mut lists = known.mapping.lists().filter(|(_, list)| !list.gone);
        match (lists.next(), lists.next()) {
            (Some(_), Some(_)) => Scope::Workspace,
            (Some((list, _)), None) => Scope::List(list.to_owned()),
            (None, _) => Scope::List(self.remote.account.list_id.clone()),
        }
    }

    fn is_right(webhook: &Webhook, scope: &Scope) -> bool {
        let mut events: Vec<&str> = webhook.events.iter().map(String::as_str).collect();
        events.sort_unstable();
        let mut wanted = EVENTS;
        wanted.sort_unstable();
        let list = webhook.list_id.as_deref();
        events == wanted
            && match scope {
                Scope::List(wanted) => list.is_none_or(|list| list == wanted),
                _ => list.is_none(),
            }
    }

    async fn store(&self, webhook: &Webhook) -> Result<(), StoreError> {
        let health = webhook.health.as_ref();
        let fail_count = health.and_then(|health| health.fail_count).unwrap_or(0);
        let seen = Seen {
            webhook_id: &webhook.id,
            endpoint: self.endpoint.as_str(),
            secret: webhook.secret.as_ref(),
            health: health.map_or("active", |health| health.status.as_str()),
            fail_count,
            checked_at: self.clock.now(),
        };
        row::store(&self.pool, &self.keyring, WEBHOOK_NAME, &seen).await?;
        metrics::gauge!("keylight_clickup_webhook_fail_count")
            .set(f64::from(u32::try_from(fail_count).unwrap_or(u32::MAX)));
        Ok(())
    }

    async fn create(&self, team: &str, scope: Scope) -> Result<Option<Webhook>, CallError> {
        let new = NewWebhook {
            endpoint: self.endpoint.to_string(),
            events: Self::events(),
            scope,
        };
        let call = self.remote.client.create_webhook(team, &new);
        match self
            .remote
            .call(Lane::Interactive, Subject::none(), call)
            .await
        {
            Ok(webhook) => {
                tracing::info!(
                    webhook_id = webhook.id,
                    "webhook is registered with clickup"
                );
                Ok(Some(webhook))
            }
            // made meanwhile, or by a call whose answer was lost: the next round finds it in the list
            Err(CallError::Failed(error)) if error.class == Class::AlreadyExists => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, webhook: &Webhook) -> Result<(), CallError> {
        let call = self.remote.client.delete_webhook(&webhook.id);
        match self.remote.call(Lane::Normal, Subject::none(), call).await {
            Err(CallError::Failed(error))
                if matches!(error.class, Class::Gone | Class::Forbidden) =>
            {
                Ok(())
            }
            other => other,
        }
    }
}

impl Chore for WebhookKeeper {
    const NAME: &'static str = "webhook";

    async fn round(&self, _began_at: DateTime<Utc>, position: i64) -> anyhow::Result<(i64, bool)> {
        let known = self.remote.surroundings().await?;
        let team = known.team_id.as_str();
        let scope = self.scope(&known);
        let stored = row::stored(&self.pool, WEBHOOK_NAME).await?;
        let call = self.remote.client.webhooks(team);
        let listed = self
            .remote
            .call(Lane::Interactive, Subject::none(), call)
            .await?;
        let (mut ours, mut surplus): (Vec<Webhook>, Vec<Webhook>) = listed
            .into_iter()
            .filter(|webhook| self.is_ours(webhook))
            .partition(|webhook| Self::is_right(webhook, &scope));
        // the one that is stored stays, if it is right; a second one would double every delivery
        if let Some(stored) = &stored {
            ours.sort_by_key(|webhook| Some(&webhook.id) != stored.webhook_id.as_ref());
        }
        let keep = if ours.is_empty() {
            None
        } else {
            Some(ours.remove(0))
        };
        surplus.extend(ours);
        // a secret that neither the list nor our row has cannot be had any more: begin again
        let lost_secret = keep.as_ref().is_some_and(|webhook| {
            let has = stored.as_ref().is_some_and(|stored| {
                stored.has_secret && stored.webhook_id.as_deref() == Some(webhook.id.as_str())
            });
            webhook.secret.is_none() && !has
        });
        let keep = match keep {
            Some(webhook) if lost_secret => {
                surplus.push(webhook);
                None
            }
            other => other,
        };
        for webhook in &surplus {
            self.delete(webhook).await?;
        }
        let webhook = match keep {
            Some(webhook) if webhook.is_suspended() => {
                tracing::warn!(
                    webhook_id = webhook.id,
                    "clickup had suspended the webhook, it is woken up"
                );
                metrics::counter!("keylight_clickup_webhook_reactivations_total").increment(1);
                let events = Self::events();
                let call = self.remote.client.activate_webhook(
                    &webhook.id,
                    self.endpoint.as_str(),
                    &events,
                );
                Some(
                    self.remote
                        .call(Lane::Interactive, Subject::none(), call)
                        .await?,
                )
            }
            Some(webhook) => Some(webhook),
            None => self.create(team, scope).await?,
        };
        let Some(webhook) = webhook else {
            return Ok((position, false));
        };
        self.store(&webhook).await?;
        Ok((position, true))
    }

    fn retry_after(&self) -> std::time::Duration {
        std::time::Duration::from_secs(2)
    }
}
