//! The contracts between the services: gRPC code generated from `proto/keylight/v1`, and the events.
//!
//! To add a call: write it into the `.proto` file of the service that answers it, build, implement the new trait
//! method. Field numbers are never used twice and fields are only added: old and new processes run side by side
//! during every deployment.

#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated; the documentation stands in the .proto files"
)]
mod generated {
    tonic::include_proto!("keylight.v1");
}

/// Version 1 of the gRPC contracts.
pub mod v1 {
    pub use super::generated::*;

    /// The descriptors of all contracts, for gRPC reflection.
    pub const DESCRIPTORS: &[u8] =
        include_bytes!(concat!(env!("OUT_DIR"), "/keylight.v1.descriptor.bin"));
}

pub mod events;
pub mod time;
