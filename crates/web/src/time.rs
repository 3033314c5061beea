//! Times as clients read them.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, as JavaScript writes a date: UTC, three digits, and a sign with six digits for years
/// before 0 and after 9999.
#[must_use]
pub fn iso_millis(time: DateTime<Utc>) -> String {
    let year = time.year();
    let year = if (0..=9999).contains(&year) {
        format!("{year:04}")
    } else {
        format!(
            "{}{:06}",
            if year < 0 { '-' } else { '+' },
            year.unsigned_abs()
        )
    };
    // a leap second shows as the last millisecond before it
    let millis = (time.nanosecond() / 1_000_000).min(999);
    format!(
        "{year}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn as_javascript_writes_it() {
        let time = Utc.timestamp_micros(1_795_328_935_194_999).unwrap();
        assert_eq!(iso_millis(time), "2026-11-22T06:28:55.194Z");
        let early = Utc.with_ymd_and_hms(-43, 3, 15, 12, 0, 0).unwrap();
        assert_eq!(iso_millis(early), "-000043-03-15T12:00:00.000Z");
        let late = Utc.with_ymd_and_hms(12_026, 1, 2, 3, 4, 5).unwrap();
        assert_eq!(iso_millis(late), "+012026-01-02T03:04:05.000Z");
    }
}
