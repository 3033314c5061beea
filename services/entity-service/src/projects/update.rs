//! Staff change what is known of a project.

use super::{
    Differences, Started, Workshop, check_version,
    create::{fields, refused},
    lock, people, read,
    row::ProjectRow,
};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::{error::DomainError, projects::ProjectFields};
use keylight_store::StoreError;

/// Sets what is given and leaves the rest, also where a row of the predecessor breaks today's rules. When nothing differs,
/// nothing is written.
///
/// # Errors
/// `InvalidInput` with one detail per field, `NotFound`, or `Conflict` when the version is another.
pub async fn update(
    workshop: &Workshop,
    request: v1::UpdateProjectRequest,
) -> Result<v1::Project, DomainError> {
    let fields = fields(request.fields).for_change().map_err(refused)?;
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(project) => return Ok(project),
        Started::Fresh(work) => work,
    };
    let before = lock(&mut work.transaction, request.id).await?;
    check_version("project", request.expected_version, before.version)?;
    let owner = fields
        .user_id
        .filter(|owner| before.user_id != Some(*owner));
    let after = applied(&before, fields);
    let mut differences = differences(&before, &after);
    if let Some(owner) = owner {
        people::hold_person(&mut work.transaction, owner).await?;
        people::put_owner(&mut work, &before, owner).await?;
        differences.of("user_id", &before.user_id, &Some(owner));
    }
    if !differences.is_empty() {
        sqlx::query!(
            "UPDATE entity.projects
             SET name = $2, description = $3, buyer_category = $4, financing_plan = $5,
                 interested_in_preferred_lender = $6, land_status = $7, lot_address = $8, needs_help_finding_land = $9,
                 preferred_area_description = $10, build_budget = $11, construction_timeline = $12, updated_at = $13,
                 version = version + 1
             WHERE id = $1",
            after.id,
            after.name,
            after.description,
            after.buyer_category,
            after.financing_plan,
            after.interested_in_preferred_lender,
            after.land_status,
            after.lot_address,
            after.needs_help_finding_land,
            after.preferred_area_description,
            after.build_budget,
            after.construction_timeline,
            work.at,
        )
        .execute(&mut *work.transaction)
        .await
        .map_err(StoreError::from)?;
        work.note(Record::Project(request.id), "changed", differences)
            .await?;
    }
    let row = read(&mut work.transaction, request.id).await?;
    let person = row.user_id;
    let project: v1::Project = row.into();
    workshop.finish(work, &project, person).await?;
    Ok(project)
}

/// The row with what is given put in; an empty text empties. The owner is another matter.
fn applied(before: &ProjectRow, fields: ProjectFields) -> ProjectRow {
    let mut after = before.clone();
    if let Some(name) = fields.name {
        after.name = name;
    }
    let texts = [
        (&mut after.description, fields.description),
        (&mut after.buyer_category, fields.buyer_category),
        (&mut after.financing_plan, fields.financing_plan),
        (&mut after.land_status, fields.land_status),
        (&mut after.lot_address, fields.lot_address),
        (
            &mut after.preferred_area_description,
            fields.preferred_area_description,
        ),
        (&mut after.build_budget, fields.build_budget),
        (
            &mut after.construction_timeline,
            fields.construction_timeline,
        ),
    ];
    for (column, given) in texts {
        if let Some(text) = given {
            *column = Some(text).filter(|text| !text.is_empty());
        }
    }
    let answers = [
        (
            &mut after.interested_in_preferred_lender,
            fields.interested_in_preferred_lender,
        ),
        (
            &mut after.needs_help_finding_land,
            fields.needs_help_finding_land,
        ),
    ];
    for (column, given) in answers {
        *column = given.or(*column);
    }
    after
}

fn differences(before: &ProjectRow, after: &ProjectRow) -> Differences {
    let mut found = Differences::default();
    found.of("name", &before.name, &after.name);
    for (column, old, new) in [
        ("description", &before.description, &after.description),
        (
            "buyer_category",
            &before.buyer_category,
            &after.buyer_category,
        ),
        (
            "financing_plan",
            &before.financing_plan,
            &after.financing_plan,
        ),
        ("land_status", &before.land_status, &after.land_status),
        ("lot_address", &before.lot_address, &after.lot_address),
        (
            "preferred_area_description",
            &before.preferred_area_description,
            &after.preferred_area_description,
        ),
        ("build_budget", &before.build_budget, &after.build_budget),
        (
            "construction_timeline",
            &before.construction_timeline,
            &after.construction_timeline,
        ),
    ] {
        found.of(column, old, new);
    }
    found.of(
        "interested_in_preferred_lender",
        &before.interested_in_preferred_lender,
        &after.interested_in_preferred_lender,
    );
    found.of(
        "needs_help_finding_land",
        &before.needs_help_finding_land,
        &after.needs_help_finding_land,
    );
    found
}
