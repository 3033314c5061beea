//! Stores many applications with one statement.
//!
//! The row of the user, unique by folded e-mail address, counts the open submissions of that address. An application
//! raises the count by one by inserting or updating that row; who finds it above 0 is refused, unless people may apply
//! again. PostgreSQL makes two that try at once wait for each other, so no second look is needed. The statement reads no
//! table but through unique indexes that it names: there is no plan that could go wrong while the tables grow.
//!
//! Applications of the predecessor count as well, also those of people whom it never made a user of: a function of the
//! database, which is bound to its index, counts these.

use super::candidate::{Accepted, Candidate};
use crate::journal::compose::{self, ID_TO_COME};
use chrono::{DateTime, Utc};
use keylight_contracts::events::{SUBMISSION_CREATED, SubmissionFacts};
use keylight_domain::submissions::{Duplicates, SubmissionStatus};
use keylight_store::StoreError;
use sqlx::PgConnection;
use uuid::Uuid;

/// Who makes submissions, in audit entries and events.
pub const ACTOR: &str = "public";

/// What became of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored.
    Accepted(Accepted),
    /// A submission of this address exists.
    EmailTaken,
}

/// Stores the applications whose address may apply, all or none of them, and says for each what became of it.
///
/// The addresses must differ from each other.
///
/// # Errors
/// When the database fails; then nothing is stored, unless the connection was lost at the very end.
pub async fn accept(
    connection: &mut PgConnection,
    candidates: &[&Candidate],
    at: DateTime<Utc>,
    origin: Uuid,
    duplicates: Duplicates,
) -> Result<Vec<Verdict>, StoreError> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    // users are inserted in the order of their keys, so that two batches never wait for each other in a circle
    order.sort_unstable_by(|a, b| key_of(candidates[*a]).cmp(key_of(candidates[*b])));
    let mut sorted = Vec::with_capacity(order.len());
    for place in &order {
        sorted.push(candidates[*place]);
    }
    let columns = Columns::of(&sorted, at)?;
    let rows = sqlx::query!(
        r#"
        WITH input AS (
            SELECT * FROM unnest(
                $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[],
                $9::text[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
                $16::text[], $17::uuid[], $18::uuid[], $19::text[], $20::text[], $21::text[]
            ) WITH ORDINALITY AS t (
                full_name, email, phone_number, company_name, buyer_category, financing_plan, lender, land_status,
                lot_address, help, area, build_budget, construction_timeline, description, referral_source,
                project_name, correlation_id, event_id, data, payload, traceparent, n
            )
        ), applicants AS (
            INSERT INTO entity.users AS u
                (full_name, email_address, email_key, phone_number, company_name, open_submissions, created_at,
                 updated_at)
            SELECT full_name, email, email, phone_number, company_name, 1 + legacy.open, $22, $22
            FROM input CROSS JOIN LATERAL (SELECT entity.open_legacy_applications(email) AS open OFFSET 0) legacy
            WHERE $27 OR legacy.open = 0
            ON CONFLICT (email_key) WHERE holds_email DO UPDATE SET open_submissions = u.open_submissions + 1
                WHERE $27 OR u.open_submissions = 0
            RETURNING id, email_key
        ), accepted AS MATERIALIZED (
            SELECT i.*, a.id AS user_id, nextval('entity.projects_id_seq') AS project_id,
                nextval('entity.submissions_id_seq') AS submission_id
            FROM applicants a JOIN input i ON i.email = a.email_key
        ), projects AS (
            INSERT INTO entity.projects
                (id, name, description, user_id, buyer_category, financing_plan, interested_in_preferred_lender,
                 land_status, lot_address, needs_help_finding_land, preferred_area_description, build_budget,
                 construction_timeline, created_at, updated_at)
            SELECT project_id, project_name, description, user_id, buyer_category, financing_plan, lender,
                 land_status, lot_address, help, area, build_budget, construction_timeline, $22, $22
            FROM accepted
        ), submissions AS (
            INSERT INTO entity.submissions
                (id, full_name, email_address, email_key, phone_number, company_name, buyer_category, financing_plan,
                 interested_in_preferred_lender, land_status, lot_address, needs_help_finding_land,
                 preferred_area_description, build_budget, construction_timeline, project_description, status,
                 referral_source, user_id, project_id, created_at, updated_at, correlation_id)
            SELECT submission_id, full_name, email, email, phone_number, company_name, buyer_category, financing_plan,
                 lender, land_status, lot_address, help, area, build_budget, construction_timeline, description, 'new',
                 referral_source, user_id, project_id, $22, $22, correlation_id
            FROM accepted
        ), audited AS (
            INSERT INTO entity.audit_log (at, actor, action, entity, entity_id, after, correlation_id)
            SELECT $22, $24, 'created', 'submission', submission_id,
                jsonb_build_object('user_id', user_id, 'project_id', project_id, 'status', 'new'), correlation_id
            FROM accepted
        ), logged AS (
            INSERT INTO entity.events (id, type, submission_id, at, data, correlation_id)
            SELECT event_id, $25, submission_id, $22, replace(data, $26, submission_id::text)::jsonb, correlation_id
            FROM accepted
        ), sent AS (
            INSERT INTO entity.outbox (message_id, topic, payload, traceparent, origin)
            SELECT event_id, $25, convert_to(replace(payload, $26, submission_id::text), 'UTF8'), traceparent, $23
            FROM accepted
        )
        SELECT n AS "n!", submission_id AS "submission_id!", user_id AS "user_id!", project_id AS "project_id!"
        FROM accepted
        "#,
        &columns.full_name as _,
        &columns.email as _,
        &columns.phone_number as _,
        &columns.company_name as _,
        &columns.buyer_category as _,
        &columns.financing_plan as _,
        &columns.lender as _,
        &columns.land_status as _,
        &columns.lot_address as _,
        &columns.help as _,
        &columns.area as _,
        &columns.build_budget as _,
        &columns.construction_timeline as _,
        &columns.description as _,
        &columns.referral_source as _,
        &columns.project_name as _,
        &columns.correlation_id as _,
        &columns.event_id as _,
        &columns.data as _,
        &columns.payload as _,
        &columns.traceparent as _,
        at,
        origin,
        ACTOR,
        SUBMISSION_CREATED,
        ID_TO_COME.to_string(),
        duplicates == Duplicates::Link,
    )
    .fetch_all(connection)
    .await?;

    let mut verdicts = vec![Verdict::EmailTaken; candidates.len()];
    for row in rows {
        let place = usize::try_from(row.n - 1)
            .ok()
            .and_then(|n| order.get(n).copied());
        let place =
            place.ok_or_else(|| StoreError::Defect("row of an unknown application".to_owned()))?;
        verdicts[place] = Verdict::Accepted(Accepted {
            submission_id: row.submission_id,
            user_id: row.user_id,
            project_id: row.project_id,
            at,
        });
    }
    Ok(verdicts)
}

