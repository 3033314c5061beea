//! The gRPC contract.

use crate::daily_counts::{projector::Projector, range::Asked, table};
use keylight_contracts::v1::{
    DayStatusCount, RebuildReply, RebuildRequest, SubmissionsPerDayReply, SubmissionsPerDayRequest,
    analytics_service_server::AnalyticsService,
};
use keylight_domain::error::DomainError;
use keylight_rpc::status::status_of;
use keylight_runtime::clock::Clock;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use tonic::{Request, Response, Status};

/// A day further ahead is a mistake of the predecessor's, and no place for a page of counts to end.
const PLAUSIBLE: chrono::Days = chrono::Days::new(366);

/// Answers the calls.
pub struct Answers {
    /// Where the read model is.
    pub pool: PgPool,
    /// Builds it anew.
    pub projector: Projector,
    /// Told after a rebuild was begun, so that it is finished whether or not the caller waits.
    pub wake: Arc<Notify>,
    /// Today, when nothing is counted yet.
    pub clock: Arc<dyn Clock>,
    /// How long a call may wait for a rebuild.
    pub patience: Duration,
    /// Whether the schema is there.
    pub migrated: watch::Receiver<bool>,
}

impl Answers {
    async fn per_day(
        &self,
        request: SubmissionsPerDayRequest,
    ) -> Result<SubmissionsPerDayReply, DomainError> {
        self.is_there()?;
        let asked = Asked::parse(&request.from, &request.to)?;
        // Read before the counts: what is counted meanwhile makes the answer newer than it says, never older.
        let as_of = table::progress(&self.pool).await?.newest;
        let newest = match (asked.from, asked.to) {
            (Some(_), Some(to)) => to,
            _ => {
                let today = self.clock.now().date_naive();
                table::newest_day(&self.pool, today + PLAUSIBLE)
                    .await?
                    .unwrap_or(today)
            }
        };
        let (from, to) = asked.resolve(newest)?;
        let counts = table::counts(&self.pool, from, to).await?;
        Ok(SubmissionsPerDayReply {
            counts: counts
                .into_iter()
                .map(|row| DayStatusCount {
                    day: row.day.format("%Y-%m-%d").to_string(),
                    status: row.status,
                    count: row.count,
                })
                .collect(),
            as_of_sequence: as_of,
        })
    }

    fn is_there(&self) -> Result<(), DomainError> {
        if *self.migrated.borrow() {
            Ok(())
        } else {
            Err(DomainError::unavailable("schema is not there yet"))
        }
    }

    async fn rebuilt(&self) -> Result<i64, DomainError> {
        self.is_there()?;
        let rebuilt = tokio::time::timeout(self.patience, self.projector.rebuild()).await;
        // also when the time was up or the log away: the counts are forgotten and must come back
        self.wake.notify_one();
        match rebuilt {
            Ok(events) => Ok(events?),
            // a long log: what is counted so far
            Err(_) => Ok(table::progress(&self.pool).await?.events),
        }
    }
}

#[tonic::async_trait]
impl AnalyticsService for Answers {
    async fn submissions_per_day(
        &self,
        request: Request<SubmissionsPerDayRequest>,
    ) -> Result<Response<SubmissionsPerDayReply>, Status> {
        self.per_day(request.into_inner())
            .await
            .map(Response::new)
            .map_err(|error| status_of(&error))
    }

    async fn rebuild(&self, _: Request<RebuildRequest>) -> Result<Response<RebuildReply>, Status> {
        match self.rebuilt().await {
            Ok(events) => Ok(Response::new(RebuildReply { events })),
            Err(error) => Err(status_of(&error)),
        }
    }
}
