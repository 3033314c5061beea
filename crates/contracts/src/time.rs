//! Times on the wire.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;

/// A time as protobuf carries it.
#[must_use]
pub fn to_wire(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        // below 2 000 000 000 also in a leap second, so it always fits
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

/// The time of a protobuf timestamp; `None` when it is outside the calendar.
#[must_use]
pub fn from_wire(time: &Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?)
}
