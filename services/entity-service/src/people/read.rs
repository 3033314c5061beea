//! One person, with what belongs to them.

use super::{
    not_found,
    row::{PersonRow, select_people},
};
use crate::submissions::row::select_submissions;
use chrono::{DateTime, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::error::DomainError;
use keylight_store::StoreError;
use sqlx::PgConnection;

/// Most submissions and projects in one answer.
const NEWEST: i64 = 100;

/// The person as they are now, also a deleted one.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn row(connection: &mut PgConnection, id: i64) -> Result<PersonRow, DomainError> {
    select_people!("WHERE u.id = $1", id)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(not_found)
}

/// The person with their newest submissions and projects, as far as they are asked for. One who was merged is shown with
/// whom they were merged into, so that an old reference still leads somewhere.
///
/// # Errors
/// `NotFound` when there is none, or it was deleted and deleted ones are not asked for.
pub async fn view(
    connection: &mut PgConnection,
    request: &v1::GetPersonRequest,
) -> Result<v1::PersonView, DomainError> {
    let person = row(connection, request.id).await?;
    if person.deleted_at.is_some() && !request.include_deleted {
        return Err(not_found());
    }
    let mut view = v1::PersonView::default();
    if request.with_submissions {
        let rows = select_submissions!(
            "WHERE user_id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity'
             ORDER BY created_at DESC NULLS LAST, id DESC LIMIT $2",
            request.id,
            NEWEST,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::from)?;
        view.submissions = rows.into_iter().map(Into::into).collect();
    }
    if request.with_projects {
        view.projects = projects(connection, request.id).await?;
    }
    view.person = Some(person.into());
    Ok(view)
}

struct ProjectRow {
    id: i64,
    name: String,
    description: Option<String>,
    status: Option<String>,
    user_id: Option<i64>,
    buyer_category: Option<String>,
    financing_plan: Option<String>,
    interested_in_preferred_lender: Option<bool>,
    land_status: Option<String>,
    lot_address: Option<String>,
    needs_help_finding_land: Option<bool>,
    preferred_area_description: Option<String>,
    build_budget: Option<String>,
    construction_timeline: Option<String>,
    clickup_task_id: Option<String>,
    clickup_list_id: Option<String>,
    version: i64,
    created_at: Option<DateTime<Utc>>,
    updated_at: Option<DateTime<Utc>>,
    archived_at: Option<DateTime<Utc>>,
    submission_count: i64,
    roles: Vec<String>,
}

/// The newest projects in which the person has a part.
async fn projects(
    connection: &mut PgConnection,
    person_id: i64,
) -> Result<Vec<v1::ProjectOfPerson>, StoreError> {
    let rows = sqlx::query_as!(
        ProjectRow,
        r#"SELECT p.id, p.name, p.description, p.status, p.user_id, p.buyer_category, p.financing_plan,
               p.interested_in_preferred_lender, p.land_status, p.lot_address, p.needs_help_finding_land,
               p.preferred_area_description, p.build_budget, p.construction_timeline, p.clickup_task_id,
               p.clickup_list_id, p.version, CASE WHEN p.created_at > '-infinity' AND p.created_at < '200000-01-01' THEN p.created_at END AS created_at,
               CASE WHEN p.updated_at > '-infinity' AND p.updated_at < '200000-01-01' THEN p.updated_at END AS updated_at, p.archived_at,
               (SELECT count(*) FROM entity.submissions s WHERE s.project_id = p.id
                    AND coalesce(s.deleted_at, 'infinity') = 'infinity') AS "submission_count!",
               m.roles AS "roles!"
           FROM (SELECT project_id, array_agg(role ORDER BY role <> 'owner', role) AS roles
                 FROM entity.project_members WHERE user_id = $1 GROUP BY project_id) m
           JOIN entity.projects p ON p.id = m.project_id AND p.deleted_at IS NULL
           ORDER BY p.created_at DESC NULLS LAST, p.id DESC LIMIT $2"#,
        person_id,
        NEWEST,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| v1::ProjectOfPerson {
            project: Some(v1::Project {
                id: row.id,
                name: row.name,
                description: row.description,
                status: row.status,
                user_id: row.user_id,
                buyer_category: row.buyer_category,
                financing_plan: row.financing_plan,
                interested_in_preferred_lender: row.interested_in_preferred_lender,
                land_status: row.land_status,
                lot_address: row.lot_address,
                needs_help_finding_land: row.needs_help_finding_land,
                preferred_area_description: row.preferred_area_description,
                build_budget: row.build_budget,
                construction_timeline: row.construction_timeline,
                clickup_task_id: row.clickup_task_id,
                clickup_list_id: row.clickup_list_id,
                version: row.version,
                created_at: row.created_at.map(to_wire),
                updated_at: row.updated_at.map(to_wire),
                archived_at: row.archived_at.map(to_wire),
                deleted_at: None,
                submission_count: row.submission_count,
            }),
            roles: row.roles,
        })
        .collect())
}
