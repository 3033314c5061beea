//! The message bus and its two adapters.
//!
//! - [`MessageBus`]: publish with confirmation, subscribe, depth. [`rabbitmq`] and [`postgres`] implement it; one contract
//!   suite (`tests/contract.rs`) runs on both.
//! - [`topology`]: exchange and queues as data; `docs/messaging.md` is generated from it
//! - [`consume()`]: the loop of a consumer, with metrics, trace links and an orderly end
//! - [`relay`]: sends what stands in an outbox
//!
//! Messages wake, rows decide. A message may come twice or out of order, and a consumer that finds nothing to do has done
//! its work. So the bus promises little and keeps it: what was confirmed is stored in every bound queue, and is delivered
//! again until it is acknowledged or lies in the dead-letter queue.
//!
//! To add a queue: add a [`Queue`] to [`topology`], list it in [`topology::ALL`], and run
//! `UPDATE_DOCS=1 cargo test -p keylight-messaging topology_doc`.

mod bus;
pub mod connect;
pub mod consume;
mod consumer_span;
mod delivery;
pub mod depth;
pub mod postgres;
pub mod rabbitmq;
pub mod relay;
pub mod topology;

pub use bus::{BusError, Depth, Message, MessageBus, PublishError, Subscription};
pub use connect::{Config, connect};
pub use consume::{BatchHandler, Outcome, consume};
pub use delivery::Delivery;
pub use topology::Queue;
