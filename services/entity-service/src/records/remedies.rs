//! What mending does, case by case. The record of the case is held, and it was found to be one under that hold.

use super::{
    check::Case,
    rules::{Remedy, survivor},
};
use crate::{
    journal::Record,
    projects::{self, Differences, Work, Workshop, people, submissions::put_into},
    submissions::{
        self,
        facts::facts,
        row::{SubmissionRow, update_submission},
    },
};
use keylight_contracts::events::SUBMISSION_UPDATED;
use keylight_domain::{
    error::{DomainError, ErrorCode},
    projects::ProjectRole,
};
use keylight_store::StoreError;
use sqlx::AssertSqlSafe;

/// Holds the records of a batch, always in the same order. Who waits for a project waits before they hold a submission.
///
/// # Errors
/// When the database fails.
pub async fn hold(
    work: &mut Work,
    entity: &str,
    remedy: Remedy,
    ids: &[i64],
) -> Result<(), DomainError> {
    if remedy == Remedy::AddContact {
        sqlx::query_scalar!(
            "SELECT p.id FROM entity.projects p
             WHERE p.id IN (SELECT s.project_id FROM entity.submissions s WHERE s.id = ANY($1))
             ORDER BY p.id FOR NO KEY UPDATE",
            ids,
        )
        .fetch_all(&mut *work.transaction)
        .await
        .map_err(StoreError::from)?;
    }
    let held = match entity {
        "submission" => {
            sqlx::query_scalar!(
                "SELECT id FROM entity.submissions WHERE id = ANY($1) ORDER BY id FOR UPDATE",
                ids,
            )
            .fetch_all(&mut *work.transaction)
            .await
        }
        "project" => {
            sqlx::query_scalar!(
                "SELECT id FROM entity.projects WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
                ids,
            )
            .fetch_all(&mut *work.transaction)
            .await
        }
        // applications take the rows of people in the order of their addresses, byte by byte
        _ => {
            sqlx::query_scalar!(
                r#"SELECT id FROM entity.users WHERE id = ANY($1) ORDER BY email_key COLLATE "C", id FOR UPDATE"#,
                ids,
            )
            .fetch_all(&mut *work.transaction)
            .await
        }
    };
    held.map_err(StoreError::from)?;
    Ok(())
}

