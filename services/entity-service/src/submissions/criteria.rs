//! What a list is narrowed to, in SQL.
//!
//! Every filter that is given becomes a condition of its own, so that each combination gets the plan that suits it.

use chrono::{DateTime, Utc};
use keylight_contracts::{time::from_wire, v1};
use keylight_domain::intake;
use sha2::{Digest as _, Sha256};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// The columns with few values that can be filtered by, in the order in which they are counted.
pub const KINDS: [&str; 7] = [
    "status",
    "buyer_category",
    "build_budget",
    "construction_timeline",
    "financing_plan",
    "land_status",
    "sync_state",
];

/// Who takes care of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// Nobody.
    Nobody,
    /// This staff account.
    To(Uuid),
}

/// The filters of one list. Empty texts are no filters; a value that does not exist matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Criteria {
    /// Wanted values in the order of [`KINDS`].
    pub kinds: [Option<String>; 7],
    /// The person.
    pub user_id: Option<i64>,
    /// The project.
    pub project_id: Option<i64>,
    /// Address of the application, folded.
    pub email_key: Option<String>,
    /// Not before.
    pub created_from: Option<DateTime<Utc>>,
    /// Before.
    pub created_to: Option<DateTime<Utc>>,
    /// Who takes care of it.
    pub assigned: Option<Assigned>,
    /// One of the values cannot be any row's.
    pub nothing: bool,
    /// Those in the bin instead of those that are there.
    pub deleted: bool,
}

impl Criteria {
    /// Reads the filters of a request.
    #[must_use]
    pub fn read(filter: Option<v1::SubmissionFilter>, deleted: bool) -> Self {
        let filter = filter.unwrap_or_default();
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut nothing = false;
        let email_key = some(filter.user_email).map(|text| intake::trim(&text).to_lowercase());
        let assigned = some(filter.assignee).and_then(|text| match Uuid::try_parse(&text) {
            _ if text == "none" => Some(Assigned::Nobody),
            Ok(id) => Some(Assigned::To(id)),
            Err(_) => {
                nothing = true;
                None
            }
        });
        let mut time = |wire: Option<prost_types::Timestamp>| {
            let read = wire.as_ref().and_then(from_wire);
            nothing |= wire.is_some() && read.is_none();
            read
        };
        let (created_from, created_to) = (time(filter.created_from), time(filter.created_to));
        let kinds = [
            some(filter.status),
            some(filter.buyer_category),
            some(filter.build_budget),
            some(filter.construction_timeline),
            some(filter.financing_plan),
            some(filter.land_status),
            some(filter.sync_state),
        ];
        // no text of the database holds a NUL character, and it does not take one in a question either
        let texts = kinds.iter().chain([&email_key]).flatten();
        nothing |= texts.into_iter().any(|text| text.contains('\0'));
        Self {
            kinds,
            user_id: filter.user_id,
            project_id: filter.project_id,
            email_key,
            created_from,
            created_to,
            assigned,
            nothing,
            deleted,
        }
    }

    /// Whether nothing but the values of [`KINDS`] is asked for, of those that are not deleted.
    #[must_use]
    pub fn only_kinds(&self) -> bool {
        let plain = Self {
            kinds: self.kinds.clone(),
            ..Self::default()
        };
        *self == plain
    }

    /// Whether everything is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the conditions on `s`, beginning with `WHERE`.
    pub fn push(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(if self.deleted {
            " WHERE s.deleted_at IS NOT NULL"
        } else {
            " WHERE s.deleted_at IS NULL"
        });
        for (column, value) in KINDS.iter().zip(&self.kinds) {
            match value.as_deref() {
                None => {}
                // as a literal, so that the index of those that failed is known to fit
                Some("failed") if *column == "sync_state" => {
                    query.push(" AND s.sync_state = 'failed'");
                }
                Some(value) => {
                    query
                        .push(" AND s.")
                        .push(*column)
                        .push(" = ")
                        .push_bind(value);
                }
            }
        }
        if let Some(id) = self.user_id {
            query.push(" AND s.user_id = ").push_bind(id);
        }
        if let Some(id) = self.project_id {
            query.push(" AND s.project_id = ").push_bind(id);
        }
        if let Some(key) = &self.email_key {
            query.push(" AND s.email_key = ").push_bind(key.as_str());
        }
        if let Some(time) = self.created_from {
            query.push(" AND s.created_at >= ").push_bind(time);
        }
        if let Some(time) = self.created_to {
            query.push(" AND s.created_at < ").push_bind(time);
        }
        match self.assigned {
            None => {}
            Some(Assigned::Nobody) => {
                query.push(" AND s.assignee IS NULL");
            }
            Some(Assigned::To(id)) => {
                query.push(" AND s.assignee = ").push_bind(id);
            }
        }
    }

    /// Tells these filters apart from others, for a place in their list.
    #[must_use]
    pub fn digest(&self) -> [u8; 8] {
        let digest = Sha256::digest(format!("{self:?}"));
        let mut short = [0; 8];
        short.copy_from_slice(&digest[..8]);
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: v1::SubmissionFilter) -> Criteria {
        Criteria::read(Some(filter), false)
    }

    #[test]
    fn empty_values_are_no_filters() {
        let filter = v1::SubmissionFilter {
            status: Some(String::new()),
            user_email: Some(String::new()),
            assignee: Some(String::new()),
            ..Default::default()
        };
        assert!(read(filter).is_empty());
        assert!(Criteria::read(None, false).is_empty());
    }

    #[test]
    fn what_cannot_be_matches_nothing() {
        let with = |filter: v1::SubmissionFilter| read(filter).nothing;
        assert!(with(v1::SubmissionFilter {
            land_status: Some("a\0".to_owned()),
            ..Default::default()
        }));
        assert!(with(v1::SubmissionFilter {
            assignee: Some("somebody".to_owned()),
            ..Default::default()
        }));
        assert!(with(v1::SubmissionFilter {
            created_from: Some(prost_types::Timestamp {
                seconds: i64::MAX,
                nanos: 0
            }),
            ..Default::default()
        }));
        assert!(!with(v1::SubmissionFilter {
            assignee: Some("none".to_owned()),
            ..Default::default()
        }));
    }

    #[test]
    fn only_values_of_few_are_counted_ahead() {
        let mut filter = v1::SubmissionFilter {
            status: Some("new".to_owned()),
            ..Default::default()
        };
        assert!(read(filter.clone()).only_kinds());
        assert!(!Criteria::read(Some(filter.clone()), true).only_kinds());
        filter.user_id = Some(1);
        assert!(!read(filter).only_kinds());
    }
}
