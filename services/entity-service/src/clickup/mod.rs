//! What the sync worker asks of the system of record, and what it reports back.

pub mod apply_remote;
pub mod record_sync;
pub mod unsynced;
