//! What was written down beside the records: audit log, kept answers, tables of other parts.

use super::{Counts, ERASED, count, scope::Scope};
use keylight_store::StoreError;
use sqlx::{AssertSqlSafe, PgConnection};

/// The audit log says what the person was called and how they applied. Entries of their records lose every text;
/// entries of others those in which an address or a phone number of the person stands.
pub(super) async fn audit_log(
    connection: &mut PgConnection,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    // the guard of the log lets texts be blanked while this is set, and nothing else
    sqlx::query("SELECT set_config('keylight.erasing', 'on', true)")
        .execute(&mut *connection)
        .await?;
    let of_records = sqlx::query!(
        "UPDATE entity.audit_log
         SET before = entity.redacted(before), after = entity.redacted(after),
             cause = CASE WHEN cause IS NULL THEN NULL ELSE $4 END
         WHERE entity = 'user' AND entity_id = ANY($1) OR entity = 'submission' AND entity_id = ANY($2)
             OR entity = 'project' AND entity_id = ANY($3)",
        &scope.people,
        &scope.submissions,
        &scope.projects,
        ERASED,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    // every entry is looked at: an erasure is rare, and an index for it would cost each change
    let of_others = sqlx::query!(
        r#"WITH words AS (
             SELECT array_agg('%' || replace(replace(replace(w, '\', '\\'), '%', '\%'), '_', '\_') || '%')
                        FILTER (WHERE contact) AS contacts,
                    array_agg('%' || replace(replace(replace(w, '\', '\\'), '%', '\%'), '_', '\_') || '%') AS any
             FROM (SELECT unnest($1::text[]) AS w, true AS contact UNION ALL SELECT unnest($2::text[]), false) t
         )
         UPDATE entity.audit_log a
         SET before = entity.redacted(a.before), after = entity.redacted(a.after),
             cause = CASE WHEN a.cause IS NULL THEN NULL ELSE $4 END
         FROM words
         WHERE lower(a.before::text) LIKE ANY (words.contacts) OR lower(a.after::text) LIKE ANY (words.contacts)
             OR lower(a.cause) LIKE ANY (words.any)
             OR a.entity = 'project' AND a.entity_id = ANY($3)
                AND (lower(a.before::text) LIKE ANY (words.any) OR lower(a.after::text) LIKE ANY (words.any))"#,
        &in_json(&scope.contacts),
        &in_json(&scope.names),
        &scope.others_projects,
        ERASED,
    )
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::query("SELECT set_config('keylight.erasing', '', true)")
        .execute(connection)
        .await?;
    count(counts, "audit_log", of_records + of_others);
    Ok(())
}

/// Words as they stand inside JSON texts.
fn in_json(words: &[String]) -> Vec<String> {
    let quoted = |word: &String| {
        let text = serde_json::Value::String(word.clone()).to_string();
        text[1..text.len() - 1].to_owned()
    };
    words.iter().map(quoted).collect()
}

/// Answers of requests that may come again. The keys stay, so that a late repetition does not do it all once more.
pub(super) async fn replies(
    connection: &mut PgConnection,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let emptied = sqlx::query!(
        "UPDATE entity.idempotency_keys SET reply = NULL
         WHERE reply IS NOT NULL AND (person_id = ANY($1)
             OR EXISTS (SELECT FROM unnest($2::text[]) w WHERE position(convert_to(w, 'UTF8') IN reply) > 0))",
        &scope.people,
        &scope.email_keys,
    )
    .execute(connection)
    .await?
    .rows_affected();
    count(counts, "idempotency_keys", emptied);
    Ok(())
}

/// A table that another part of the service keeps, and how a person goes from it.
struct Elsewhere {
    table: &'static str,
    statement: &'static str,
}

/// `$1` people, `$2` folded addresses, `$3` submissions, `$4` projects.
const ELSEWHERE: [Elsewhere; 3] = [
    // the task that keeps it would do so too, a moment later
    Elsewhere {
        table: "submission_search",
        statement: "DELETE FROM entity.submission_search
            WHERE submission_id = ANY($3) AND ($1::bigint[], $2::text[], $4::bigint[]) IS NOT NULL",
    },
    Elsewhere {
        table: "quarantined_applications",
        statement: "DELETE FROM entity.quarantined_applications
            WHERE (email_key = ANY($2) OR submission_id = ANY($3)) AND ($1::bigint[], $4::bigint[]) IS NOT NULL",
    },
    Elsewhere {
        table: "legacy_rows",
        statement: "UPDATE entity.legacy_rows SET extra = NULL, kept = NULL
            WHERE (table_name = 'users' AND id = ANY($1) OR table_name = 'submissions' AND id = ANY($3)
                   OR table_name = 'projects' AND id = ANY($4)) AND $2::text[] IS NOT NULL",
    },
];

/// Whatever other parts keep of these records, as far as they exist in this database.
pub(super) async fn tables_of_others(
    connection: &mut PgConnection,
    scope: &Scope,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    for Elsewhere { table, statement } in ELSEWHERE {
        let exists: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
            .bind(format!("entity.{table}"))
            .fetch_one(&mut *connection)
            .await?;
        if !exists {
            continue;
        }
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(&scope.people)
            .bind(&scope.email_keys)
            .bind(&scope.submissions)
            .bind(&scope.projects)
            .execute(&mut *connection)
            .await?
            .rows_affected();
        count(counts, table, rows);
    }
    Ok(())
}
