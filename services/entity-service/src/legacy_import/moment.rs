//! The predecessor's times, as PostgreSQL writes them in UTC: more of them are possible than a calendar here can hold.

use chrono::{DateTime, NaiveDate, Utc};

/// From this year on times are shown as unknown everywhere.
const FIRST_UNSHOWN: i32 = 200_000;

/// A time in the predecessor's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before or after everything.
    Infinite,
    /// In a year so late that it is not shown: see `submissions::row`.
    Beyond,
    /// At a moment.
    At(DateTime<Utc>),
}

/// Reads `2025-08-18 19:45:43.123456+00`, with ` BC` behind it for years before the first.
pub(super) fn read(text: &str) -> Moment {
    if text == "infinity" || text == "-infinity" {
        return Moment::Infinite;
    }
    parse(text).map_or(Moment::Beyond, Moment::At)
}

fn parse(text: &str) -> Option<DateTime<Utc>> {
    let (text, before_christ) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (date, time) = text.split_once(' ')?;
    let mut parts = date.splitn(3, '-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month: u32 = parts.next()?.parse().ok()?;
    let day: u32 = parts.next()?.parse().ok()?;
    if year >= FIRST_UNSHOWN {
        return None;
    }
    // the year before 1 is 1 BC, which calendars that count through call 0
    let year = if before_christ { 1 - year } else { year };
    let time = time.strip_suffix("+00")?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.splitn(3, ':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let minute: u32 = parts.next()?.parse().ok()?;
    let second: u32 = parts.next()?.parse().ok()?;
    let micros: u32 = format!("{fraction:0<6}").parse().ok()?;
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    Some(
        date.and_hms_micro_opt(hour, minute, second, micros)?
            .and_utc(),
    )
}

/// The calendar day (UTC) under which the row is counted: rows without a usable time share one.
pub(super) fn counted_on(created_at: Option<&str>) -> NaiveDate {
    match created_at.map(read) {
        Some(Moment::At(at)) => at.date_naive(),
        _ => DateTime::<Utc>::default().date_naive(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let at = |text: &str| match read(text) {
            Moment::At(at) => at.to_rfc3339(),
            other => format!("{other:?}"),
        };
        assert_eq!(
            at("2025-08-18 19:45:43.12+00"),
            "2025-08-18T19:45:43.120+00:00"
        );
        assert_eq!(
            at("2025-08-18 19:45:43.000001+00"),
            "2025-08-18T19:45:43.000001+00:00"
        );
        assert_eq!(
            at("0044-03-15 12:00:00+00 BC"),
            "-0043-03-15T12:00:00+00:00"
        );
        assert_eq!(at("infinity"), "Infinite");
        assert_eq!(at("294276-12-31 23:59:59.999999+00"), "Beyond");
        assert_eq!(
            at("275760-09-13 00:00:00+00"),
            "Beyond",
            "the last day that JavaScript knows"
        );
    }

    #[test]
    fn a_row_without_a_day_is_counted_all_the_same() {
        assert_eq!(counted_on(None).to_string(), "1970-01-01");
        assert_eq!(counted_on(Some("-infinity")).to_string(), "1970-01-01");
        assert_eq!(
            counted_on(Some("2025-08-18 23:59:59+00")).to_string(),
            "2025-08-18"
        );
    }
}
