//! How much of what is pending is taken at once.

use std::time::Duration;

/// How long one step should take.
const STEP_TIME: Duration = Duration::from_millis(25);
/// Most rows of what is pending in one step; each names up to 25 records.
const MOST: i64 = 64;

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Step {
    /// Rows of what is pending that are done.
    pub lots: i64,
    /// Records looked at.
    pub rows: i64,
}

/// Grows while a step is quick, shrinks when one was slow.
#[derive(Debug)]
pub(super) struct Lots {
    size: i64,
    /// Rows taken since the table was cleaned up.
    pub taken: i64,
}

impl Default for Lots {
    fn default() -> Self {
        Self { size: 1, taken: 0 }
    }
}

impl Lots {
    /// How many the next step may take.
    pub fn wanted(&self) -> i64 {
        self.size
    }

    /// Learns from a step; says whether more may be waiting.
    pub fn done(&mut self, step: Step, took: Duration) -> bool {
        let full = step.lots >= self.size;
        if full && took < STEP_TIME / 2 {
            self.size = (self.size * 2).min(MOST);
        } else if took > STEP_TIME {
            self.size = (self.size / 2).max(1);
        }
        self.taken += step.lots;
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(lots: i64) -> Step {
        Step {
            lots,
            rows: lots * 25,
        }
    }

    #[test]
    fn grows_while_full_and_quick_and_shrinks_when_slow() {
        let mut lots = Lots::default();
        for size in [1, 2, 4, 8, 16, 32, 64, 64] {
            assert_eq!(lots.wanted(), size);
            assert!(lots.done(step(size), Duration::from_millis(5)));
        }
        assert!(lots.done(step(64), Duration::from_millis(40)));
        assert_eq!(lots.wanted(), 32);
        assert!(
            !lots.done(step(3), Duration::from_millis(1)),
            "nothing more waits"
        );
        assert_eq!(lots.wanted(), 32);
        for _ in 0..9 {
            lots.done(step(1), Duration::from_secs(1));
        }
        assert_eq!(lots.wanted(), 1);
    }
}
