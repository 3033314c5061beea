//! The entity service on a real PostgreSQL, called over real gRPC.

#![allow(clippy::unwrap_used)]

mod applications;
mod changes;
mod clickup;
mod journal;
mod lists;
mod system;
