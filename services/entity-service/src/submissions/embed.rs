//! The person and the project beside a submission, when asked for.

use keylight_contracts::v1;
use keylight_store::StoreError;
use sqlx::PgPool;
use std::collections::HashMap;

/// Puts persons and projects beside the submissions: one statement for all persons, one for all projects.
///
/// # Errors
/// When the database fails.
pub async fn embed(
    pool: &PgPool,
    submissions: &mut [v1::Submission],
    with_user: bool,
    with_project: bool,
) -> Result<(), StoreError> {
    if with_user {
        let persons = persons(pool, ids(submissions, |row| row.user_id)).await?;
        for submission in submissions.iter_mut() {
            submission.user = submission.user_id.and_then(|id| persons.get(&id).cloned());
        }
    }
    if with_project {
        let projects = projects(pool, ids(submissions, |row| row.project_id)).await?;
        for submission in submissions.iter_mut() {
            submission.project = submission
                .project_id
                .and_then(|id| projects.get(&id).cloned());
        }
    }
    Ok(())
}

fn ids(submissions: &[v1::Submission], of: impl Fn(&v1::Submission) -> Option<i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = submissions.iter().filter_map(of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn persons(pool: &PgPool, ids: Vec<i64>) -> Result<HashMap<i64, v1::Applicant>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "SELECT id, full_name, email_address, phone_number, company_name FROM entity.users WHERE id = ANY($1)",
        &ids,
    )
    .fetch_all(pool)
    .await?;
    let persons = rows.into_iter().map(|row| {
        let person = v1::Applicant {
            id: row.id,
            full_name: row.full_name,
            email_address: row.email_address,
            phone_number: row.phone_number,
            company_name: row.company_name,
        };
        (row.id, person)
    });
    Ok(persons.collect())
}

async fn projects(
    pool: &PgPool,
    ids: Vec<i64>,
) -> Result<HashMap<i64, v1::ProjectSummary>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        "SELECT id, name, status, user_id FROM entity.projects WHERE id = ANY($1)",
        &ids,
    )
    .fetch_all(pool)
    .await?;
    let projects = rows.into_iter().map(|row| {
        let project = v1::ProjectSummary {
            id: row.id,
            name: row.name,
            status: row.status,
            user_id: row.user_id,
        };
        (row.id, project)
    });
    Ok(projects.collect())
}
