//! The rate limit: a fixed window per token.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

/// Windows of all tokens.
#[derive(Debug)]
pub(crate) struct Rates {
    limit: u32,
    window_ms: i64,
    edges: Edges,
    windows: HashMap<Arc<str>, Window>,
}

/// What is not known about the edges of windows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Edges {
    /// Windows begin at multiples of their length instead of with the first request.
    pub(crate) aligned: bool,
    /// The reset header is rounded up instead of down.
    pub(crate) round_up: bool,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    starts_at: i64,
    used: u32,
    refused: u64,
    total: u64,
}

/// What one request took from its window, or found of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) allowed: bool,
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Unix seconds at which the window ends, cut to whole seconds as the real header is.
    pub(crate) reset: i64,
}

/// State of the limit for one user, for the control interface and the board.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Usage {
    pub(crate) limit: u32,
    pub(crate) used: u32,
    pub(crate) remaining: u32,
    pub(crate) reset_in_ms: i64,
    pub(crate) refused: u64,
    pub(crate) total: u64,
}

impl Rates {
    pub(crate) fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit,
            window_ms: millis(window),
            edges: Edges::default(),
            windows: HashMap::new(),
        }
    }

    /// Counts one request of a known token. Tokens are few, so the map stays small.
    pub(crate) fn take(&mut self, token: &Arc<str>, now_ms: i64) -> Taken {
        let limit = self.limit;
        let window_ms = self.window_ms;
        let edges = self.edges;
        let begin = if edges.aligned {
            now_ms - now_ms.rem_euclid(window_ms)
        } else {
            now_ms
        };
        let window = self.windows.entry(Arc::clone(token)).or_insert(Window {
            starts_at: begin,
            used: 0,
            refused: 0,
            total: 0,
        });
        if now_ms - window.starts_at >= window_ms || now_ms < window.starts_at {
            window.starts_at = begin;
            window.used = 0;
        }
        window.total += 1;
        let allowed = window.used < limit;
        if allowed {
            window.used += 1;
        } else {
            window.refused += 1;
        }
        Taken {
            allowed,
            limit,
            remaining: limit.saturating_sub(window.used),
            reset: (window.starts_at + window_ms + if edges.round_up { 999 } else { 0 }) / 1000,
        }
    }

    /// Holds for windows that begin from now on, and for headers at once.
    pub(crate) fn set_edges(&mut self, edges: Edges) {
        self.edges = edges;
    }

    /// Changes the limit, and on request the window, for all tokens at once; windows start anew.
    pub(crate) fn set(&mut self, limit: u32, window: Option<Duration>) {
        self.limit = limit;
        if let Some(window) = window {
            self.window_ms = millis(window);
        }
        self.windows.clear();
    }

    pub(crate) fn usage(&self, token: &str, now_ms: i64) -> Usage {
        let Some(window) = self.windows.get(token) else {
            return Usage {
                limit: self.limit,
                remaining: self.limit,
                ..Usage::default()
            };
        };
        let left = (window.starts_at + self.window_ms - now_ms).max(0);
        let used = if left == 0 { 0 } else { window.used };
        Usage {
            limit: self.limit,
            used,
            remaining: self.limit.saturating_sub(used),
            reset_in_ms: left,
            refused: window.refused,
            total: window.total,
        }
    }
}

fn millis(window: Duration) -> i64 {
    i64::try_from(window.as_millis()).unwrap_or(60_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_is_fixed_and_per_token() {
        let mut rates = Rates::new(2, Duration::from_secs(60));
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        assert!(rates.take(&a, 1_500).allowed);
        let second = rates.take(&a, 50_000);
        assert_eq!(
            (second.allowed, second.remaining, second.reset),
            (true, 0, 61)
        );
        assert!(!rates.take(&a, 61_499).allowed);
        assert!(rates.take(&b, 61_499).allowed);
        assert!(rates.take(&a, 61_500).allowed);
        assert_eq!(rates.usage("a", 61_500).refused, 1);
    }
}
