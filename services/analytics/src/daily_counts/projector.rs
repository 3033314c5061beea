//! Reads the event log on from the stored position and counts it in.

use super::{
    fold::Deltas,
    table::{self, Position, Step},
};
use keylight_contracts::{
    time,
    v1::{Event, EventPosition, ListEventsRequest, entity_service_client::EntityServiceClient},
};
use keylight_domain::error::DomainError;
use keylight_rpc::{client::Channel, status::error_of};
use keylight_runtime::clock::Clock;
use keylight_store::StoreError;
use sqlx::PgPool;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Events that are asked for at once.
pub const PAGE: i32 = 2000;
/// A page of events may be larger than gRPC's usual 4 MiB when reasons in it are long.
const LARGEST_PAGE: usize = 32 << 20;

/// Keeps the read model up to date. Clones share the connections; any number may work at once.
#[derive(Clone)]
pub struct Projector {
    pool: PgPool,
    entity: EntityServiceClient<Channel>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
}

/// Why the read model could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The event log could not be read.
    #[error("event log could not be read: {}", .0.cause.as_deref().unwrap_or(&.0.message))]
    Log(DomainError),
    /// The event log broke its promise.
    #[error("event log went backwards or has no position")]
    Order,
    /// The counts could not be stored.
    #[error("counts could not be stored")]
    Store(#[from] StoreError),
}

impl From<ProjectionError> for DomainError {
    fn from(error: ProjectionError) -> Self {
        match error {
            ProjectionError::Log(error) => error,
            ProjectionError::Order => DomainError::internal(error.to_string()),
            ProjectionError::Store(error) => error.into(),
        }
    }
}

impl Projector {
    /// A projector that reads through `entity` and counts into `pool`.
    #[must_use]
    pub fn new(
        pool: PgPool,
        entity: Channel,
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            pool,
            entity: EntityServiceClient::new(entity).max_decoding_message_size(LARGEST_PAGE),
            clock,
            stopping,
        }
    }

    /// Counts in what the event log holds beyond the position, page by page. Ends early when the process stops.
    ///
    /// # Errors
    /// When log or database do not answer. What was counted until then stays counted.
    pub async fn catch_up(&self) -> Result<(), ProjectionError> {
        while !self.stopping.is_cancelled() {
            let from = table::progress(&self.pool).await?.position;
            let events = self.read(from).await?;
            let Some(step) = self.step(from, &events)? else {
                return Ok(());
            };
            let last_page = events.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            // false: another projector was faster, and its position tells where to go on
            let moved = table::advance(&self.pool, step).await?;
            if moved {
                self.tell(&events);
            }
            if moved && last_page {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn read(&self, after: Position) -> Result<Vec<Event>, ProjectionError> {
        let request = ListEventsRequest {
            after: Some(EventPosition {
                transaction: u64::try_from(after.transaction)
                    .map_err(|_| ProjectionError::Order)?,
                sequence: after.sequence,
            }),
            limit: PAGE,
        };
        let reply = self.entity.clone().list_events(request).await;
        Ok(reply
            .map_err(|status| ProjectionError::Log(error_of(&status)))?
            .into_inner()
            .events)
    }

    /// What the events come to; `None` when there are none.
    fn step(&self, from: Position, events: &[Event]) -> Result<Option<Step>, ProjectionError> {
        let mut deltas = Deltas::default();
        let (mut to, mut newest) = (from, from.sequence);
        for event in events {
            let position = event.position.as_ref().ok_or(ProjectionError::Order)?;
            let position = Position {
                transaction: i64::try_from(position.transaction)
                    .map_err(|_| ProjectionError::Order)?,
                sequence: position.sequence,
            };
            // a log that repeats itself would be counted twice, and read for ever
            if position <= to {
                return Err(ProjectionError::Order);
            }
            to = position;
            newest = newest.max(position.sequence);
            if let Err(error) = deltas.add(&event.r#type, &event.data) {
                // one event that no version of ours can read must not hold up all later ones
                metrics::counter!("keylight_projection_unreadable_total").increment(1);
                tracing::error!(event.id = event.id, %error, "event is left out of the counts");
            }
        }
        Ok((!events.is_empty()).then(|| Step {
            from,
            to,
            newest,
            events: i64::try_from(events.len()).unwrap_or(i64::MAX),
            deltas,
        }))
    }

    fn tell(&self, events: &[Event]) {
        metrics::counter!("keylight_projection_events_total").increment(events.len() as u64);
        let newest = events
            .last()
            .and_then(|event| event.time.as_ref())
            .and_then(time::from_wire);
        if let Some(newest) = newest {
            let lag = (self.clock.now() - newest).to_std().unwrap_or_default();
            metrics::gauge!("keylight_projection_lag_seconds").set(lag.as_secs_f64());
        }
    }

    /// Forgets the read model and builds it again, for as long as the caller waits; the projector's task does the rest.
    /// Returns the number of events that are counted in when it ends.
    ///
    /// # Errors
    /// When log or database do not answer. When the log does not answer at the beginning, nothing is forgotten.
    pub async fn rebuild(&self) -> Result<i64, ProjectionError> {
        // while the log is away, the counts that there are serve people better than none
        self.read(Position::default()).await?;
        table::forget(&self.pool).await?;
        tracing::info!("read model is built again from the event log");
        self.catch_up().await?;
        Ok(table::progress(&self.pool).await?.events)
    }
}
