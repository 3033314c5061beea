//! Applications that the honeypot caught: kept until staff release or dismiss them, so that no real applicant is lost.

use super::{
    accept::{self, Verdict},
    candidate::{self, Candidate},
    quarantined_fields::{fields_of, request_of},
};
use crate::journal::{self, Caller, Change, Record};
use chrono::{DateTime, SubsecRound as _, Utc};
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::{
    error::{DomainError, ErrorCode},
    submissions::{Duplicates, MAX_PAGE_SIZE},
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// How long one that was settled is kept; after that it is deleted for good.
pub const KEPT: chrono::Duration = chrono::Duration::days(30);
/// Longest reason.
const MAX_REASON: usize = 500;

struct Row {
    id: Uuid,
    fields: Value,
    reason: String,
    at: DateTime<Utc>,
    state: String,
    submission_id: Option<i64>,
}

impl From<Row> for v1::QuarantinedApplication {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.to_string(),
            at: Some(to_wire(row.at)),
            reason: row.reason,
            application: Some(request_of(&row.fields)),
            state: row.state,
            submission_id: row.submission_id,
        }
    }
}

/// Puts an application aside, in the transaction of `connection`. It keeps the same rules as any other: who types
/// nonsense hears so, whether caught or not.
///
/// # Errors
/// `InvalidInput` with one detail per field.
pub async fn put(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    application: &v1::CreateSubmissionRequest,
    reason: &str,
    caller: &Caller,
) -> Result<v1::QuarantinedApplication, DomainError> {
    let email_key = candidate::read(application.clone())?.email_address;
    if reason.is_empty() || reason.chars().count() > MAX_REASON || reason.contains('\0') {
        return Err(DomainError::invalid(format!(
            "reason must be 1 to {MAX_REASON} characters"
        )));
    }
    let row = Row {
        id: clock.new_id(),
        fields: fields_of(application),
        reason: reason.to_owned(),
        at: clock.now().trunc_subsecs(6),
        state: "waiting".to_owned(),
        submission_id: None,
    };
    sqlx::query!(
        "INSERT INTO entity.quarantined_applications (id, fields, email_key, reason, at) VALUES ($1, $2, $3, $4, $5)",
        row.id,
        row.fields,
        email_key,
        row.reason,
        row.at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at: row.at,
        actor: &caller.actor,
        action: "quarantined",
        before: json!({}),
        after: json!({ "state": "waiting" }),
        why: Some(&row.reason),
        cause: &caller.cause,
    };
    let id = row.id.to_string();
    journal::note(connection, Record::Other("quarantine", &id), &change).await?;
    metrics::counter!("keylight_submissions_quarantined_total").increment(1);
    Ok(row.into())
}

/// Those that wait, newest first; with `settled` also those that do not.
///
/// # Errors
/// `InvalidInput` when the place is none.
pub async fn list(
    pool: &PgPool,
    page: &v1::Page,
    settled: bool,
) -> Result<v1::QuarantinePage, DomainError> {
    let size = i64::from(page.size.clamp(1, MAX_PAGE_SIZE));
    let after = match page.after.as_str() {
        "" => None,
        place => Some(Uuid::try_parse(place).map_err(|_| {
            DomainError::invalid("after must be what the page before gave as next")
        })?),
    };
    let offset = if page.number > 0 {
        (page.number - 1).saturating_mul(size)
    } else {
        0
    };
    // ids grow with time
    let mut rows = sqlx::query_as!(
        Row,
        "SELECT id, fields, reason, at, state, submission_id FROM entity.quarantined_applications
         WHERE (state = 'waiting' OR $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3 OFFSET $4",
        settled,
        after,
        size + 1,
        offset,
    )
    .fetch_all(pool)
    .await
    .map_err(StoreError::from)?;
    let more = rows.len() as i64 > size;
    rows.truncate(size as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let waiting_count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM entity.quarantined_applications WHERE state = 'waiting'"#
    )
    .fetch_one(pool)
    .await
    .map_err(StoreError::from)?;
    Ok(v1::QuarantinePage {
        applications: rows.into_iter().map(Into::into).collect(),
        next: next.unwrap_or_default(),
        waiting_count,
    })
}

/// How an application is settled.
pub struct Settlement<'a> {
    /// The application in quarantine.
    pub id: &'a str,
    /// Whether it becomes a submission.
    pub release: bool,
    /// Who decided.
    pub caller: &'a Caller,
    /// What happens when its address has applied meanwhile.
    pub duplicates: Duplicates,
}

/// Releases or dismisses an application, in the transaction of `connection`. Says beside it whose data it is, if that is
/// a person of ours now.
///
/// # Errors
/// `NotFound`; `Conflict` when it is settled already, or its address has applied meanwhile and may apply only once: then
/// it keeps waiting.
pub async fn settle(
    connection: &mut PgConnection,
    clock: &dyn Clock,
    outbox: &Outbox,
    settlement: &Settlement<'_>,
) -> Result<(v1::QuarantinedApplication, Option<i64>), DomainError> {
    let not_found = || DomainError::not_found("Quarantined application not found");
    let id = Uuid::try_parse(settlement.id).map_err(|_| not_found())?;
    let mut row = sqlx::query_as!(
        Row,
        "SELECT id, fields, reason, at, state, submission_id FROM entity.quarantined_applications WHERE id = $1 FOR UPDATE",
        id
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::from)?
    .ok_or_else(not_found)?;
    if row.state != "waiting" {
        return Err(DomainError::new(
            ErrorCode::Conflict,
            format!("The application was {} already", row.state),
        ));
    }
    let at = clock.now().trunc_subsecs(6);
    let caller = settlement.caller;
    let mut person_id = None;
    if settlement.release {
        let application = candidate::read(request_of(&row.fields))?;
        let candidate = Candidate {
            project_name: candidate::project_name(&application),
            application,
            event_id: clock.new_id(),
            cause: caller.cause.clone(),
        };
        let verdicts = accept::accept(
            &mut *connection,
            &[&candidate],
            at,
            outbox.origin,
            settlement.duplicates,
        )
        .await?;
        let Some(Verdict::Accepted(accepted)) = verdicts.first() else {
            return Err(DomainError::new(
                ErrorCode::Conflict,
                "This e-mail address has applied meanwhile, so the application stays in quarantine; \
                 dismiss it, or delete the other submission first",
            ));
        };
        row.submission_id = Some(accepted.submission_id);
        person_id = Some(accepted.user_id);
    }
    row.state = if settlement.release {
        "released"
    } else {
        "dismissed"
    }
    .to_owned();
    sqlx::query!(
        "UPDATE entity.quarantined_applications SET state = $2, submission_id = $3, settled_at = $4 WHERE id = $1",
        id,
        row.state,
        row.submission_id,
        at,
    )
    .execute(&mut *connection)
    .await
    .map_err(StoreError::from)?;
    let change = Change {
        at,
        actor: &caller.actor,
        action: "settled",
        before: json!({ "state": "waiting" }),
        after: json!({ "state": row.state, "submission_id": row.submission_id }),
        why: caller.why.as_deref(),
        cause: &caller.cause,
    };
    let name = id.to_string();
    journal::note(connection, Record::Other("quarantine", &name), &change).await?;
    Ok((row.into(), person_id))
}
