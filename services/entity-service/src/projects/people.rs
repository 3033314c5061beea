//! Who belongs to a project. The owner stands in the project itself, everybody else in `entity.project_people`.

use super::{Differences, Started, Work, Workshop, lock, not_found, row::ProjectRow};
use crate::journal::Record;
use keylight_contracts::v1;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    projects::ProjectRole,
};
use keylight_store::StoreError;
use sqlx::PgConnection;

/// Most people in one project, beside its owner.
pub const MAX_PEOPLE: i64 = 200;

/// Everybody of a project, owner first, then by role and in the order in which they came.
///
/// # Errors
/// When the database fails.
pub async fn of(
    connection: &mut PgConnection,
    project_id: i64,
) -> Result<Vec<v1::ProjectPerson>, StoreError> {
    let people = sqlx::query_as!(
        v1::ProjectPerson,
        r#"SELECT u.id AS user_id, m.role AS "role!", u.full_name, u.email_address, u.phone_number, u.company_name
           FROM entity.project_members m JOIN entity.users u ON u.id = m.user_id
           WHERE m.project_id = $1
           ORDER BY array_position(ARRAY['owner', 'co_buyer', 'contact'], m.role), u.id"#,
        project_id,
    )
    .fetch_all(connection)
    .await?;
    Ok(people)
}

/// Everybody of a project that is there.
///
/// # Errors
/// `NotFound` when there is no such project.
pub async fn list(workshop: &Workshop, project_id: i64) -> Result<v1::ProjectPeople, DomainError> {
    let mut connection = workshop.pool.acquire().await.map_err(StoreError::from)?;
    sqlx::query_scalar!(
        "SELECT id FROM entity.projects WHERE id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity'",
        project_id,
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(not_found)?;
    let people = of(&mut connection, project_id).await?;
    Ok(v1::ProjectPeople { people })
}

/// Adds a person in a role. Who becomes owner is nothing else any more; the owner before becomes a contact.
///
/// # Errors
/// `NotFound` for the project, `InvalidInput` for a role or person that does not exist.
pub async fn add(
    workshop: &Workshop,
    request: v1::ProjectPersonRequest,
) -> Result<v1::ProjectPeople, DomainError> {
    let role = ProjectRole::parse(&request.role).ok_or_else(no_such_role)?;
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(people) => return Ok(people),
        Started::Fresh(work) => work,
    };
    let project = lock(&mut work.transaction, request.project_id).await?;
    hold_person(&mut work.transaction, request.user_id).await?;
    let is_owner = project.user_id == Some(request.user_id);
    if role == ProjectRole::Owner {
        if !is_owner {
            put_owner(&mut work, &project, request.user_id).await?;
            let mut differences = Differences::default();
            differences.of("user_id", &project.user_id, &Some(request.user_id));
            grow(&mut work, project.id, "owner changed", differences).await?;
        }
    } else if is_owner {
        return Err(DomainError::invalid(
            "This person is the owner of the project; make somebody else the owner first",
        ));
    } else if put(&mut work, project.id, request.user_id, role).await? {
        let mut differences = Differences::default();
        differences.of(role.as_str(), &None, &Some(request.user_id));
        grow(&mut work, project.id, "person added", differences).await?;
    }
    answer(workshop, work, request.project_id).await
}

