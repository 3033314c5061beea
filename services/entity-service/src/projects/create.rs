//! Staff begin a project.

use super::{Differences, Started, Workshop, people, read};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::{
    error::DomainError,
    intake::VALIDATION_FAILED,
    projects::{ProjectFields, ProjectStatus},
};
use keylight_store::StoreError;

/// The fields as they came.
pub(super) fn fields(fields: Option<v1::ProjectFields>) -> ProjectFields {
    let fields = fields.unwrap_or_default();
    ProjectFields {
        name: fields.name,
        description: fields.description,
        user_id: fields.user_id,
        buyer_category: fields.buyer_category,
        financing_plan: fields.financing_plan,
        interested_in_preferred_lender: fields.interested_in_preferred_lender,
        land_status: fields.land_status,
        lot_address: fields.lot_address,
        needs_help_finding_land: fields.needs_help_finding_land,
        preferred_area_description: fields.preferred_area_description,
        build_budget: fields.build_budget,
        construction_timeline: fields.construction_timeline,
    }
}

/// What is wrong with fields, for the caller.
pub(super) fn refused(problems: Vec<String>) -> DomainError {
    DomainError::invalid(VALIDATION_FAILED).with_details(problems)
}

/// Creates it, planned and owned.
///
/// # Errors
/// `InvalidInput` with one detail per field; an owner who does not exist is a wrong field as well.
pub async fn create(
    workshop: &Workshop,
    request: v1::CreateProjectRequest,
) -> Result<v1::Project, DomainError> {
    let fields = fields(request.fields).for_new().map_err(refused)?;
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(project) => return Ok(project),
        Started::Fresh(work) => work,
    };
    let owner = fields.user_id.unwrap_or_default();
    people::hold_person(&mut work.transaction, owner).await?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let name = fields.name.unwrap_or_default();
    let id = sqlx::query_scalar!(
        "INSERT INTO entity.projects
             (name, description, status, user_id, buyer_category, financing_plan, interested_in_preferred_lender,
              land_status, lot_address, needs_help_finding_land, preferred_area_description, build_budget,
              construction_timeline, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
         RETURNING id",
        name,
        given(fields.description),
        ProjectStatus::Planning.as_str(),
        owner,
        given(fields.buyer_category),
        given(fields.financing_plan),
        fields.interested_in_preferred_lender,
        given(fields.land_status),
        given(fields.lot_address),
        fields.needs_help_finding_land,
        given(fields.preferred_area_description),
        given(fields.build_budget),
        given(fields.construction_timeline),
        work.at,
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut made = Differences::default();
    made.of("user_id", &None, &Some(owner));
    made.of("status", &None, &Some(ProjectStatus::Planning));
    work.note(Record::Project(id), "created", made).await?;
    let project: v1::Project = read(&mut work.transaction, id).await?.into();
    workshop.finish(work, &project, Some(owner)).await?;
    Ok(project)
}
