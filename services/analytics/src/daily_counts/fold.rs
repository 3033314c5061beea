//! Events into changes of counts. Sums do not depend on order or grouping, so neither does the read model.

use chrono::NaiveDate;
use keylight_contracts::events::{self, ImportedFacts, SubmissionFacts};
use std::collections::BTreeMap;

/// By how much each count changes. Counts that stay as they are do not appear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deltas {
    counts: BTreeMap<(NaiveDate, String), i64>,
}

/// The data of an event about a submission is not what its type promises.
#[derive(Debug, thiserror::Error)]
#[error("data of {kind} cannot be read")]
pub struct Unreadable {
    kind: String,
    #[source]
    source: serde_json::Error,
}

impl Deltas {
    /// Counts one event in. Events of kinds that change no count are passed over, also those of newer versions.
    ///
    /// # Errors
    /// When a known kind of event has data that cannot be read; then nothing changes.
    pub fn add(&mut self, kind: &str, data: &str) -> Result<(), Unreadable> {
        if kind == events::SUBMISSION_IMPORTED {
            return self.add_imported(data);
        }
        let known = [
            events::SUBMISSION_CREATED,
            events::SUBMISSION_STATUS_CHANGED,
            events::SUBMISSION_UPDATED,
            events::SUBMISSION_DELETED,
            events::SUBMISSION_RESTORED,
        ];
        if !known.contains(&kind) {
            return Ok(());
        }
        let facts: SubmissionFacts = serde_json::from_str(data).map_err(|source| Unreadable {
            kind: kind.to_owned(),
            source,
        })?;
        let SubmissionFacts {
            created_on,
            status,
            previous_status,
            ..
        } = facts;
        match kind {
            events::SUBMISSION_CREATED | events::SUBMISSION_RESTORED => {
                self.change(created_on, status, 1);
            }
            events::SUBMISSION_DELETED => self.change(created_on, status, -1),
            _ => {
                if let Some(previous) = previous_status {
                    self.change(created_on, previous, -1);
                    self.change(created_on, status, 1);
                }
            }
        }
        Ok(())
    }

    /// Rows of the predecessor: days and statuses are as they were there, and may both have changed.
    fn add_imported(&mut self, data: &str) -> Result<(), Unreadable> {
        let facts: ImportedFacts = serde_json::from_str(data).map_err(|source| Unreadable {
            kind: events::SUBMISSION_IMPORTED.to_owned(),
            source,
        })?;
        if let (Some(day), Some(status)) = (facts.previous_created_on, facts.previous_status) {
            self.change(day, status, -1);
        }
        self.change(facts.created_on, facts.status, 1);
        Ok(())
    }

    fn change(&mut self, day: NaiveDate, status: String, by: i64) {
        let key = (day, status);
        let sum = self.counts.get(&key).copied().unwrap_or(0) + by;
        if sum == 0 {
            self.counts.remove(&key);
        } else {
            self.counts.insert(key, sum);
        }
    }