/// An address as it is compared. The rules of intake have trimmed and lower-cased it.
fn key_of(candidate: &Candidate) -> &str {
    &candidate.application.email_address
}

/// The applications column by column, as `unnest` takes them.
#[derive(Default)]
struct Columns<'a> {
    full_name: Vec<&'a str>,
    email: Vec<&'a str>,
    phone_number: Vec<&'a str>,
    company_name: Vec<Option<&'a str>>,
    buyer_category: Vec<&'a str>,
    financing_plan: Vec<&'a str>,
    lender: Vec<bool>,
    land_status: Vec<&'a str>,
    lot_address: Vec<Option<&'a str>>,
    help: Vec<bool>,
    area: Vec<Option<&'a str>>,
    build_budget: Vec<&'a str>,
    construction_timeline: Vec<&'a str>,
    description: Vec<&'a str>,
    referral_source: Vec<&'a str>,
    project_name: Vec<&'a str>,
    correlation_id: Vec<Uuid>,
    event_id: Vec<Uuid>,
    data: Vec<String>,
    payload: Vec<String>,
    traceparent: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(candidates: &[&'a Candidate], at: DateTime<Utc>) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for candidate in candidates {
            let Candidate {
                application,
                project_name,
                event_id,
                cause,
            } = candidate;
            let facts = SubmissionFacts {
                submission_id: ID_TO_COME,
                version: 1,
                created_on: at.date_naive(),
                status: SubmissionStatus::New.as_str().to_owned(),
                previous_status: None,
                buyer_category: application.buyer_category.as_str().to_owned(),
                actor: ACTOR.to_owned(),
            };
            let event =
                compose::submission_event(*event_id, SUBMISSION_CREATED, at, cause, &facts)?;
            columns.full_name.push(&application.full_name);
            columns.email.push(&application.email_address);
            columns.phone_number.push(&application.phone_number);
            columns
                .company_name
                .push(application.company_name.as_deref());
            columns
                .buyer_category
                .push(application.buyer_category.as_str());
            columns
                .financing_plan
                .push(application.financing_plan.as_str());
            columns
                .lender
                .push(application.interested_in_preferred_lender);
            columns.land_status.push(application.land_status.as_str());
            columns.lot_address.push(application.lot_address.as_deref());
            columns.help.push(application.needs_help_finding_land);
            columns
                .area
                .push(application.preferred_area_description.as_deref());
            columns.build_budget.push(application.build_budget.as_str());
            columns
                .construction_timeline
                .push(application.construction_timeline.as_str());
            columns.description.push(&application.project_description);
            columns.referral_source.push(&application.referral_source);
            columns.project_name.push(project_name);
            columns.correlation_id.push(cause.correlation_id);
            columns.event_id.push(*event_id);
            columns.data.push(event.data);
            columns.payload.push(event.payload);
            columns.traceparent.push(cause.traceparent.as_deref());
        }
        Ok(columns)
    }
}
