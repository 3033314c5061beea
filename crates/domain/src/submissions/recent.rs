//! The newest of the last days.

use super::js_number::leading_integer;

/// Longest look back, a hundred years.
pub const MAX_DAYS: i32 = 36_500;
const DEFAULT_DAYS: i32 = 7;
const DEFAULT_LIMIT: i32 = 10;
const MAX_LIMIT: i64 = 100;

/// How far to look back, and how many rows to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// Days before now, from 0 (nothing) to [`MAX_DAYS`].
    pub days: i32,
    /// From 1 to 100.
    pub limit: i32,
}

impl Recent {
    /// Reads the query parameters `days` and `limit`; what makes no sense gives 7 days and 10 rows.
    #[must_use]
    pub fn from_query(days: Option<&str>, limit: Option<&str>) -> Self {
        let days = days
            .and_then(leading_integer)
            .map(|days| days.clamp(0, i64::from(MAX_DAYS)));
        let limit = limit
            .and_then(leading_integer)
            .filter(|limit| *limit != 0)
            .map(|limit| limit.clamp(1, MAX_LIMIT));
        // inside the clamps both always fit
        Self {
            days: days
                .and_then(|days| i32::try_from(days).ok())
                .unwrap_or(DEFAULT_DAYS),
            limit: limit
                .and_then(|limit| i32::try_from(limit).ok())
                .unwrap_or(DEFAULT_LIMIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_whatever_is_asked() {
        let read = |days: &str, limit: &str| {
            let recent = Recent::from_query(Some(days), Some(limit));
            (recent.days, recent.limit)
        };
        assert_eq!(
            Recent::from_query(None, None),
            Recent { days: 7, limit: 10 }
        );
        assert_eq!(read("", ""), (7, 10));
        assert_eq!(read("abc", "abc"), (7, 10));
        assert_eq!(read("0", "0"), (0, 10));
        assert_eq!(read("-1", "-1"), (0, 1));
        assert_eq!(read("30", "5"), (30, 5));
        assert_eq!(
            read("99999999999999999999", "99999999999999999999"),
            (MAX_DAYS, 100)
        );
    }
}
