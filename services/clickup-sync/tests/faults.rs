//! Every fault of the simulator, alone and in random combination, for a minute of virtual time each: when the faults end, both
//! sides become equal within the time that the rate budget allows, what one side alone edited is as that side left it, and then
//! there is peace. `cargo test` runs each fault once and a few combinations; 500 and more:
//!
//! `KEYLIGHT_WORLDS=500 cargo test -p clickup-sync --test faults -- --ignored --nocapture`
//!
//! A run that fails prints its seed; `KEYLIGHT_WORLD_SEED=…` (and `KEYLIGHT_WORLD_FAULT=…` for a single fault) `cargo test -p clickup-sync --test faults again -- --ignored
//! --nocapture` repeats it: the same faults, edits and pauses at the same times. What runs at the same time is ordered anew.
#![allow(clippy::unwrap_used)]

mod support;
mod worlds;

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};
use worlds::{Outcome, Plan, trouble::KINDS};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Lives all worlds, some at a time, and tells about them.
fn all(plans: Vec<Plan>) {
    let began = Instant::now();
    let count = plans.len();
    let lanes = number("KEYLIGHT_WORLD_LANES").unwrap_or(3);
    let waiting = Mutex::new(VecDeque::from(plans));
    let done: Mutex<Vec<Outcome>> = Mutex::default();
    let failed: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let Some(plan) = waiting.lock().unwrap().pop_front() else {
                        return;
                    };
                    let lived = std::panic::catch_unwind(|| worlds::live(&plan));
                    match lived.unwrap_or_else(|_| Err("panicked, see above".to_owned())) {
                        Ok(outcome) => {
                            let mut done = done.lock().unwrap();
                            done.push(outcome);
                            if done.len().is_multiple_of(50) {
                                println!("{} worlds are equal", done.len());
                            }
                        }
                        Err(why) => {
                            let told = format!("seed {} ({}): {why}", plan.seed, plan.name);
                            println!("{told}");
                            failed.lock().unwrap().push(told);
                        }
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let mut times: Vec<Duration> = done.iter().map(|one| one.equal_after).collect();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().max(1) - 1));
    let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
    let nearest = done
        .iter()
        .map(|one| one.equal_after.as_secs_f64() / one.allowed.as_secs_f64())
        .fold(0.0, f64::max);
    println!(
        "{} of {count} worlds became equal: after {:.1} s (half of them), {:.1} s (99 %), {:.1} s (all) of virtual time, at most \
         {:.0} % of what was allowed; {} calls, {} refused for the rate without a fault; {:.0} s by the machine's clock",
        done.len(),
        seconds(at(50)),
        seconds(at(99)),
        seconds(times.last()),
        nearest * 100.0,
        done.iter().map(|one| one.calls).sum::<usize>(),
        done.iter().map(|one| one.refused).sum::<usize>(),
        began.elapsed().as_secs_f64(),
    );
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn each_fault_alone() {
    all(KINDS.into_iter().map(|kind| Plan::alone(kind, 1)).collect());
}

#[test]
fn some_combinations() {
    all((1..=6).map(Plan::random).collect());
}

#[test]
#[ignore = "takes minutes"]
fn many_worlds() {
    let first = number("KEYLIGHT_WORLD_SEED").unwrap_or(1_000);
    let count = number("KEYLIGHT_WORLDS").unwrap_or(500);
    println!("seeds {first} to {}", first + count - 1);
    all((first..first + count).map(Plan::random).collect());
}

#[test]
#[ignore = "repeats what KEYLIGHT_WORLD_SEED names"]
fn again() {
    let seed = number("KEYLIGHT_WORLD_SEED").expect("KEYLIGHT_WORLD_SEED names a world");
    // the name of a fault for one that was alone
    let plan = match std::env::var("KEYLIGHT_WORLD_FAULT") {
        Ok(name) => {
            let kind = KINDS.into_iter().find(|kind| format!("{kind:?}") == name);
            Plan::alone(kind.expect("KEYLIGHT_WORLD_FAULT names a fault"), seed)
        }
        Err(_) => Plan::random(seed),
    };
    all(vec![plan]);
}
