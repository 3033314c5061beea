//! The log as the gRPC contract gives it.

use super::{Filter, Logged, Position, lane_name, page};
use chrono::{DateTime, Utc};
use keylight_contracts::{
    time::{from_wire, to_wire},
    v1,
};
use keylight_domain::{error::DomainError, sync::budget::Lane};
use sqlx::PgPool;

const DEFAULT_SIZE: i32 = 50;
const LARGEST_SIZE: i32 = 100;

fn time(
    given: Option<prost_types::Timestamp>,
    name: &str,
) -> Result<Option<DateTime<Utc>>, DomainError> {
    given
        .map(|time| {
            from_wire(&time).ok_or_else(|| DomainError::invalid(format!("{name} is no time")))
        })
        .transpose()
}

fn call(entry: Logged) -> v1::ApiCall {
    v1::ApiCall {
        id: entry.id,
        at: Some(to_wire(entry.at)),
        route: entry.route,
        submission_id: entry.submission_id,
        lane: entry
            .lane
            .map(|number| lane_name(Lane::of_number(number)).to_owned())
            .unwrap_or_default(),
        outcome: entry.outcome,
        ecode: entry.ecode,
        status: entry.status,
        millis: entry.millis,
        remaining: entry.remaining,
        call_limit: entry.call_limit,
        correlation_id: entry.correlation_id,
    }
}

/// A page of the log.
///
/// # Errors
/// For times, sizes and places that are none, and when the database is away.
pub async fn answer(
    pool: &PgPool,
    request: v1::ListApiCallsRequest,
) -> Result<v1::ListApiCallsReply, DomainError> {
    let size = match request.size {
        0 => DEFAULT_SIZE,
        size @ 1..=LARGEST_SIZE => size,
        _ => return Err(DomainError::invalid("size must be from 1 to 100")),
    };
    let after = match request.after.as_str() {
        "" => None,
        text => Some(
            Position::parse(text)
                .ok_or_else(|| DomainError::invalid("after is not the next of a page"))?,
        ),
    };
    let filter = Filter {
        submission_id: request.submission_id,
        correlation_id: request.correlation_id,
        outcome: request.outcome,
        failed: request.failed,
        from: time(request.from, "from")?,
        until: time(request.until, "until")?,
    };
    // one more tells whether there is another page
    let mut entries = page(pool, &filter, after, i64::from(size) + 1).await?;
    let fits = usize::try_from(size).unwrap_or(usize::MAX);
    let more = entries.len() > fits;
    entries.truncate(fits);
    let next = entries
        .last()
        .filter(|_| more)
        .map(|last| Position::of(last).to_text())
        .unwrap_or_default();
    Ok(v1::ListApiCallsReply {
        calls: entries.into_iter().map(call).collect(),
        next,
    })
}
