//! From memory into the table.

use super::{CallLog, Entry, dropped};
use keylight_store::error::StoreError;
use sqlx::PgPool;

impl CallLog {
    /// Stores what waits, in one statement.
    ///
    /// # Errors
    /// When the database is away: the entries wait on. Entries that it refuses for good are let go.
    pub async fn store(&self, pool: &PgPool) -> Result<(), StoreError> {
        let entries = self.take();
        if entries.is_empty() {
            return Ok(());
        }
        let stored = insert(pool, &entries).await;
        match &stored {
            Ok(()) => {}
            Err(StoreError::Unavailable(_) | StoreError::Contention(_)) => self.put_back(entries),
            Err(_) => dropped(entries.len()),
        }
        stored
    }
}

fn signed(number: Option<u32>) -> Option<i32> {
    number.and_then(|number| i32::try_from(number).ok())
}

async fn insert(pool: &PgPool, entries: &[Entry]) -> Result<(), StoreError> {
    fn column<T>(entries: &[Entry], of: impl Fn(&Entry) -> T) -> Vec<T> {
        entries.iter().map(of).collect()
    }
    let times = column(entries, |entry| entry.at);
    let routes = column(entries, |entry| entry.came_to.route.to_owned());
    let submissions = column(entries, |entry| entry.submission_id);
    let outcomes = column(entries, |entry| entry.came_to.outcome.to_owned());
    let statuses = column(entries, |entry| entry.came_to.status.map(i32::from));
    let millis = column(entries, |entry| entry.millis);
    let remaining = column(entries, |entry| signed(entry.came_to.remaining));
    let correlations = column(entries, |entry| entry.correlation_id.clone());
    let lanes = column(entries, |entry| entry.lane.number());
    let codes = column(entries, |entry| {
        entry.came_to.ecode.as_deref().map(ToOwned::to_owned)
    });
    let limits = column(entries, |entry| signed(entry.came_to.limit));
    sqlx::query!(
        r#"INSERT INTO sync.api_calls
               (at, route, submission_id, outcome, status, millis, remaining, correlation_id, lane, ecode, call_limit)
           SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::int[], $7::int[],
                                $8::text[], $9::smallint[], $10::text[], $11::int[])"#,
        &times,
        &routes,
        &submissions as &[Option<i64>],
        &outcomes,
        &statuses as &[Option<i32>],
        &millis,
        &remaining as &[Option<i32>],
        &correlations as &[Option<String>],
        &lanes,
        &codes as &[Option<String>],
        &limits as &[Option<i32>],
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app;
    use crate::remote::{Subject, call_log::Outcome};
    use keylight_domain::sync::budget::Lane;
    use keylight_runtime::clock::SystemClock;

    #[tokio::test]
    async fn entries_wait_for_the_database() {
        let database = keylight_testkit::postgres::database(|pool: PgPool| async move {
            keylight_store::migrate::migrate(&pool, &app::MIGRATIONS, app::SCHEMA).await
        })
        .await;
        let log = CallLog::default();
        let add = || {
            let outcome = Outcome {
                route: "GET /v2/user",
                outcome: "ok",
                ecode: None,
                status: Some(200),
                remaining: None,
                limit: None,
            };
            log.begin(&SystemClock, Lane::Normal, Subject::none())
                .end(outcome);
        };
        add();
        let away = sqlx::PgPool::connect_lazy(&database.url).unwrap();
        away.close().await;
        assert!(matches!(
            log.store(&away).await,
            Err(StoreError::Unavailable(_))
        ));
        add();
        log.store(&database.pool).await.unwrap();
        log.store(&database.pool).await.unwrap();
        let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM sync.api_calls")
            .fetch_one(&database.pool)
            .await
            .unwrap();
        assert_eq!(stored, 2);
    }
}
