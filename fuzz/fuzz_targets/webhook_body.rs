//! Searches for a webhook body that the gateway reads, tells apart, passes on or keeps wrongly.

#![no_main]

#[path = "../../services/webhook-gateway/tests/webhook_body/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    invariants::check(body);
});
