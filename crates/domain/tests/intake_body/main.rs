//! Bodies by the thousand, the same ones in every run: what the fuzz target in `fuzz/` looks for, on a stable compiler.

#![allow(clippy::unwrap_used)]

mod bodies;
mod invariants;

use invariants::{Outcome, check};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::{cell::RefCell, collections::BTreeMap, path::Path};

/// Enough to meet every branch many times, and done in two or three seconds without optimisation.
const CASES: u32 = 6_000;
const SEED: [u8; 32] = *b"an applicant may write anything!";

#[test]
fn any_body_is_read_or_refused_soundly() {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &SEED);
    let outcomes = RefCell::new(BTreeMap::<String, u32>::new());
    TestRunner::new_with_rng(config, random)
        .run(&bodies::any_body(), |body| {
            let outcome = check(&body);
            *outcomes
                .borrow_mut()
                .entry(format!("{outcome:?}"))
                .or_default() += 1;
            Ok(())
        })
        .unwrap();
    // bodies that all fail at the first byte would prove nothing
    for outcome in [Outcome::NotRead, Outcome::Refused, Outcome::Accepted] {
        let met = outcomes.borrow().get(&format!("{outcome:?}")).copied();
        assert!(
            met.unwrap_or_default() > CASES / 50,
            "{outcome:?} was hardly met: {outcomes:?}"
        );
    }
}

/// The bodies with which a search by the fuzz target begins, and those that it found.
#[test]
fn seeds_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/intake_body");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        let outcome = check(&std::fs::read(&path).unwrap());
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("accepted")
        {
            assert_eq!(outcome, Outcome::Accepted, "{}", path.display());
        }
        read += 1;
    }
    assert!(read >= 5, "only {read} seeds");
}

#[test]
fn outcomes_are_told_apart() {
    let incomplete = r#"{"full_name":"x"}"#;
    assert_eq!(check(incomplete.as_bytes()), Outcome::Refused);
    assert_eq!(check(b"\"text\""), Outcome::NotRead);
    assert_eq!(check(b""), Outcome::Refused);
}
