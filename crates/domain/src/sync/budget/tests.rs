//! The budget against a service with a fixed window.

use super::*;
use proptest::prelude::*;

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap_or_default()
}

/// The service: a fixed window that begins with the first call, or stands on whole minutes; told in whole seconds.
struct Service {
    limit: u32,
    aligned: bool,
    ends: i64,
    used: u32,
    refused: u32,
    clock_ahead: i64,
}

impl Service {
    fn call(&mut self, millis: i64) -> Observed {
        if millis >= self.ends {
            self.ends = if self.aligned {
                (millis / 60_000 + 1) * 60_000
            } else {
                millis + 60_000
            };
            self.used = 0;
        }
        let refused = self.used >= self.limit;
        if refused {
            self.refused += 1;
        } else {
            self.used += 1;
        }
        let seconds =
            |millis: i64| (at(millis).timestamp_millis() + self.clock_ahead).div_euclid(1000);
        Observed {
            limit: Some(self.limit),
            remaining: Some(self.limit - self.used),
            mark: Some(seconds(self.ends)),
            resets_in: Some(TimeDelta::seconds(seconds(self.ends) - seconds(millis))),
            refused_for: refused.then(|| TimeDelta::seconds(1)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Workers ask, call with some delay, and learn with some more: never a refusal, and the budget gets used.
    #[test]
    fn the_limit_is_never_hit(
        limit in 5..200_u32,
        aligned in any::<bool>(),
        start in 0..60_000_i64,
        clock_ahead in -5000..5000_i64,
        steps in proptest::collection::vec((0..400_i64, 0..300_i64, 0..300_i64, 0..3_i16), 600..1200),
    ) {
        let rules = Rules::default();
        let mut service = Service { limit, aligned, ends: 0, used: 0, refused: 0, clock_ahead };
        let mut now = start;
        let mut window = Window::unknown(&rules, at(now));
        // (when, is_answer, observed): calls under way
        let mut under_way: Vec<(i64, bool, Option<Observed>, i64)> = Vec::new();
        let mut calls = 0;
        for (pause, out, back, lane) in steps {
            now += pause;
            under_way.sort_by_key(|event| event.0);
            while under_way.first().is_some_and(|event| event.0 <= now) {
                let (when, is_answer, observed, back) = under_way.remove(0);
                if is_answer {
                    window = learn(&window, &rules, at(when), &observed.unwrap_or_default());
                } else {
                    let observed = service.call(when);
                    under_way.push((when + back, true, Some(observed), 0));
                    under_way.sort_by_key(|event| event.0);
                }
            }
            let (granted, after) = grant(&window, &rules, at(now), Lane::of_number(lane), 1);
            window = after;
            if granted == Grant::Granted(1) {
                calls += 1;
                under_way.push((now + out, false, None, back));
            }
            prop_assert!(window.used <= window.limit.max(rules.default_limit));
        }
        prop_assert_eq!(service.refused, 0);
        prop_assert!(calls >= 3);
    }

    #[test]
    fn a_grant_fits_into_the_limit(limit in 1..500_u32, used in 0..600_u32, wanted in 0..1000_u32, lane in 0..3_i16, left in 0..70_000_i64) {
        let rules = Rules::default();
        let window = Window { limit, used, known: true, ends_at: at(left), ..Window::unknown(&rules, at(0)) };
        let (granted, after) = grant(&window, &rules, at(0), Lane::of_number(lane), wanted);
        match granted {
            Grant::Granted(count) => {
                prop_assert!(count >= 1 && count <= wanted.max(1));
                prop_assert!(after.used <= limit);
            }
            Grant::WaitUntil(then) => prop_assert!(then > at(0)),
        }
    }
}

#[test]
fn before_anything_is_known_only_probes_go_out() {
    let rules = Rules::default();
    let mut window = Window::unknown(&rules, at(0));
    for _ in 0..3 {
        let (granted, after) = grant(&window, &rules, at(0), Lane::Interactive, 1);
        assert_eq!(granted, Grant::Granted(1));
        window = after;
    }
    let (granted, after) = grant(&window, &rules, at(0), Lane::Interactive, 1);
    assert_eq!(granted, Grant::WaitUntil(at(200)));
    let told = Observed {
        limit: Some(1000),
        remaining: Some(990),
        ..Observed::default()
    };
    let learned = learn(&after, &rules, at(100), &told);
    let (granted, after) = grant(&learned, &rules, at(100), Lane::Interactive, 5000);
    assert_eq!(granted, Grant::Granted(990));
    assert_eq!(
        grant(&after, &rules, at(100), Lane::Interactive, 1).0,
        Grant::WaitUntil(at(61_000))
    );
}

#[test]
fn without_headers_the_default_holds() {
    let rules = Rules::default();
    let (_, window) = grant(
        &Window::unknown(&rules, at(0)),
        &rules,
        at(0),
        Lane::Interactive,
        1,
    );
    let window = learn(&window, &rules, at(0), &Observed::default());
    assert_eq!(
        grant(&window, &rules, at(0), Lane::Interactive, 1000).0,
        Grant::Granted(99)
    );
}

#[test]
fn lower_lanes_leave_room_that_melts() {
    let rules = Rules::default();
    let window = Window {
        known: true,
        ..Window::unknown(&rules, at(0))
    };
    let most = |lane, now| match grant(&window, &rules, at(now), lane, 1000).0 {
        Grant::Granted(count) => count,
        Grant::WaitUntil(_) => 0,
    };
    assert_eq!(
        (
            most(Lane::Interactive, 0),
            most(Lane::Normal, 0),
            most(Lane::Bulk, 0)
        ),
        (100, 80, 50)
    );
    assert_eq!(
        (most(Lane::Normal, 29_250), most(Lane::Bulk, 29_250)),
        (90, 75)
    );
    // in the tail everything may be spent
    assert_eq!(most(Lane::Bulk, 58_500), 100);
}

#[test]
fn waiting_lifts_a_lane() {
    assert_eq!(Lane::Bulk.after_waiting(TimeDelta::minutes(1)), Lane::Bulk);
    assert_eq!(
        Lane::Bulk.after_waiting(TimeDelta::minutes(6)),
        Lane::Normal
    );
    assert_eq!(
        Lane::Bulk.after_waiting(TimeDelta::minutes(16)),
        Lane::Interactive
    );
    assert_eq!(
        Lane::Normal.after_waiting(TimeDelta::minutes(6)),
        Lane::Interactive
    );
}

#[test]
fn a_refusal_closes_the_window() {
    let rules = Rules::default();
    let window = Window {
        known: true,
        used: 10,
        ..Window::unknown(&rules, at(0))
    };
    let refused = Observed {
        refused_for: Some(TimeDelta::seconds(30)),
        ..Observed::default()
    };
    let window = learn(&window, &rules, at(40_000), &refused);
    assert_eq!(
        grant(&window, &rules, at(40_001), Lane::Interactive, 1).0,
        Grant::WaitUntil(at(71_000))
    );
}

#[test]
fn others_with_the_same_token_count() {
    let rules = Rules::default();
    let (_, window) = grant(
        &Window::unknown(&rules, at(0)),
        &rules,
        at(0),
        Lane::Interactive,
        1,
    );
    let told = Observed {
        remaining: Some(7),
        mark: Some(50),
        resets_in: Some(TimeDelta::seconds(10)),
        ..Observed::default()
    };
    let window = learn(&window, &rules, at(0), &told);
    assert_eq!(
        grant(&window, &rules, at(1), Lane::Interactive, 100).0,
        Grant::Granted(7)
    );
}

#[test]
fn after_a_refusal_the_window_is_learned_anew() {
    let rules = Rules::default();
    let told = |mark, remaining| Observed {
        limit: Some(100),
        remaining: Some(remaining),
        mark: Some(mark),
        resets_in: Some(TimeDelta::seconds(50)),
        ..Observed::default()
    };
    let (_, window) = grant(
        &Window::unknown(&rules, at(0)),
        &rules,
        at(0),
        Lane::Interactive,
        1,
    );
    let window = learn(&window, &rules, at(0), &told(60, 90));
    let refusal = Observed {
        refused_for: Some(TimeDelta::seconds(1)),
        mark: Some(3),
        remaining: Some(0),
        ..Observed::default()
    };
    let window = learn(&window, &rules, at(0), &refusal);
    // the refusal told a shorter wait than the window: begin again, carefully
    let (granted, window) = grant(&window, &rules, at(2000), Lane::Interactive, 100);
    assert_eq!(granted, Grant::Granted(3));
    // it is still the window from before, with what is left of it
    let window = learn(&window, &rules, at(2000), &told(60, 20));
    assert_eq!(
        grant(&window, &rules, at(2000), Lane::Interactive, 100).0,
        Grant::Granted(20)
    );
}

#[test]
fn an_answer_beside_a_refusal_does_not_prolong_the_wait() {
    let rules = Rules::default();
    let (_, window) = grant(
        &Window::unknown(&rules, at(0)),
        &rules,
        at(0),
        Lane::Interactive,
        3,
    );
    let refusal = Observed {
        refused_for: Some(TimeDelta::seconds(1)),
        ..Observed::default()
    };
    let beside = Observed {
        remaining: Some(90),
        mark: Some(60),
        resets_in: Some(TimeDelta::seconds(50)),
        ..Observed::default()
    };
    let window = learn(
        &learn(&window, &rules, at(0), &refusal),
        &rules,
        at(10),
        &beside,
    );
    assert_eq!(
        grant(&window, &rules, at(20), Lane::Interactive, 1).0,
        Grant::WaitUntil(at(2000))
    );
}