/// Mends a case; says whether it could. What cannot be mended is as it was.
///
/// # Errors
/// When the database fails.
pub async fn apply(
    workshop: &Workshop,
    work: &mut Work,
    remedy: Remedy,
    case: &Case,
) -> Result<bool, DomainError> {
    let done = match (remedy, case.target) {
        (Remedy::GivePerson, Some(target)) => give_person(workshop, work, case.id, target).await,
        (Remedy::AddContact, Some(target)) => add_contact(work, case.id, target).await,
        (Remedy::Unlink, _) => unlink(workshop, work, case.id).await,
        (Remedy::CompareAgain, _) => compare_again(work, case.id).await,
        (Remedy::Recount, _) => recount(work, case.id).await,
        (Remedy::HoldAddress, _) => hold_address(work, case.id).await,
        (Remedy::GiveOwner | Remedy::ReplaceOwner, Some(target)) => {
            give_owner(work, case.id, target).await
        }
        (Remedy::MoveRoles, Some(target)) => return move_roles(work, case.id, target).await,
        (Remedy::DropRoles, _) => drop_roles(work, case.id).await,
        (Remedy::Unarchive, _) => unarchive(work, case.id).await,
        (Remedy::Derive, _) => derive_anew(work).await,
        (_, None) => return Ok(false),
    };
    match done {
        Ok(()) => Ok(true),
        // a rule of the operation forbids it: then a person has to decide after all
        Err(error) if matches!(error.code, ErrorCode::InvalidInput | ErrorCode::NotFound) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn give_person(
    workshop: &Workshop,
    work: &mut Work,
    id: i64,
    user_id: i64,
) -> Result<(), DomainError> {
    people::hold_person(&mut work.transaction, user_id).await?;
    let before: SubmissionRow = submissions::lock(&mut work.transaction, id).await?;
    let after = update_submission!(
        "SET user_id = $2, updated_at = $3, version = s.version + 1,
             sync_state = CASE WHEN s.sync_state = 'off' THEN 'off' ELSE 'pending' END
         WHERE s.id = $1",
        id,
        user_id,
        work.at,
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("user_id", &before.user_id, &after.user_id);
    let told = facts(&before, &after, &work.caller.actor);
    work.tell(workshop, SUBMISSION_UPDATED, "repaired", differences, &told)
        .await?;
    Ok(())
}

async fn add_contact(work: &mut Work, id: i64, user_id: i64) -> Result<(), DomainError> {
    let submission = submissions::lock(&mut work.transaction, id).await?;
    let project_id = submission
        .project_id
        .ok_or_else(|| DomainError::not_found("no project"))?;
    if people::put(work, project_id, user_id, ProjectRole::Contact).await? {
        let mut differences = Differences::default();
        differences.of(ProjectRole::Contact.as_str(), &None, &Some(user_id));
        people::grow(work, project_id, "repaired", differences).await?;
    }
    Ok(())
}

async fn unlink(workshop: &Workshop, work: &mut Work, id: i64) -> Result<(), DomainError> {
    let before = submissions::lock(&mut work.transaction, id).await?;
    put_into(workshop, work, &before, None, "repaired").await?;
    Ok(())
}

/// The regular look at what waits finds it.
async fn compare_again(work: &mut Work, id: i64) -> Result<(), DomainError> {
    let row = sqlx::query!(
        "UPDATE entity.submissions s SET synced_version = 0,
             sync_state = CASE WHEN s.sync_state = 'off' THEN 'off' ELSE 'pending' END
         FROM (SELECT id, sync_state, synced_version FROM entity.submissions WHERE id = $1) b
         WHERE s.id = b.id
         RETURNING b.sync_state AS before_state, b.synced_version AS before_version, s.sync_state",
        id,
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("sync_state", &row.before_state, &row.sync_state);
    differences.of("synced_version", &row.before_version, &0);
    Ok(work
        .note(Record::Submission(id), "repaired", differences)
        .await?)
}

async fn recount(work: &mut Work, id: i64) -> Result<(), DomainError> {
    let row = sqlx::query!(
        "UPDATE entity.users u SET open_submissions = (
             SELECT count(*) FROM entity.submissions s WHERE s.email_key = u.email_key AND s.deleted_at IS NULL)
         FROM (SELECT id, open_submissions FROM entity.users WHERE id = $1) b
         WHERE u.id = b.id
         RETURNING b.open_submissions AS before, u.open_submissions AS after",
        id,
    )
    .fetch_one(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("open_submissions", &row.before, &row.after);
    Ok(work.note(Record::User(id), "repaired", differences).await?)
}

/// Everything at once: nothing of the submissions themselves changes.
async fn derive_anew(work: &mut Work) -> Result<(), DomainError> {
    let wrong = submissions::counts::check::mend(&mut work.transaction).await?;
    let mut differences = Differences::default();
    differences.of(
        "wrong_counts",
        &(wrong.combinations + wrong.values + wrong.hours),
        &0,
    );
    differences.of("wrong_search_texts", &wrong.documents, &0);
    let record = Record::Other("submissions", "derived");
    Ok(work.note(record, "repaired", differences).await?)
}

async fn hold_address(work: &mut Work, id: i64) -> Result<(), DomainError> {
    let row = sqlx::query!(
        "UPDATE entity.users u SET holds_email = true, open_submissions = (
             SELECT count(*) FROM entity.submissions s WHERE s.email_key = u.email_key AND s.deleted_at IS NULL)
         FROM (SELECT id, open_submissions FROM entity.users WHERE id = $1) b
         WHERE u.id = b.id AND NOT EXISTS (SELECT FROM entity.users h WHERE h.email_key = u.email_key AND h.holds_email)
         RETURNING b.open_submissions AS before, u.open_submissions AS after",
        id,
    )
    .fetch_optional(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(|| DomainError::not_found("somebody holds it"))?;
    let mut differences = Differences::default();
    differences.of("holds_email", &false, &true);
    differences.of("open_submissions", &row.before, &row.after);
    Ok(work.note(Record::User(id), "repaired", differences).await?)
}

/// Nobody becomes a contact by this: there was no owner, or it was the same person.
async fn give_owner(work: &mut Work, id: i64, user_id: i64) -> Result<(), DomainError> {
    people::hold_person(&mut work.transaction, user_id).await?;
    let before = projects::lock(&mut work.transaction, id).await?;
    sqlx::query!(
        "WITH dropped AS (DELETE FROM entity.project_people WHERE project_id = $1 AND user_id = $2)
         UPDATE entity.projects SET user_id = $2 WHERE id = $1",
        id,
        user_id,
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("user_id", &before.user_id, &Some(user_id));
    people::grow(work, id, "repaired", differences).await
}

async fn move_roles(work: &mut Work, id: i64, merged: i64) -> Result<bool, DomainError> {
    let statement = concat!("SELECT ", survivor!("$1"));
    let kept: Option<i64> = sqlx::query_scalar(AssertSqlSafe(statement))
        .bind(merged)
        .fetch_one(&mut *work.transaction)
        .await
        .map_err(StoreError::from)?;
    let Some(kept) = kept else {
        return Ok(false);
    };
    let moved = sqlx::query_scalar!(
        r#"WITH gone AS (
               DELETE FROM entity.project_people WHERE project_id = $1 AND user_id = $2 RETURNING role, added_at
           ), come AS (
               INSERT INTO entity.project_people (project_id, user_id, role, added_at)
               SELECT $1, $3, role, added_at FROM gone
               WHERE NOT EXISTS (SELECT FROM entity.projects WHERE id = $1 AND user_id = $3)
               ON CONFLICT DO NOTHING
           )
           SELECT role AS "role!" FROM gone"#,
        id,
        merged,
        kept,
    )
    .fetch_all(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    for role in &moved {
        differences.of(role, &merged, &kept);
    }
    people::grow(work, id, "repaired", differences).await?;
    Ok(true)
}

async fn drop_roles(work: &mut Work, id: i64) -> Result<(), DomainError> {
    let gone = sqlx::query!(
        "DELETE FROM entity.project_people pp USING entity.projects p
         WHERE p.id = $1 AND pp.project_id = p.id AND pp.user_id = p.user_id RETURNING pp.role, pp.user_id",
        id,
    )
    .fetch_all(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    for row in gone {
        differences.of(&row.role, &Some(row.user_id), &None);
    }
    people::grow(work, id, "repaired", differences).await
}

async fn unarchive(work: &mut Work, id: i64) -> Result<(), DomainError> {
    let before = projects::lock(&mut work.transaction, id).await?;
    sqlx::query!(
        "UPDATE entity.projects SET archived_at = NULL WHERE id = $1",
        id
    )
    .execute(&mut *work.transaction)
    .await
    .map_err(StoreError::from)?;
    let mut differences = Differences::default();
    differences.of("archived_at", &before.archived_at, &None);
    people::grow(work, id, "repaired", differences).await
}