/// Takes a person out of one role, or of every role when none is named.
///
/// # Errors
/// `NotFound` for the project or when the person is not in it in that role; `InvalidInput` for its owner; `Conflict` while
/// submissions of the person belong to the project.
pub async fn remove(
    workshop: &Workshop,
    request: v1::ProjectPersonRequest,
) -> Result<v1::ProjectPeople, DomainError> {
    let role = match request.role.as_str() {
        "" => None,
        text => Some(ProjectRole::parse(text).ok_or_else(no_such_role)?),
    };
    let mut work = match workshop.begin(request.caller).await? {
        Started::Done(people) => return Ok(people),
        Started::Fresh(work) => work,
    };
    let project = lock(&mut work.transaction, request.project_id).await?;
    if project.user_id == Some(request.user_id) && matches!(role, None | Some(ProjectRole::Owner)) {
        return Err(DomainError::invalid(
            "The owner cannot be removed: add another person as owner first, who takes their place",
        ));
    }
    let gone = sqlx::query_scalar!(
        "DELETE FROM entity.project_people
         WHERE project_id = $1 AND user_id = $2 AND ($3::text IS NULL OR role = $3)
         RETURNING role",
        request.project_id,
        request.user_id,
        role.map(ProjectRole::as_str),
    )
    .fetch_all(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    if gone.is_empty() {
        return Err(DomainError::not_found(
            "This person is not in the project in that role",
        ));
    }
    refuse_to_orphan(&mut work.transaction, request.project_id, request.user_id).await?;
    let mut differences = Differences::default();
    for role in gone {
        differences.of(&role, &Some(request.user_id), &None);
    }
    grow(&mut work, request.project_id, "person removed", differences).await?;
    answer(workshop, work, request.project_id).await
}

fn no_such_role() -> DomainError {
    DomainError::invalid(format!("role must be one of: {}", ProjectRole::listed()))
}

/// Makes sure that the person exists and stays until the transaction ends.
pub(crate) async fn hold_person(
    connection: &mut PgConnection,
    user_id: i64,
) -> Result<(), DomainError> {
    let person = sqlx::query!(
        r#"SELECT merged_into, deleted_at IS NOT NULL AS "deleted!" FROM entity.users WHERE id = $1 FOR SHARE"#,
        user_id,
    )
    .fetch_optional(connection)
    .await
    .map_err(StoreError::from)?;
    let problem = match person {
        None => "user_id is not the id of a person".to_owned(),
        Some(person) => match (person.merged_into, person.deleted) {
            (Some(kept), _) => format!(
                "user_id is the id of a person who was merged into person {kept}; use that one"
            ),
            (None, true) => "user_id is the id of a deleted person; restore them first".to_owned(),
            (None, false) => return Ok(()),
        },
    };
    Err(DomainError::invalid(problem))
}

/// Makes the person the owner; the one before becomes a contact. The project is locked, and is told of by the caller.
pub(super) async fn put_owner(
    work: &mut Work,
    project: &ProjectRow,
    user_id: i64,
) -> Result<(), DomainError> {
    sqlx::query!(
        "UPDATE entity.projects SET user_id = $2 WHERE id = $1",
        project.id,
        user_id
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    // an owner is everything else as well
    sqlx::query!(
        "DELETE FROM entity.project_people WHERE project_id = $1 AND user_id = $2",
        project.id,
        user_id,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    if let Some(former) = project.user_id {
        put(work, project.id, former, ProjectRole::Contact).await?;
    }
    Ok(())
}

/// Adds the role; says whether it was not there.
pub(crate) async fn put(
    work: &mut Work,
    project_id: i64,
    user_id: i64,
    role: ProjectRole,
) -> Result<bool, DomainError> {
    let fresh = sqlx::query!(
        "INSERT INTO entity.project_people (project_id, user_id, role, added_at)
         SELECT $1, $2, $3, $4
         WHERE (SELECT count(*) FROM entity.project_people WHERE project_id = $1) < $5
         ON CONFLICT DO NOTHING",
        project_id,
        user_id,
        role.as_str(),
        work.at,
        MAX_PEOPLE,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?
    .rows_affected()
        == 1;
    if fresh {
        return Ok(true);
    }
    let there = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM entity.project_people WHERE project_id = $1 AND user_id = $2 AND role = $3) AS "there!""#,
        project_id,
        user_id,
        role.as_str(),
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    if there {
        Ok(false)
    } else {
        Err(DomainError::invalid(format!(
            "A project has at most {MAX_PEOPLE} people beside its owner; remove somebody first"
        )))
    }
}

/// Refuses to leave submissions in a project that their person has nothing to do with.
async fn refuse_to_orphan(
    connection: &mut PgConnection,
    project_id: i64,
    user_id: i64,
) -> Result<(), DomainError> {
    let ids = sqlx::query_scalar!(
        "SELECT s.id FROM entity.submissions s
         WHERE s.project_id = $1 AND s.user_id = $2 AND coalesce(s.deleted_at, 'infinity') = 'infinity'
           AND NOT EXISTS (SELECT FROM entity.project_members m WHERE m.project_id = $1 AND m.user_id = $2)
         ORDER BY s.id LIMIT 5",
        project_id,
        user_id,
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::from)?;
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Err(DomainError::new(
        ErrorCode::Conflict,
        format!(
            "Submissions of this person belong to the project ({}); link them to another project or to none first",
            ids.join(", ")
        ),
    ))
}

/// A change of the people is a change of the project.
pub(crate) async fn grow(
    work: &mut Work,
    project_id: i64,
    action: &str,
    differences: Differences,
) -> Result<(), DomainError> {
    sqlx::query!(
        "UPDATE entity.projects SET version = version + 1, updated_at = $2 WHERE id = $1",
        project_id,
        work.at,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    Ok(work
        .note(Record::Project(project_id), action, differences)
        .await?)
}

async fn answer(
    workshop: &Workshop,
    mut work: Box<Work>,
    project_id: i64,
) -> Result<v1::ProjectPeople, DomainError> {
    let people = of(&mut work.transaction, project_id).await?;
    // the answer names several people: none of them alone owns it, the first stands for it
    let first = people.first().map(|person| person.user_id);
    let reply = v1::ProjectPeople { people };
    workshop.finish(work, &reply, first).await?;
    Ok(reply)
}
