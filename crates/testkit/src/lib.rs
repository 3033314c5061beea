//! For tests only: real servers, faults on demand, and waiting for conditions instead of for time.
//!
//! - [`postgres`] and [`rabbit`]: private PostgreSQL and RabbitMQ. `scripts/test` starts one of each and names them in
//!   `KEYLIGHT_TEST_DATABASE_URL` and `KEYLIGHT_TEST_AMQP_URL`; without these, the first test of a process that asks starts
//!   its own, which disappears with the process.
//! - [`wait`]: wait until something is true, with the last state in the message when it never is
//! - [`proxy`]: a TCP proxy that cuts, pauses or refuses connections
//! - [`legacy`]: a database of the predecessor with every kind of mess
//! - [`servers`]: what the program `keylight-servers` does for `scripts/test` and `scripts/cluster`

pub mod account;
pub mod daemon;
pub mod guard;
pub mod legacy;
pub mod ports;
pub mod postgres;
pub mod programs;
pub mod proxy;
pub mod rabbit;
pub mod servers;
pub mod wait;

pub use ports::free_port;
