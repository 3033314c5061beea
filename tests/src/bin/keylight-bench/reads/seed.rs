//! Many submissions with their people and projects, as two years of business leave them.

use crate::upkeep;
use crate::words::{name, pick, scatter, wishes};
use anyhow::{Context as _, ensure};
use chrono::{DateTime, Duration, Utc};
use sqlx::{PgPool, QueryBuilder};
use std::ops::RangeInclusive;

/// Rows of one statement.
const BATCH: i64 = 2_000;
const TWO_YEARS: i64 = 730 * 24 * 60;

/// Makes sure that there are `rows` submissions; gives the range of their ids, which has no gaps.
pub async fn seed(pool: &PgPool, rows: i64) -> anyhow::Result<RangeInclusive<i64>> {
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM entity.submissions")
        .fetch_one(pool)
        .await?;
    if found < rows {
        let began = std::time::Instant::now();
        let now = Utc::now();
        let mut from = found;
        while from < rows {
            let to = (from + BATCH).min(rows);
            let batch: Vec<Row> = (from..to)
                .map(|number| Row::new(number, rows, now))
                .collect();
            insert(pool, &batch).await.context("seeding")?;
            from = to;
        }
        upkeep::done(pool).await?;
        // as autovacuum leaves a table at night
        sqlx::query("VACUUM (ANALYZE)").execute(pool).await?;
        let seconds = began.elapsed().as_secs_f64();
        println!("{} submissions made in {seconds:.1} s", rows - found);
    }
    let (first, last, many): (i64, i64, i64) = sqlx::query_as(
        "SELECT min(id), max(id), count(*) FROM entity.submissions WHERE deleted_at IS NULL",
    )
    .fetch_one(pool)
    .await?;
    ensure!(
        many == last - first + 1,
        "the ids of the submissions have gaps: this benchmark wants a database of its own"
    );
    Ok(first..=last)
}

struct Row {
    full_name: String,
    email: String,
    phone: String,
    company: Option<String>,
    category: &'static str,
    financing: &'static str,
    land: &'static str,
    lot: Option<String>,
    area: Option<&'static str>,
    budget: &'static str,
    timeline: &'static str,
    description: String,
    status: &'static str,
    notes: Option<&'static str>,
    created_at: DateTime<Utc>,
}

impl Row {
    fn new(number: i64, rows: i64, now: DateTime<Utc>) -> Self {
        let chance = |salt: u64| scatter(number.unsigned_abs().wrapping_mul(31).wrapping_add(salt));
        let full_name = name(scatter(number.unsigned_abs()));
        let developer = chance(1).is_multiple_of(5);
        let owns_land = !chance(2).is_multiple_of(3);
        // the newest come last, with a day's disorder
        let age = (rows - number) * TWO_YEARS / rows + i64::try_from(chance(3) % 1440).unwrap_or(0);
        let status = match chance(4) % 20 {
            0..2 => "new",
            2..7 => "reviewed",
            7..11 => "qualified",
            11..14 => "disqualified",
            _ => "contacted",
        };
        Self {
            email: format!(
                "{}.{number}@example.com",
                full_name.replace(' ', ".").to_lowercase()
            ),
            full_name,
            phone: format!("555-{:03}-{:04}", chance(5) % 1000, chance(6) % 10_000),
            company: developer.then(|| format!("{} Homes", name(chance(7)))),
            category: if developer { "developer" } else { "homebuyer" },
            financing: pick(&["self_funding", "finance_build"], chance(8)),
            land: if owns_land { "own_land" } else { "need_land" },
            lot: owns_land.then(|| format!("{} Elm Street", chance(9) % 9000)),
            area: (!owns_land).then(|| {
                pick(
                    &["Ann Arbor", "near Detroit", "Lansing", "up north"],
                    chance(10),
                )
            }),
            budget: pick(
                &[
                    "200k_250k",
                    "250k_350k",
                    "350k_400k",
                    "400k_500k",
                    "500k_plus",
                ],
                chance(11),
            ),
            timeline: pick(
                &[
                    "less_than_3_months",
                    "3_to_6_months",
                    "6_to_12_months",
                    "more_than_12_months",
                ],
                chance(12),
            ),
            description: wishes(chance(13)),
            status,
            notes: (status != "new").then_some("Called back, will send a brochure."),
            created_at: now - Duration::minutes(age),
        }
    }
}

/// Plain inserts, so that whatever the database does with a new row is done.
async fn insert(pool: &PgPool, batch: &[Row]) -> anyhow::Result<()> {
    let mut transaction = pool.begin().await?;
    let mut users = QueryBuilder::new(
        "INSERT INTO entity.users (full_name, email_address, email_key, phone_number, company_name, open_submissions, \
         created_at, updated_at) ",
    );
    users.push_values(batch, |mut values, row| {
        values
            .push_bind(&row.full_name)
            .push_bind(&row.email)
            .push_bind(&row.email)
            .push_bind(&row.phone)
            .push_bind(&row.company)
            .push_bind(1)
            .push_bind(row.created_at)
            .push_bind(row.created_at);
    });
    users.push(" RETURNING id");
    let users: Vec<i64> = users
        .build_query_scalar()
        .fetch_all(&mut *transaction)
        .await?;
    let mut projects = QueryBuilder::new(
        "INSERT INTO entity.projects (name, description, user_id, buyer_category, financing_plan, land_status, \
         lot_address, build_budget, construction_timeline, created_at, updated_at) ",
    );
    projects.push_values(batch.iter().zip(&users), |mut values, (row, user)| {
        values
            .push_bind(format!("{}: {}", row.full_name, row.budget))
            .push_bind(&row.description)
            .push_bind(user)
            .push_bind(row.category)
            .push_bind(row.financing)
            .push_bind(row.land)
            .push_bind(&row.lot)
            .push_bind(row.budget)
            .push_bind(row.timeline)
            .push_bind(row.created_at)
            .push_bind(row.created_at);
    });
    projects.push(" RETURNING id");
    let projects: Vec<i64> = projects
        .build_query_scalar()
        .fetch_all(&mut *transaction)
        .await?;
    let mut submissions = QueryBuilder::new(
        "INSERT INTO entity.submissions (full_name, email_address, email_key, phone_number, company_name, \
         buyer_category, financing_plan, interested_in_preferred_lender, land_status, lot_address, \
         needs_help_finding_land, preferred_area_description, build_budget, construction_timeline, \
         project_description, status, admin_notes, referral_source, user_id, project_id, created_at, updated_at, \
         sync_state, synced_version) ",
    );
    let related = batch.iter().zip(users.iter().zip(&projects));
    submissions.push_values(related, |mut values, (row, (user, project))| {
        values
            .push_bind(&row.full_name)
            .push_bind(&row.email)
            .push_bind(&row.email)
            .push_bind(&row.phone)
            .push_bind(&row.company)
            .push_bind(row.category)
            .push_bind(row.financing)
            .push_bind(row.financing == "finance_build")
            .push_bind(row.land)
            .push_bind(&row.lot)
            .push_bind(row.area.is_some())
            .push_bind(row.area)
            .push_bind(row.budget)
            .push_bind(row.timeline)
            .push_bind(&row.description)
            .push_bind(row.status)
            .push_bind(row.notes)
            .push_bind("Ritz-Craft")
            .push_bind(user)
            .push_bind(project)
            .push_bind(row.created_at)
            .push_bind(row.created_at)
            // as if they had their tasks: nobody should work on them meanwhile
            .push_bind("synced")
            .push_bind(1_i64);
    });
    submissions.build().execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
