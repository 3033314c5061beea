//! What the counts and the search cost those who apply: `cargo test … -- --ignored --nocapture what_a_batch_costs`.

use crate::system::application;
use chrono::Utc;
use entity_service::{
    app::{MIGRATIONS, SCHEMA},
    journal::Cause,
    submissions::{
        accept,
        candidate::{self, Candidate},
    },
};
use keylight_domain::submissions::Duplicates;
use sqlx::PgPool;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn batch(number: usize) -> Vec<Candidate> {
    let one = |n: usize| {
        let mut request = application(&format!("n{number}x{n}@example.com"));
        request.build_budget = ["200k_250k", "350k_400k", "500k_plus"][n % 3].to_owned();
        request.buyer_category = ["homebuyer", "developer"][n % 2].to_owned();
        request.project_description = "A house by the lake with room for many books. ".repeat(4);
        let application = candidate::read(request).unwrap();
        Candidate {
            project_name: candidate::project_name(&application),
            application,
            event_id: Uuid::now_v7(),
            cause: Cause {
                correlation_id: Uuid::now_v7(),
                traceparent: None,
            },
        }
    };
    (0..64).map(one).collect()
}

#[tokio::test]
#[ignore = "a measurement"]
async fn what_a_batch_costs() {
    let migrate =
        |pool: PgPool| async move { keylight_store::migrate(&pool, &MIGRATIONS, SCHEMA).await };
    let database = keylight_testkit::postgres::database(migrate).await;
    let mut connection = database.pool.acquire().await.unwrap();
    let mut number = 0;
    let mut spent = [Vec::new(), Vec::new()];
    // by turns, so that both meet the same tables
    for round in 0..40 {
        for (way, times) in spent.iter_mut().enumerate() {
            let triggers = ["DISABLE", "ENABLE"][way];
            let statement = format!("ALTER TABLE entity.submissions {triggers} TRIGGER USER");
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                .execute(&mut *connection)
                .await
                .unwrap();
            for _ in 0..10 {
                number += 1;
                let candidates = batch(number);
                let candidates: Vec<&Candidate> = candidates.iter().collect();
                let began = Instant::now();
                let verdicts = accept::accept(
                    &mut connection,
                    &candidates,
                    Utc::now(),
                    Uuid::nil(),
                    Duplicates::Reject,
                )
                .await
                .unwrap();
                if round > 3 {
                    times.push(began.elapsed());
                }
                assert_eq!(verdicts.len(), 64);
            }
        }
    }
    for (name, mut times) in ["without", "with"].into_iter().zip(spent) {
        times.sort();
        let sum: Duration = times.iter().sum();
        println!(
            "{name}: median {:?}, mean {:?} for a batch of 64",
            times[times.len() / 2],
            sum / u32::try_from(times.len()).unwrap()
        );
    }
}
