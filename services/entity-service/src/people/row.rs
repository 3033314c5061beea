//! A stored person, and how they travel.

use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::people::Traits;

/// One row of `entity.users` with what belongs to it. Times of the predecessor that no calendar knows are `None`.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct PersonRow {
    pub(crate) id: i64,
    pub(crate) full_name: String,
    pub(crate) email_address: String,
    pub(crate) email_key: String,
    pub(crate) phone_number: Option<String>,
    pub(crate) company_name: Option<String>,
    pub(crate) holds_email: bool,
    pub(crate) version: i64,
    pub(crate) created_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) merged_into: Option<i64>,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
    pub(crate) erased_at: Option<DateTime<Utc>>,
    pub(crate) submission_count: i64,
    pub(crate) project_count: i64,
}

impl PersonRow {
    /// Whether staff see the person in lists.
    pub(crate) fn is_present(&self) -> bool {
        self.deleted_at.is_none() && self.merged_into.is_none()
    }

    /// What is compared when duplicates are looked for.
    pub(crate) fn traits(&self) -> Traits {
        Traits::of(
            &self.full_name,
            &self.email_address,
            self.phone_number.as_deref(),
            self.company_name.as_deref(),
        )
    }
}

impl From<PersonRow> for v1::Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id,
            full_name: row.full_name,
            email_address: row.email_address,
            phone_number: row.phone_number,
            company_name: row.company_name,
            version: row.version,
            created_at: row.created_at.map(to_wire),
            updated_at: row.updated_at.map(to_wire),
            merged_into: row.merged_into,
            deleted_at: row.deleted_at.map(to_wire),
            submission_count: row.submission_count,
            project_count: row.project_count,
        }
    }
}

/// The columns of a [`PersonRow`] of `u`, for queries that are put together.
pub(crate) const COLUMNS: &str = "u.id, u.full_name, u.email_address, u.email_key, u.phone_number, u.company_name, \
     u.holds_email, u.version, \
     CASE WHEN u.created_at > '-infinity' AND u.created_at < '200000-01-01' THEN u.created_at END AS created_at, \
     CASE WHEN u.updated_at > '-infinity' AND u.updated_at < '200000-01-01' THEN u.updated_at END AS updated_at, \
     u.merged_into, u.deleted_at, u.erased_at, \
     (SELECT count(*) FROM entity.submissions s WHERE s.user_id = u.id \
         AND coalesce(s.deleted_at, 'infinity') = 'infinity') AS submission_count, \
     (SELECT count(*) FROM ( \
         SELECT p.id FROM entity.projects p WHERE p.user_id = u.id AND coalesce(p.deleted_at, 'infinity') = 'infinity' \
         UNION SELECT p.id FROM entity.project_people r JOIN entity.projects p ON p.id = r.project_id \
             AND coalesce(p.deleted_at, 'infinity') = 'infinity' WHERE r.user_id = u.id) part) AS project_count";

/// `select_people!("WHERE u.…", arguments…)`: a checked query for whole rows. Counts are of what is not deleted.
macro_rules! select_people {
    ($tail:tt $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::people::row::PersonRow,
            "SELECT u.id, u.full_name, u.email_address, u.email_key, u.phone_number, u.company_name, u.holds_email, \
             u.version, CASE WHEN u.created_at > '-infinity' AND u.created_at < '200000-01-01' THEN u.created_at END AS created_at, \
             CASE WHEN u.updated_at > '-infinity' AND u.updated_at < '200000-01-01' THEN u.updated_at END AS updated_at, \
             u.merged_into, u.deleted_at, \
             u.erased_at, (SELECT count(*) FROM entity.submissions s WHERE s.user_id = u.id \
                 AND coalesce(s.deleted_at, 'infinity') = 'infinity') AS \"submission_count!\", \
             (SELECT count(*) FROM ( \
                 SELECT p.id FROM entity.projects p WHERE p.user_id = u.id \
                     AND coalesce(p.deleted_at, 'infinity') = 'infinity' \
                 UNION SELECT p.id FROM entity.project_people r JOIN entity.projects p ON p.id = r.project_id \
                     AND coalesce(p.deleted_at, 'infinity') = 'infinity' WHERE r.user_id = u.id) part) \
                 AS \"project_count!\" FROM entity.users u " + $tail
            $(, $argument)*
        )
    };
}

pub(crate) use select_people;
