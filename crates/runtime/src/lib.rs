//! What every process needs besides its business.
//!
//! - [`config`]: settings from one documented file and the environment, all mistakes at once
//! - [`lifecycle`]: named, supervised tasks; readiness; orderly shutdown
//! - [`telemetry`] and [`trace`]: logs, metrics, and one trace from the form to ClickUp
//! - [`admin`]: `/live`, `/ready` and `/metrics` on a listener of their own
//! - [`clock`]: time, ids and randomness, injected
//! - [`tls`]: the one TLS provider

pub mod admin;
pub mod clock;
pub mod config;
pub mod lifecycle;
pub mod process;
pub mod telemetry;
pub mod tls;
pub mod trace;
