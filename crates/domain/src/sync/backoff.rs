//! What a failed call means for the next try, and when there is none.

use std::time::Duration;

/// Why a call to ClickUp failed, as far as the next try depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// ClickUp is away, slow or broken.
    Away,
    /// The budget is used up, perhaps by somebody else.
    RateLimited {
        /// What the answer asked for.
        retry_after: Option<Duration>,
    },
    /// The token is not accepted: nothing works until there is another.
    TokenDead,
    /// The statuses or fields of the list are not what we think.
    MappingStale,
    /// The object is not shared with us, or is not there.
    Forbidden,
    /// The plan of the workspace does not allow it.
    PlanLimit,
    /// The request is wrong.
    OurFault,
    /// Our own program fell over the record.
    Defect,
}

impl Failure {
    /// How often a record is tried with this failure before it becomes a dead letter, and how long it must have lasted at
    /// least; `None` = for ever, because it has nothing to do with the record and everything else waits as well.
    #[must_use]
    pub const fn patience(self) -> Option<(u32, Duration)> {
        match self {
            // nobody is to mend by hand, record by record, what an outage of some hours left
            Failure::Away => Some((20, Duration::from_secs(6 * 3600))),
            Failure::RateLimited { .. } | Failure::TokenDead => None,
            // the first try was with an old picture of the list, and the second may be too
            Failure::MappingStale => Some((3, Duration::ZERO)),
            // something was perhaps being shared or moved just then
            Failure::Forbidden => Some((4, Duration::ZERO)),
            Failure::Defect => Some((5, Duration::ZERO)),
            // the same request has the same answer
            Failure::PlanLimit | Failure::OurFault => Some((1, Duration::ZERO)),
        }
    }

    /// Whether a record is given up after `attempts` failures of this kind in a row, the first of them `lasted` ago.
    #[must_use]
    pub fn gives_up(self, attempts: u32, lasted: Duration) -> bool {
        self.patience()
            .is_some_and(|(most, least)| attempts >= most && lasted >= least)
    }
}

const SECOND: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

/// The pause before the next try after `attempt` failures in a row (1 for the first). `jitter` in [0, 1) spreads those that
/// failed together.
#[must_use]
pub fn pause(failure: Failure, attempt: u32, jitter: f64) -> Duration {
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        0.5
    };
    let spread = |delay: Duration| delay.mul_f64(0.75 + jitter / 2.0);
    let growing = SHORTEST
        .saturating_mul(1 << attempt.saturating_sub(1).min(7))
        .min(LONGEST);
    match failure {
        Failure::Away => spread(growing),
        // the window of the service is a minute, whatever it says
        Failure::RateLimited { retry_after } => {
            retry_after.unwrap_or(LONGEST).clamp(SECOND, 5 * LONGEST) + SECOND.mul_f64(jitter)
        }
        Failure::TokenDead => spread(LONGEST),
        // once at once, with the list read anew
        Failure::MappingStale if attempt <= 1 => SHORTEST,
        Failure::MappingStale => spread(LONGEST),
        Failure::Forbidden | Failure::Defect => spread(growing.max(5 * SECOND)),
        // given up after the first try; when it is tried again all the same, slowly
        Failure::PlanLimit | Failure::OurFault => spread(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failure() -> impl Strategy<Value = Failure> {
        prop_oneof![
            Just(Failure::Away),
            proptest::option::of(0..10_000_u64).prop_map(|seconds| Failure::RateLimited {
                retry_after: seconds.map(Duration::from_secs)
            }),
            Just(Failure::TokenDead),
            Just(Failure::MappingStale),
            Just(Failure::Forbidden),
            Just(Failure::PlanLimit),
            Just(Failure::OurFault),
            Just(Failure::Defect),
        ]
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_never_at_once(failure in failure(), attempt in any::<u32>(), jitter in 0.0..1.0_f64) {
            let pause = pause(failure, attempt, jitter);
            prop_assert!(pause >= SHORTEST.mul_f64(0.7));
            prop_assert!(pause <= 6 * LONGEST);
        }

        #[test]
        fn it_never_shrinks_with_attempts(attempt in 1..100_u32, jitter in 0.0..1.0_f64) {
            prop_assert!(pause(Failure::Away, attempt + 1, jitter) >= pause(Failure::Away, attempt, jitter));
        }

        #[test]
        fn who_is_given_up_stays_given_up(failure in failure(), attempt in 1..1000_u32, lasted in 0..100_000_u64) {
            let lasted = Duration::from_secs(lasted);
            if failure.gives_up(attempt, lasted) {
                prop_assert!(failure.gives_up(attempt + 1, lasted + SECOND));
            }
        }
    }

    #[test]
    fn what_all_records_wait_for_is_no_dead_letter() {
        let year = Duration::from_secs(365 * 24 * 3600);
        for failure in [
            Failure::TokenDead,
            Failure::RateLimited { retry_after: None },
        ] {
            assert!(!failure.gives_up(u32::MAX, year));
        }
        // an outage of hours passes; an eternal one is worth a look
        assert!(!Failure::Away.gives_up(1000, Duration::from_secs(5 * 3600)));
        assert!(!Failure::Away.gives_up(5, year));
        assert!(Failure::Away.gives_up(20, Duration::from_secs(6 * 3600)));
    }

    #[test]
    fn what_is_hopeless_is_given_up_at_once() {
        assert!(Failure::OurFault.gives_up(1, Duration::ZERO));
        assert!(Failure::PlanLimit.gives_up(1, Duration::ZERO));
        assert!(!Failure::Forbidden.gives_up(3, Duration::ZERO));
        assert!(!Failure::MappingStale.gives_up(2, Duration::ZERO));
    }

    #[test]
    fn odd_jitter_does_no_harm() {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
            assert!(pause(Failure::Away, 1, jitter) <= SECOND);
        }
    }
}
