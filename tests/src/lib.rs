//! The running system, as a test sees it from outside: HTTP at its doors, the simulator's control interface, and
//! processes that can be killed.
//!
//! A scenario in [`scenarios`] takes a [`System`] and does not know whether it is the embedded or the distributed
//! set-up; `tests/e2e_embedded.rs` and `tests/e2e_distributed.rs` run them all on both.

pub mod applications;
pub mod collector;
pub mod process;
pub mod scenarios;
pub mod simulator;
pub mod system;
pub mod web;

pub use system::System;
