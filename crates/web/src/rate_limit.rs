//! How often one client may do something: an even pace with a burst, per address, in memory bounded whatever comes.
//!
//! Each process counts for itself, which is enough against a runaway script; it is no defence against a flood from many
//! addresses.

use http::HeaderMap;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Most addresses that are remembered.
const MAX_CLIENTS: usize = 50_000;
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// A pace that each client has to keep.
pub struct RateLimit {
    /// Time that one request uses up.
    gap: Duration,
    /// How far ahead of the pace a client may be.
    ahead: Duration,
    /// The time up to which each client has used up its pace.
    used: Mutex<HashMap<IpAddr, Instant>>,
}

impl RateLimit {
    /// `per_minute` requests a minute and client, all of them at once if it likes; `None` for 0, which means no limit.
    #[must_use]
    pub fn per_minute(per_minute: u32) -> Option<Self> {
        let gap = Duration::from_secs(60).checked_div(per_minute)?;
        Some(Self {
            gap,
            ahead: gap * (per_minute - 1),
            used: Mutex::default(),
        })
    }

    /// How long [`RateLimit::take`] would make `client` wait, if at all; counts nothing.
    #[must_use]
    pub fn wait(&self, client: IpAddr, now: Instant) -> Option<Duration> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let until = used.get(&neighbourhood(client))?;
        until
            .saturating_duration_since(now)
            .checked_sub(self.ahead)
            .filter(|wait| !wait.is_zero())
    }

    /// Counts a request of `client` at `now`.
    ///
    /// # Errors
    /// With the time to wait when the client is too far ahead of the pace; then the request is not counted.
    pub fn take(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        // an insert that panicked leaves a usable map
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let client = neighbourhood(client);
        let until = used.get(&client).copied().unwrap_or(now).max(now);
        let ahead = until.duration_since(now);
        if ahead > self.ahead {
            return Err(ahead - self.ahead);
        }
        if used.len() >= MAX_CLIENTS {
            used.retain(|_, until| *until > now);
            if used.len() >= MAX_CLIENTS {
                // so many at one time are no single client's doing; forgetting them lets the honest ones in
                used.clear();
            }
        }
        used.insert(client, until + self.gap);
        Ok(())
    }
}

/// An IPv6 customer has a whole /64 network.
fn neighbourhood(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The client's address: the other end of the connection, or what the last of `proxies` trusted reverse proxies saw.
/// What stands further left in `X-Forwarded-For` was written by the client and counts for nothing.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: usize) -> IpAddr {
    let Some(hop) = proxies.checked_sub(1) else {
        return peer;
    };
    let seen: Vec<&str> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    seen.iter()
        .rev()
        .nth(hop)
        .and_then(|address| address.parse().ok())
        .unwrap_or(peer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_then_the_pace() {
        let limit = RateLimit::per_minute(3).unwrap();
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limit.take(at("192.0.2.1"), start), Ok(()));
        }
        assert_eq!(
            limit.take(at("192.0.2.1"), start),
            Err(Duration::from_secs(20))
        );
        assert_eq!(
            limit.wait(at("192.0.2.1"), start),
            Some(Duration::from_secs(20)),
            "asking counts nothing"
        );
        assert_eq!(limit.wait(at("192.0.2.2"), start), None);
        assert_eq!(limit.take(at("192.0.2.2"), start), Ok(()));
        let later = start + Duration::from_secs(20);
        assert_eq!(limit.take(at("192.0.2.1"), later), Ok(()));
        assert_eq!(
            limit.take(at("192.0.2.1"), later),
            Err(Duration::from_secs(20))
        );
    }

    #[test]
    fn a_network_is_one_client() {
        let limit = RateLimit::per_minute(1).unwrap();
        let now = Instant::now();
        assert!(limit.take(at("2001:db8::1"), now).is_ok());
        assert!(limit.take(at("2001:db8::ffff:1"), now).is_err());
        assert!(limit.take(at("2001:db8:0:1::1"), now).is_ok());
        assert!(limit.take(at("::ffff:192.0.2.1"), now).is_ok());
        assert!(limit.take(at("192.0.2.1"), now).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let limit = RateLimit::per_minute(1).unwrap();
        let now = Instant::now();
        for client in 0..u32::try_from(MAX_CLIENTS).unwrap() + 10 {
            let _ = limit.take(std::net::Ipv4Addr::from(client).into(), now);
        }
        assert!(limit.used.lock().unwrap().len() <= MAX_CLIENTS);
    }

    #[test]
    fn nothing_is_no_limit() {
        assert!(RateLimit::per_minute(0).is_none());
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let mut headers = HeaderMap::new();
        headers.insert(
            X_FORWARDED_FOR,
            "203.0.113.9, 198.51.100.7".parse().unwrap(),
        );
        let peer = at("10.0.0.1");
        assert_eq!(client_address(peer, &headers, 0), peer);
        assert_eq!(client_address(peer, &headers, 1), at("198.51.100.7"));
        assert_eq!(client_address(peer, &headers, 2), at("203.0.113.9"));
        assert_eq!(client_address(peer, &headers, 3), peer);
        assert_eq!(client_address(peer, &HeaderMap::new(), 1), peer);
    }
}
