//! A database of the predecessor with every kind of mess, the same for the same seed.
//!
//! `shape` makes the tables as either way of the predecessor leaves them; `mess` makes applications, ordinary and not;
//! users and projects then come about as there: partly by a step that copied them once, partly by hand.

mod draw;
mod mess;
mod shape;

pub use draw::Draw;
pub use mess::{KINDS, NASTY};
pub use shape::{Shape, Variant};

use anyhow::{Context as _, Result};
use mess::{Application, TEXTS};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};

/// Rows that are inserted at once.
const AT_ONCE: usize = 500;
/// The highest id that the predecessor can have.
pub const HIGHEST_ID: i64 = i32::MAX as i64;

/// What database is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// How it was made.
    pub shape: Shape,
    /// What else is different.
    pub variant: Variant,
    /// Applications.
    pub rows: u64,
    /// Where the numbers begin.
    pub seed: u64,
    /// Descriptions of 10 MB.
    pub huge: u64,
}

impl Sample {
    /// All three tables with a number of applications.
    #[must_use]
    pub const fn new(shape: Shape, rows: u64, seed: u64) -> Self {
        Self {
            shape,
            variant: Variant::Full,
            rows,
            seed,
            huge: 0,
        }
    }

    /// Makes tables and rows in an empty database.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn make(&self, pool: &PgPool) -> Result<()> {
        pool.execute(AssertSqlSafe(self.shape.tables(self.variant)))
            .await
            .context("the tables cannot be made")?;
        let mut draw = Draw::new(self.seed);
        let mut batch: Vec<Application> = Vec::new();
        let (mut id, mut before): (i64, Option<Application>) = (0, None);
        for n in 0..self.rows {
            id += if draw.chance(5) {
                1 + i64::try_from(draw.below(20))?
            } else {
                1
            };
            let number = match n {
                0 => -5,
                1 => 0,
                n if n + 1 == self.rows => HIGHEST_ID,
                _ => id,
            };
            let mut one = mess::ordinary(&mut draw, number);
            // every kind once at the start, later here and there
            let kind = if n < KINDS {
                Some(n)
            } else {
                draw.chance(15).then(|| draw.below(KINDS))
            };
            if let Some(kind) = kind {
                one = mess::spoil(&mut draw, kind, self.shape, one, before.as_ref());
            }
            if n >= KINDS && n < KINDS + self.huge {
                one.texts[11] = Some("10 megabytes ".repeat(800_000));
            }
            before = Some(one.clone());
            batch.push(one);
            if batch.len() == AT_ONCE || n + 1 == self.rows || n < KINDS + self.huge {
                self.insert(pool, &batch).await?;
                batch.clear();
            }
        }
        if self.variant != Variant::OnlySubmissions {
            self.derive(pool).await?;
        }
        if self.variant == Variant::OtherColumns {
            pool.execute(
                r#"UPDATE intake_submissions SET utm_source = 'mail ' || id WHERE id % 3 = 0;
                   UPDATE intake_submissions SET score = id * 1.25, tags = '{"a": [1, null, "x"], "b": 1.10}' WHERE id % 5 = 0;
                   UPDATE users SET "Nick ""Name""" = 'Nicky' WHERE id % 2 = 0;"#,
            )
            .await
            .context("other columns cannot be filled")?;
        }
        Ok(())
    }

    async fn insert(&self, pool: &PgPool, rows: &[Application]) -> Result<()> {
        let without_source = self.variant == Variant::OtherColumns;
        let names: Vec<&str> = TEXTS
            .into_iter()
            .filter(|name| !(without_source && *name == "referral_source"))
            .collect();
        let arrays: Vec<String> = (0..names.len())
            .map(|place| format!("${}::text[]", place + 6))
            .collect();
        let sql = format!(
            "INSERT INTO intake_submissions
                 (id, interested_in_preferred_lender, needs_help_finding_land, created_at, updated_at, {0})
             SELECT id, lender, help, created_at::timestamptz, updated_at::timestamptz, {0}
             FROM unnest($1::bigint[], $2::boolean[], $3::boolean[], $4::text[], $5::text[], {1})
                  AS i (id, lender, help, created_at, updated_at, {0})",
            names.join(", "),
            arrays.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.lender).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.help).collect::<Vec<_>>())
            .bind(
                rows.iter()
                    .map(|row| row.created_at.clone())
                    .collect::<Vec<_>>(),
            )
            .bind(
                rows.iter()
                    .map(|row| row.updated_at.clone())
                    .collect::<Vec<_>>(),
            );
        for place in 0..names.len() {
            query = query.bind(
                rows.iter()
                    .map(|row| row.texts[place].clone())
                    .collect::<Vec<_>>(),
            );
        }
        query
            .execute(pool)
            .await
            .context("applications cannot be inserted")?;
        Ok(())
    }

    /// Users and projects: the copying step over the older half, run twice for projects, and what people did by hand.
    async fn derive(&self, pool: &PgPool) -> Result<()> {
        let times = match self.shape {
            Shape::Sql => {
                "UPDATE users SET created_at = NULL, updated_at = 'infinity' WHERE id % 7 = 0;
                           UPDATE projects SET created_at = NULL WHERE id % 7 = 0;"
            }
            Shape::Knex => "UPDATE projects SET created_at = '-infinity' WHERE id % 7 = 0;",
        };
        let middle = i64::try_from(self.rows / 2)?;
        let sql = format!(
            "ALTER TABLE intake_submissions DISABLE TRIGGER USER;
             INSERT INTO users (full_name, email_address, created_at, updated_at)
                 SELECT DISTINCT ON (full_name) full_name, email_address, '2025-08-18 19:45:43.123456+00', '2025-08-18 19:45:43.123456+00'
                 FROM intake_submissions WHERE id <= {middle} ORDER BY full_name, id
                 ON CONFLICT DO NOTHING;
             INSERT INTO projects (name, description, created_at, updated_at)
                 SELECT DISTINCT 'Project: ' || left(project_description, 40), project_description,
                        timestamptz '2025-08-18 19:45:43.5+00', timestamptz '2025-08-18 19:45:43.5+00'
                 FROM intake_submissions WHERE id <= {middle} AND length(project_description) <= 255 ORDER BY 2;
             INSERT INTO projects (name, description, created_at, updated_at)
                 SELECT name, description, created_at, updated_at FROM projects WHERE id % 10 = 0 ORDER BY id;
             UPDATE intake_submissions s SET user_id = u.id FROM users u
                 WHERE u.full_name = s.full_name AND u.email_address = s.email_address AND s.id <= {middle};
             UPDATE intake_submissions s SET project_id = p.id
                 FROM (SELECT description, max(id) AS id FROM projects GROUP BY description) p
                 WHERE p.description = s.project_description AND s.id <= {middle};
             INSERT INTO users (full_name, email_address, phone_number, company_name, created_at, updated_at) VALUES
                 ('Ann Lee', 'ann@x.co', '555', NULL, '2025-09-01 00:00:00+00', '2025-09-01 00:00:00+00'),
                 ('Ann Lee', 'Ann@x.co', NULL, '', '2025-09-01 00:00:00+00', '2025-09-01 00:00:00+00'),
                 ('Ann Lee', ' ANN@x.co', NULL, 'Lee & Co', '2025-09-01 00:00:00+00', '2025-09-02 00:00:00+00'),
                 ('Nobody', 'nobody@example.com', '----------', NULL, '2025-09-01 00:00:00+00', '2025-08-01 00:00:00+00');
             INSERT INTO users (id, full_name, email_address, created_at, updated_at)
                 VALUES (-7, 'Minus', 'minus@example.com', '2025-09-01 00:00:00+00', '2025-09-01 00:00:00+00');
             INSERT INTO projects (name, description, status, user_id, clickup_task_id, created_at, updated_at, buyer_category)
                 SELECT 'By hand ' || u.id, NULL, (ARRAY['active', 'On Hold', NULL, 'planning', 'completed', 'cancelled', ''])[1 + u.id % 7],
                        u.id, '86abc' || u.id, '2025-10-01 00:00:00+00', '2025-10-01 00:00:00+00',
                        CASE u.id % 3 WHEN 0 THEN 'Investor' END
                 FROM users u WHERE u.id % 50 = 0 ORDER BY u.id;
             -- by hand and wrong: somebody else's user, somebody else's project, one of the two links
             UPDATE intake_submissions SET user_id = (SELECT min(id) FROM users WHERE id > 0) WHERE id % 101 = 0;
             UPDATE intake_submissions SET project_id = (SELECT min(id) FROM projects WHERE user_id IS NOT NULL) WHERE id % 103 = 0;
             UPDATE intake_submissions SET project_id = NULL WHERE id % 107 = 0;
             {times}
             ALTER TABLE intake_submissions ENABLE TRIGGER USER;"
        );
        pool.execute(AssertSqlSafe(sql))
            .await
            .context("users and projects cannot be made")?;
        Ok(())
    }
}
