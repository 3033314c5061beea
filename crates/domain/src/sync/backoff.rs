//! What a failed call means for the next try.

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
}

/// When to try again, and what people are told meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Not before this much time has passed.
    pub after: Duration,
    /// Whether it counts as failed (somebody has to look) or as pending (it will pass).
    pub failed: bool,
}

const SECOND: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The next try after `attempt` failures in a row (1 for the first). `jitter` in [0, 1) spreads those that failed
/// together. Nothing is ever given up for good: what a person mended is found within the hour.
#[must_use]
pub fn retry(failure: Failure, attempt: u32, jitter: f64) -> Retry {
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
        Failure::Away => Retry {
            after: spread(growing),
            failed: false,
        },
        // the window of the service is a minute, whatever it says
        Failure::RateLimited { retry_after } => Retry {
            after: retry_after.unwrap_or(LONGEST).clamp(SECOND, 5 * LONGEST)
                + SECOND.mul_f64(jitter),
            failed: false,
        },
        Failure::TokenDead => Retry {
            after: spread(LONGEST),
            failed: false,
        },
        // once at once, with the list read anew
        Failure::MappingStale if attempt <= 1 => Retry {
            after: SHORTEST,
            failed: false,
        },
        Failure::MappingStale => Retry {
            after: spread(10 * LONGEST),
            failed: true,
        },
        Failure::Forbidden if attempt <= 3 => Retry {
            after: spread(growing.max(5 * SECOND)),
            failed: false,
        },
        Failure::Forbidden | Failure::PlanLimit | Failure::OurFault => Retry {
            after: spread(HOUR),
            failed: true,
        },
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
        ]
    }

    proptest! {
        #[test]
        fn it_is_bounded_and_never_at_once(failure in failure(), attempt in any::<u32>(), jitter in 0.0..1.0_f64) {
            let retry = retry(failure, attempt, jitter);
            prop_assert!(retry.after >= SHORTEST.mul_f64(0.7));
            prop_assert!(retry.after <= 2 * HOUR);
        }

        #[test]
        fn it_never_shrinks_with_attempts(attempt in 1..100_u32, jitter in 0.0..1.0_f64) {
            prop_assert!(retry(Failure::Away, attempt + 1, jitter).after >= retry(Failure::Away, attempt, jitter).after);
        }
    }

    #[test]
    fn an_outage_keeps_it_pending() {
        for attempt in [1, 5, 1000] {
            assert!(!retry(Failure::Away, attempt, 0.5).failed);
        }
        assert!(retry(Failure::OurFault, 1, 0.5).failed);
    }

    #[test]
    fn odd_jitter_does_no_harm() {
        for jitter in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
            assert!(retry(Failure::Away, 1, jitter).after <= SECOND);
        }
    }
}
