//! Free TCP ports on the loopback interface.

use std::net::{Ipv4Addr, TcpListener};

/// A port that nobody listened on a moment ago. Prefer handing over a bound listener where the server can take one.
///
/// # Panics
/// When the system has no free port.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("the loopback interface has a free port")
        .port()
}
