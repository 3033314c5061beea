//! Free TCP ports on the loopback interface.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

/// Ports below those that systems take for outgoing connections: one that is handed out here stays free until its server
/// binds it, however many connections are made meanwhile.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// A port that nobody listens on; never the same twice in this process. Prefer handing over a bound listener where the
/// server can take one.
///
/// # Panics
/// When there is no free port.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    if NEXT.load(Ordering::Relaxed) == 0 {
        // processes that run side by side begin at different places
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .subsec_nanos();
        let place =
            (now ^ std::process::id().wrapping_mul(7919)) % u32::from(RANGE.end - RANGE.start);
        let first = RANGE.start + u16::try_from(place).unwrap_or_default();
        // whoever comes first decides
        let _ = NEXT.compare_exchange(0, first, Ordering::Relaxed, Ordering::Relaxed);
    }
    for _ in RANGE {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if port >= RANGE.end {
            let _ =
                NEXT.compare_exchange(port + 1, RANGE.start, Ordering::Relaxed, Ordering::Relaxed);
            continue;
        }
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("the loopback interface has no free port");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_twice_and_none_of_those_for_outgoing_connections() {
        let ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
        let distinct: std::collections::BTreeSet<_> = ports.iter().collect();
        assert_eq!(distinct.len(), ports.len());
        assert!(ports.iter().all(|port| RANGE.contains(port)), "{ports:?}");
    }
}
