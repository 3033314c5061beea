//! The records themselves are emptied and deleted.

use super::{Counts, ERASED_NAME, count, note, scope::Scope};
use crate::{
    journal::Record,
    people::act::Act,
    submissions::row::{select_submissions, update_submission},
};
use keylight_contracts::events::SUBMISSION_DELETED;
use keylight_store::StoreError;
use serde_json::json;
use sqlx::PgConnection;

/// What stands where an address was; every one is different, because addresses may have to be.
fn no_address(id: i64) -> String {
    format!("erased-{id}")
}

pub(super) async fn submissions(
    connection: &mut PgConnection,
    act: &Act<'_>,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let open = select_submissions!(
        "WHERE id = ANY($1) AND coalesce(deleted_at, 'infinity') = 'infinity'",
        &scope.submissions
    )
    .fetch_all(&mut *connection)
    .await?;
    let after = update_submission!(
        "SET full_name = $2, email_address = 'erased-' || id, email_key = 'erased-' || id, phone_number = '',
             company_name = NULL, lot_address = NULL, preferred_area_description = NULL, project_description = NULL,
             admin_notes = NULL, referral_source = NULL, deleted_at = coalesce(deleted_at, $3), updated_at = $3,
             version = version + 1
         WHERE id = ANY($1)",
        &scope.submissions,
        ERASED_NAME,
        act.at
    )
    .fetch_all(&mut *connection)
    .await?;
    count(counts, "submissions", after.len() as u64);
    for now in &after {
        let values = (
            json!({ "deleted_at": null }),
            json!({ "deleted_at": act.at }),
        );
        if let Some(was) = open.iter().find(|was| was.id == now.id) {
            // without a reason, which may name the person: it stands with the proof
            let caller = crate::journal::Caller {
                why: None,
                ..act.caller.clone()
            };
            let silent = Act {
                caller: &caller,
                ..*act
            };
            silent
                .tell(connection, SUBMISSION_DELETED, "erased", (was, now), values)
                .await?;
        } else {
            note(connection, act, Record::Submission(now.id), json!({})).await?;
        }
    }
    Ok(())
}

pub(super) async fn projects(
    connection: &mut PgConnection,
    act: &Act<'_>,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    for id in &scope.projects {
        let heir = heir(connection, *id, scope).await?;
        sqlx::query!(
            "UPDATE entity.projects SET name = 'Project ' || id, description = NULL, lot_address = NULL,
                 preferred_area_description = NULL, user_id = coalesce($2, user_id), version = version + 1,
                 updated_at = $3, deleted_at = CASE WHEN $2::bigint IS NULL THEN coalesce(deleted_at, $3) ELSE deleted_at END
             WHERE id = $1",
            id,
            heir,
            act.at,
        )
        .execute(&mut *connection)
        .await?;
        let after = match heir {
            Some(heir) => {
                // whoever owns a project has no lesser role in it
                sqlx::query!(
                    "DELETE FROM entity.project_people WHERE project_id = $1 AND user_id = $2",
                    id,
                    heir
                )
                .execute(&mut *connection)
                .await?;
                json!({ "user_id": heir })
            }
            None => json!({ "deleted_at": act.at }),
        };
        note(connection, act, Record::Project(*id), after).await?;
    }
    count(counts, "projects", scope.projects.len() as u64);
    sqlx::query!(
        "DELETE FROM entity.project_people WHERE user_id = ANY($1)",
        &scope.people
    )
    .execute(&mut *connection)
    .await?;
    projects_of_others(connection, act, scope, counts).await
}

/// Who owns the project from now on, if others have a part in it.
async fn heir(
    connection: &mut PgConnection,
    project_id: i64,
    scope: &Scope,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT part.user_id AS "user_id!" FROM (
               SELECT user_id, role, added_at FROM entity.project_people WHERE project_id = $1
               UNION ALL
               SELECT user_id, 'applicant', created_at FROM entity.submissions
               WHERE project_id = $1 AND coalesce(deleted_at, 'infinity') = 'infinity'
           ) part
           JOIN entity.users u ON u.id = part.user_id
           WHERE part.user_id <> ALL($2) AND u.deleted_at IS NULL AND u.merged_into IS NULL
           ORDER BY part.role = 'co_buyer' DESC, part.role = 'contact' DESC, part.added_at, part.user_id LIMIT 1"#,
        project_id,
        &scope.people,
    )
    .fetch_optional(connection)
    .await?)
}

/// Projects of others keep what others wrote: only texts in which the person is recognised go.
async fn projects_of_others(
    connection: &mut PgConnection,
    act: &Act<'_>,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let changed = sqlx::query_scalar!(
        "WITH words AS (SELECT array_agg('%' || replace(replace(replace(w, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%') AS any
                        FROM unnest($2::text[]) w)
         UPDATE entity.projects SET version = version + 1, updated_at = $3,
             name = CASE WHEN lower(name) LIKE ANY (words.any) THEN 'Project ' || id ELSE name END,
             description = CASE WHEN lower(description) LIKE ANY (words.any) THEN NULL ELSE description END,
             lot_address = CASE WHEN lower(lot_address) LIKE ANY (words.any) THEN NULL ELSE lot_address END,
             preferred_area_description = CASE WHEN lower(preferred_area_description) LIKE ANY (words.any) THEN NULL
                                               ELSE preferred_area_description END
         FROM words
         WHERE id = ANY($1) AND (lower(name) LIKE ANY (words.any) OR lower(description) LIKE ANY (words.any)
             OR lower(lot_address) LIKE ANY (words.any) OR lower(preferred_area_description) LIKE ANY (words.any))
         RETURNING id",
        &scope.others_projects,
        &scope.words(),
        act.at,
    )
    .fetch_all(&mut *connection)
    .await?;
    for id in &changed {
        note(connection, act, Record::Project(*id), json!({})).await?;
    }
    count(counts, "projects", changed.len() as u64);
    Ok(())
}

pub(super) async fn people(
    connection: &mut PgConnection,
    act: &Act<'_>,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    for id in &scope.people {
        sqlx::query!(
            "UPDATE entity.users SET full_name = $2, email_address = $3, email_key = $3, phone_number = NULL,
                 company_name = NULL, holds_email = false, open_submissions = 0, erased_at = $4, updated_at = $4,
                 deleted_at = coalesce(deleted_at, $4), version = version + 1
             WHERE id = $1",
            id,
            ERASED_NAME,
            no_address(*id),
            act.at,
        )
        .execute(&mut *connection)
        .await?;
        note(
            connection,
            act,
            Record::User(*id),
            json!({ "erased_at": act.at }),
        )
        .await?;
    }
    count(counts, "users", scope.people.len() as u64);
    // nobody has to be told apart from them any more
    let dismissed = sqlx::query!(
        "DELETE FROM entity.dismissed_duplicates WHERE first_id = ANY($1) OR second_id = ANY($1)",
        &scope.people
    )
    .execute(connection)
    .await?
    .rows_affected();
    count(counts, "dismissed_duplicates", dismissed);
    Ok(())
}
