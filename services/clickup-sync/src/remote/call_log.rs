//! The last calls, for people who ask what happened. Kept in memory for a moment and stored together; a full memory drops
//! entries rather than holding up a call.

use chrono::{DateTime, Utc};
use keylight_store::error::StoreError;
use sqlx::PgPool;
use std::sync::{Mutex, PoisonError};

const MOST: usize = 2000;

/// One call.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// Method and route template.
    pub route: &'static str,
    /// For whom.
    pub submission_id: Option<i64>,
    /// `ok`, or the class of the failure.
    pub outcome: &'static str,
    /// HTTP status.
    pub status: Option<u16>,
    /// Duration in milliseconds.
    pub millis: i32,
    /// Calls left in the window.
    pub remaining: Option<u32>,
    /// From the form to the task and back.
    pub correlation_id: Option<String>,
}

/// Entries that wait to be stored.
#[derive(Default)]
pub struct CallLog(Mutex<Vec<Entry>>);

impl CallLog {
    /// Adds an entry.
    pub fn add(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < MOST {
            entries.push(entry);
        }
    }

    /// Stores what waits.
    ///
    /// # Errors
    /// When the database is away; the entries are lost then.
    pub async fn store(&self, pool: &PgPool) -> Result<(), StoreError> {
        let entries = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if entries.is_empty() {
            return Ok(());
        }
        let times: Vec<_> = entries.iter().map(|entry| entry.at).collect();
        let routes: Vec<_> = entries.iter().map(|entry| entry.route.to_owned()).collect();
        let submissions: Vec<_> = entries.iter().map(|entry| entry.submission_id).collect();
        let outcomes: Vec<_> = entries
            .iter()
            .map(|entry| entry.outcome.to_owned())
            .collect();
        let statuses: Vec<_> = entries
            .iter()
            .map(|entry| entry.status.map(i32::from))
            .collect();
        let millis: Vec<_> = entries.iter().map(|entry| entry.millis).collect();
        let remaining: Vec<_> = entries
            .iter()
            .map(|entry| entry.remaining.and_then(|left| i32::try_from(left).ok()))
            .collect();
        let correlations: Vec<_> = entries
            .iter()
            .map(|entry| entry.correlation_id.clone())
            .collect();
        sqlx::query!(
            r#"INSERT INTO sync.api_calls (at, route, submission_id, outcome, status, millis, remaining, correlation_id)
               SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::int[], $7::int[],
                                    $8::text[])"#,
            &times,
            &routes,
            &submissions as &[Option<i64>],
            &outcomes,
            &statuses as &[Option<i32>],
            &millis,
            &remaining as &[Option<i32>],
            &correlations as &[Option<String>],
        )
        .execute(pool)
        .await?;
        Ok(())
    }
}
