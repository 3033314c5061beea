//! What the answers tell about the rate limit of the token.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap};

/// The rate-limit headers of one answer. All of them may be missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateInfo {
    /// `X-RateLimit-Limit`: requests per window for this token.
    pub limit: Option<u32>,
    /// `X-RateLimit-Remaining`: requests left in the window that this answer was counted in.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset`: when that window ends, Unix time in whole seconds, by the clock of the service.
    pub reset: Option<i64>,
    /// `Date`: what that clock said when it answered, Unix seconds. Turns `reset` into a span that needs no equal clocks.
    pub server_time: Option<i64>,
}

impl RateInfo {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
            headers.get(name)?.to_str().ok()?.trim().parse().ok()
        }
        Self {
            limit: number(headers, "x-ratelimit-limit"),
            remaining: number(headers, "x-ratelimit-remaining"),
            reset: number(headers, "x-ratelimit-reset"),
            server_time: headers
                .get(DATE)
                .and_then(|value| value.to_str().ok())
                .and_then(|text| DateTime::parse_from_rfc2822(text).ok())
                .map(|time| time.timestamp()),
        }
    }

    /// How long the window still runs, at least 1 s, at most 65 s. `now` (Unix seconds) is only used when the answer
    /// had no `Date`.
    #[must_use]
    pub fn resets_in(&self, now: i64) -> Option<Duration> {
        let seconds = self
            .reset?
            .saturating_sub(self.server_time.unwrap_or(now))
            .clamp(1, 65);
        u64::try_from(seconds).ok().map(Duration::from_secs)
    }
}

/// `Retry-After` in seconds, at most an hour; the date form is not used by the service and is ignored.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get("retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds.min(3600)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn reads_what_is_there() {
        let rate = RateInfo::of(&headers(&[
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", " 42"),
            ("x-ratelimit-reset", "1722945600"),
            ("date", "Tue, 06 Aug 2024 11:59:30 GMT"),
        ]));
        assert_eq!(
            (rate.limit, rate.remaining, rate.reset),
            (Some(100), Some(42), Some(1_722_945_600))
        );
        assert_eq!(rate.resets_in(0), Some(Duration::from_secs(30)));
    }

    #[test]
    fn odd_headers_count_as_missing() {
        let rate = RateInfo::of(&headers(&[("x-ratelimit-limit", "lots"), ("date", "soon")]));
        assert_eq!(rate, RateInfo::default());
        assert_eq!(rate.resets_in(5), None);
    }

    #[test]
    fn the_span_is_bounded() {
        let rate = RateInfo {
            reset: Some(1000),
            ..RateInfo::default()
        };
        assert_eq!(rate.resets_in(2000), Some(Duration::from_secs(1)));
        assert_eq!(rate.resets_in(0), Some(Duration::from_secs(65)));
        assert_eq!(
            retry_after(&headers(&[("retry-after", "99999")])),
            Some(Duration::from_secs(3600))
        );
        assert_eq!(
            retry_after(&headers(&[(
                "retry-after",
                "Tue, 06 Aug 2024 11:59:30 GMT"
            )])),
            None
        );
    }
}
