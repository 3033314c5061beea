//! The outbox relay: everything committed is sent, whatever breaks.

#![allow(clippy::unwrap_used)]

#[path = "contract/buses.rs"]
#[allow(
    dead_code,
    reason = "shared with the contract suite, which uses more of it"
)]
mod buses;
#[path = "relay/ownership.rs"]
mod ownership;
#[path = "relay/real_servers.rs"]
mod real_servers;
#[path = "relay/sending.rs"]
mod sending;
#[path = "relay/setting.rs"]
mod setting;
