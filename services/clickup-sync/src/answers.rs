//! The gRPC contract.

use crate::{account::Current, remote::call_log, webhooks::row};
use chrono::{DateTime, Utc};
use keylight_contracts::{
    time::to_wire,
    v1::{self, sync_service_server::SyncService},
};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use keylight_store::{error::StoreError, sealed::Keyring};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

/// Counting stops here: nobody needs to know more exactly how long a very long queue is.
const COUNT_UP_TO: i64 = 100_000;

/// Answers other services. Cheap to clone.
#[derive(Clone)]
pub struct Answers {
    /// The database.
    pub pool: PgPool,
    /// Keys for secrets.
    pub keyring: Keyring,
    /// ClickUp, if there is an account.
    pub current: Current,
}

fn failed(error: impl Into<StoreError>) -> Status {
    status_of(&DomainError::from(error.into()))
}

fn wire(time: Option<DateTime<Utc>>) -> Option<prost_types::Timestamp> {
    time.map(to_wire)
}

impl Answers {
    /// How the link of a submission stands.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn link(&self, id: i64) -> Result<v1::Link, Status> {
        let row = sqlx::query!(
            r#"SELECT task_id, task_url, state, attempts, error_class, error_text, due_at, synced_at, blocked
                 FROM sync.links WHERE submission_id = $1"#,
            id
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(failed)?;
        let Some(row) = row else {
            return Ok(v1::Link {
                submission_id: id,
                ..v1::Link::default()
            });
        };
        let error = row
            .error_class
            .zip(row.error_text)
            .map(|(class, text)| format!("{class}: {text}"));
        let blocked = (!row.blocked.is_empty())
            .then(|| format!("no place in clickup for {}", row.blocked.join(", ")));
        Ok(v1::Link {
            found: true,
            submission_id: id,
            task_id: row.task_id,
            task_url: row.task_url,
            state: row.state,
            attempts: row.attempts,
            last_error: error.or(blocked),
            next_attempt_at: wire(row.due_at),
            synced_at: wire(row.synced_at),
        })
    }

    /// How much waits, and how much of the rate budget is left.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn status(&self) -> Result<v1::SyncStatus, Status> {
        let row = sqlx::query!(
            r#"SELECT
                 (SELECT count(*) FROM (SELECT 1 FROM sync.links LIMIT $1) l) AS "links!",
                 (SELECT count(*) FROM (SELECT 1 FROM sync.links WHERE due_at IS NOT NULL LIMIT $1) d) AS "backlog!",
                 (SELECT count(*) FROM (SELECT 1 FROM sync.links WHERE state = 'failed' LIMIT $1) f) AS "failed!",
                 (SELECT min(oldest) FROM unnest(ARRAY[0, 1, 2]::smallint[]) AS lanes (lane),
                    LATERAL (SELECT min(due_at) AS oldest FROM sync.links c WHERE c.lane = lanes.lane AND due_at IS NOT NULL) o)
                    AS oldest,
                 (SELECT health FROM sync.webhooks ORDER BY name LIMIT 1) AS health,
                 (SELECT last_run_at FROM sync.chores WHERE name = 'sweep') AS swept_at"#,
            COUNT_UP_TO,
        )
        .fetch_one(&self.pool)
        .await
        .map_err(failed)?;
        let window = self
            .current
            .get()
            .and_then(|working| working.remote.window());
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        Ok(v1::SyncStatus {
            links: row.links,
            backlog: row.backlog,
            failed: row.failed,
            oldest_due_at: wire(row.oldest),
            budget_limit: window.as_ref().map_or(0, |window| number(window.limit)),
            budget_used: window.as_ref().map_or(0, |window| number(window.used)),
            budget_resets_at: wire(window.map(|window| window.ends_at)),
            webhook_health: row.health.unwrap_or_else(|| "missing".to_owned()),
            last_sweep_at: wire(row.swept_at),
        })
    }
}

#[tonic::async_trait]
impl SyncService for Answers {
    async fn get_webhook(
        &self,
        request: Request<v1::GetWebhookRequest>,
    ) -> Result<Response<v1::GetWebhookReply>, Status> {
        let name = request.into_inner().name;
        let known = row::secrets(&self.pool, &self.keyring, &name)
            .await
            .map_err(failed)?;
        let reply = known.map_or_else(v1::GetWebhookReply::default, |(webhook_id, secrets)| {
            let secrets = secrets
                .iter()
                .map(|secret| secret.expose_secret().to_owned());
            v1::GetWebhookReply {
                found: true,
                webhook_id,
                secrets: secrets.collect(),
            }
        });
        Ok(Response::new(reply))
    }

    async fn get_link(
        &self,
        request: Request<v1::GetLinkRequest>,
    ) -> Result<Response<v1::Link>, Status> {
        let id = request.into_inner().submission_id;
        Ok(Response::new(self.link(id).await?))
    }

    async fn get_sync_status(
        &self,
        _request: Request<v1::GetSyncStatusRequest>,
    ) -> Result<Response<v1::SyncStatus>, Status> {
        Ok(Response::new(self.status().await?))
    }

    async fn list_api_calls(
        &self,
        request: Request<v1::ListApiCallsRequest>,
    ) -> Result<Response<v1::ListApiCallsReply>, Status> {
        call_log::answer(&self.pool, request.into_inner())
            .await
            .map(Response::new)
            .map_err(|error| status_of(&error))
    }
}
