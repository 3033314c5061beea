//! gRPC as every service uses it.
//!
//! - [`status`]: error codes to gRPC status and back, mapped once
//! - [`server`]: service token, trace context, deadlines, health, reflection
//! - [`seals`]: the contract of services that keep secrets sealed
//! - [`client`]: channels that add token, deadline and trace context to every call

pub mod client;
pub mod config;
pub mod seals;
pub mod server;
pub mod status;