    /// Days, statuses and changes, in a fixed order: three columns for one statement.
    #[must_use]
    pub fn into_columns(self) -> (Vec<NaiveDate>, Vec<String>, Vec<i64>) {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for ((day, status), by) in self.counts {
            columns.0.push(day);
            columns.1.push(status);
            columns.2.push(by);
        }
        columns
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STATUSES: [&str; 3] = ["new", "reviewed", "qualified"];

    /// What happens to one submission: the day it came in, its later statuses, and whether it is deleted at last.
    type Story = (u32, Vec<usize>, bool);

    fn data(day: u32, status: &str, previous: Option<&str>) -> String {
        serde_json::to_string(&SubmissionFacts {
            submission_id: 1,
            version: 1,
            created_on: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(),
            status: status.to_owned(),
            previous_status: previous.map(str::to_owned),
            buyer_category: "homebuyer".to_owned(),
            actor: "public".to_owned(),
        })
        .unwrap()
    }

    fn told(stories: &[Story]) -> Vec<(&'static str, String)> {
        let mut log = Vec::new();
        for (day, changes, deleted) in stories {
            let mut status = "new";
            log.push((events::SUBMISSION_CREATED, data(*day, status, None)));
            for change in changes {
                let next = STATUSES[*change];
                log.push((
                    events::SUBMISSION_STATUS_CHANGED,
                    data(*day, next, Some(status)),
                ));
                status = next;
            }
            if *deleted {
                log.push((events::SUBMISSION_DELETED, data(*day, status, None)));
            }
        }
        log
    }

    /// The counts as somebody would make them who looks at the submissions as they stand.
    fn looked_up(stories: &[Story]) -> BTreeMap<(NaiveDate, String), i64> {
        let mut counts = BTreeMap::new();
        for (day, changes, deleted) in stories {
            if !deleted {
                let status = changes.last().map_or("new", |change| STATUSES[*change]);
                let day = NaiveDate::from_ymd_opt(2026, 11, *day).unwrap();
                *counts.entry((day, status.to_owned())).or_insert(0) += 1;
            }
        }
        counts
    }

    fn stories() -> impl Strategy<Value = Vec<Story>> {
        prop::collection::vec(
            (
                1..6_u32,
                prop::collection::vec(0..STATUSES.len(), 0..4),
                any::<bool>(),
            ),
            0..40,
        )
    }

    proptest! {
        #[test]
        fn any_batching_gives_the_counts_of_the_submissions_as_they_stand(
            stories in stories(),
            sizes in prop::collection::vec(1..9_usize, 1..8),
        ) {
            let log = told(&stories);
            let mut counts = BTreeMap::new();
            let (mut rest, mut turn) = (log.as_slice(), 0);
            while !rest.is_empty() {
                let (batch, later) = rest.split_at(sizes[turn % sizes.len()].min(rest.len()));
                let mut deltas = Deltas::default();
                for (kind, data) in batch {
                    deltas.add(kind, data).unwrap();
                }
                let (days, statuses, by) = deltas.into_columns();
                for ((day, status), by) in days.into_iter().zip(statuses).zip(by) {
                    *counts.entry((day, status)).or_insert(0) += by;
                }
                (rest, turn) = (later, turn + 1);
            }
            counts.retain(|_, count| *count != 0);
            prop_assert_eq!(counts, looked_up(&stories));
        }
    }

    #[test]
    fn an_update_without_another_status_changes_nothing() {
        let mut deltas = Deltas::default();
        deltas
            .add(events::SUBMISSION_UPDATED, &data(1, "new", None))
            .unwrap();
        deltas
            .add("keylight.submission.praised.v7", "not even json")
            .unwrap();
        assert_eq!(deltas, Deltas::default());
    }

    fn imported(day: &str, status: &str, previous: Option<(&str, &str)>) -> String {
        serde_json::to_string(&ImportedFacts {
            submission_id: 1,
            version: 1,
            created_on: day.parse().unwrap(),
            status: status.to_owned(),
            previous_created_on: previous.map(|(day, _)| day.parse().unwrap()),
            previous_status: previous.map(|(_, status)| status.to_owned()),
            buyer_category: "homebuyer".to_owned(),
            actor: "import".to_owned(),
        })
        .unwrap()
    }

    #[test]
    fn what_the_predecessor_knew_is_counted_as_it_is_and_moves_when_it_changes_there() {
        let mut deltas = Deltas::default();
        for (day, status) in [
            ("-0043-03-15", "new"),
            ("1970-01-01", ""),
            ("+12026-01-01", "Bogus"),
        ] {
            let data = imported(day, status, None);
            deltas.add(events::SUBMISSION_IMPORTED, &data).unwrap();
        }
        let data = imported("2025-08-18", "new", Some(("1970-01-01", "")));
        deltas.add(events::SUBMISSION_IMPORTED, &data).unwrap();
        let (days, statuses, counts) = deltas.into_columns();
        let days: Vec<_> = days.iter().map(ToString::to_string).collect();
        assert_eq!(days, ["-0043-03-15", "2025-08-18", "+12026-01-01"]);
        assert_eq!(statuses, ["new", "new", "Bogus"]);
        assert_eq!(counts, [1, 1, 1]);
    }

    #[test]
    fn unreadable_data_is_told_and_changes_nothing() {
        let mut deltas = Deltas::default();
        let error = deltas
            .add(events::SUBMISSION_CREATED, r#"{"status":"new"}"#)
            .unwrap_err();
        assert!(error.to_string().contains(events::SUBMISSION_CREATED));
        assert_eq!(deltas, Deltas::default());
    }
}
