//! Searches for a JSON body that the intake reads, judges or keeps wrongly.

#![no_main]

#[path = "../../crates/domain/tests/intake_body/invariants.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    invariants::check(body);
});
