//! Submissions per day and status: a table, and the same as stacked bars.

use keylight_domain::submissions::SubmissionStatus;
use std::collections::BTreeMap;

/// How many submissions of one day have one status.
pub(super) struct DayCount {
    /// `YYYY-MM-DD`.
    pub(super) day: String,
    pub(super) status: String,
    pub(super) count: i64,
}

/// Days with their counts, and the bars for them.
pub(super) struct Chart {
    /// Newest first, for the table.
    pub(super) days: Vec<Day>,
    /// Oldest first, left to right.
    pub(super) bars: Vec<Bar>,
    /// Width of the drawing.
    pub(super) width: usize,
    /// The highest day, as the label of the scale.
    pub(super) highest: i64,
}

/// One day of the table.
pub(super) struct Day {
    pub(super) day: String,
    /// In the order of [`SubmissionStatus::ALL`].
    pub(super) counts: Vec<i64>,
    /// All statuses, unknown ones of imported rows included.
    pub(super) total: i64,
}

/// A piece of a bar, in the drawing's units.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: i64,
    pub(super) height: i64,
    pub(super) status: &'static str,
    pub(super) title: String,
}

/// Height of the drawing that bars may fill.
pub(super) const HEIGHT: i64 = 120;
const STEP: usize = 20;
/// Few days do not become wide bars.
const MIN_DAYS: usize = 30;
/// Most days that are drawn.
const MAX_DAYS: usize = 60;

impl Chart {
    /// The chart of these counts, whatever their order.
    pub(super) fn new(counts: impl IntoIterator<Item = DayCount>) -> Self {
        let mut by_day: BTreeMap<String, Day> = BTreeMap::new();
        for DayCount { day, status, count } in counts {
            let entry = by_day.entry(day.clone()).or_insert_with(|| Day {
                day,
                counts: vec![0; SubmissionStatus::ALL.len()],
                total: 0,
            });
            entry.total += count;
            if let Some(place) = SubmissionStatus::ALL
                .iter()
                .position(|known| known.as_str() == status)
            {
                entry.counts[place] += count;
            }
        }
        let skipped = by_day.len().saturating_sub(MAX_DAYS);
        let days: Vec<Day> = by_day.into_values().skip(skipped).collect();
        let highest = days.iter().map(|day| day.total).max().unwrap_or(0);
        let bars = days
            .iter()
            .enumerate()
            .flat_map(|(place, day)| day.bars(place * STEP, highest))
            .collect();
        Self {
            width: days.len().max(MIN_DAYS) * STEP,
            bars,
            highest,
            days: days.into_iter().rev().collect(),
        }
    }
}

impl Day {
    /// Its pieces from the bottom up.
    fn bars(&self, x: usize, highest: i64) -> Vec<Bar> {
        let scale = |count: i64| count * HEIGHT / highest.max(1);
        let mut below = 0;
        let mut bars = Vec::new();
        for (status, count) in SubmissionStatus::ALL.iter().zip(&self.counts) {
            if *count <= 0 {
                continue;
            }
            // differences of sums, so that roundings do not add up
            let (bottom, top) = (scale(below), scale(below + count));
            below += count;
            bars.push(Bar {
                x,
                y: HEIGHT - top,
                height: (top - bottom).max(1),
                status: status.as_str(),
                title: format!("{}: {count} {status}", self.day),
            });
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(day: &str, status: &str, count: i64) -> DayCount {
        DayCount {
            day: day.to_owned(),
            status: status.to_owned(),
            count,
        }
    }

    #[test]
    fn bars_stack_up_to_the_total() {
        let chart = Chart::new([
            count("2026-11-22", "reviewed", 1),
            count("2026-11-21", "new", 3),
            count("2026-11-22", "new", 5),
            count("2026-11-22", "from-an-old-list", 2),
        ]);
        assert_eq!(chart.highest, 8);
        assert_eq!(
            chart
                .days
                .iter()
                .map(|day| (day.day.as_str(), day.total))
                .collect::<Vec<_>>(),
            [("2026-11-22", 8), ("2026-11-21", 3)]
        );
        let last: Vec<_> = chart
            .bars
            .iter()
            .filter(|bar| bar.x == STEP)
            .map(|bar| (bar.status, bar.y, bar.height))
            .collect();
        assert_eq!(last, [("new", 45, 75), ("reviewed", 30, 15)]);
    }

    #[test]
    fn nothing_is_a_chart_too() {
        let chart = Chart::new([]);
        assert!(chart.bars.is_empty() && chart.days.is_empty() && chart.highest == 0);
    }

    #[test]
    fn only_the_newest_days_are_drawn() {
        let chart = Chart::new((0..100).map(|day| count(&format!("2026-{day:03}"), "new", 1)));
        assert_eq!(chart.days.len(), MAX_DAYS);
        assert_eq!(chart.days[0].day, "2026-099");
    }
}
