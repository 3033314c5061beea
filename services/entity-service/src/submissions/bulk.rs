//! Staff change many submissions at once: status, notes, assignee.
//!
//! They are changed a few dozen at a time, each lot in a short transaction of its own, so that nobody waits long for a
//! row. A lot that the database refuses is done one by one: one that fails hinders no other. Doing it again changes
//! nothing, so what a crash interrupts is simply asked for again.

use super::{
    change_status::check_notes,
    counts,
    criteria::Criteria,
    facts::{event_kind, facts},
    list,
    row::{SubmissionRow, select_submissions},
};
use crate::journal::{self, Caller, Change, many::Told};
use chrono::SubsecRound as _;
use keylight_contracts::v1;
use keylight_domain::{
    error::DomainError,
    submissions::{INVALID_STATUS_IN_BODY, SUBMISSION_NOT_FOUND, SubmissionStatus},
};
use keylight_runtime::clock::Clock;
use keylight_store::{StoreError, outbox::Outbox};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Most submissions of one request.
pub const MOST: usize = 1000;
/// Submissions in one transaction.
const LOT: usize = 100;

/// What staff want to be so.
struct Wish {
    status: Option<SubmissionStatus>,
    notes: Option<String>,
    /// `Some(None)` takes the assignment away.
    assignee: Option<Option<Uuid>>,
}

/// A row after the change, with the columns that differ.
struct Applied {
    after: SubmissionRow,
    old: Map<String, Value>,
    new: Map<String, Value>,
}

impl Wish {
    fn read(request: &v1::BulkChangeRequest) -> Result<Self, DomainError> {
        let status = match request.status.as_deref().filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(
                SubmissionStatus::parse(text)
                    .ok_or_else(|| DomainError::invalid(INVALID_STATUS_IN_BODY))?,
            ),
        };
        let notes = request.admin_notes.clone().filter(|text| !text.is_empty());
        check_notes(notes.as_deref())?;
        let assignee = match request.assignee.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Some(Uuid::try_parse(text).map_err(|_| {
                DomainError::invalid(
                    "assignee must be the id of a staff account, or empty for nobody",
                )
            })?)),
        };
        if status.is_none() && notes.is_none() && assignee.is_none() {
            return Err(DomainError::invalid(
                "say what to change: status, admin_notes or assignee",
            ));
        }
        Ok(Self {
            status,
            notes,
            assignee,
        })
    }

    /// The row as it should be; `None` when nothing differs.
    fn applied(&self, row: &SubmissionRow) -> Option<Applied> {
        let mut after = row.clone();
        let (mut old, mut new) = (Map::new(), Map::new());
        if let Some(status) = self.status
            && row.status.as_deref() != Some(status.as_str())
        {
            old.insert("status".to_owned(), json!(row.status));
            new.insert("status".to_owned(), json!(status));
            after.status = Some(status.as_str().to_owned());
        }
        if let Some(notes) = &self.notes
            && row.admin_notes.as_ref() != Some(notes)
        {
            old.insert("admin_notes".to_owned(), json!(row.admin_notes));
            new.insert("admin_notes".to_owned(), json!(notes));
            after.admin_notes = Some(notes.clone());
        }
        if let Some(assignee) = self.assignee
            && row.assignee != assignee
        {
            old.insert("assignee".to_owned(), json!(row.assignee));
            new.insert("assignee".to_owned(), json!(assignee));
            after.assignee = assignee;
        }
        after.version += 1;
        (!new.is_empty()).then_some(Applied { after, old, new })
    }

    fn outcome(&self, row: &SubmissionRow) -> v1::BulkOutcome {
        let after = self.applied(row).map(|applied| applied.after);
        let name = |row: &SubmissionRow| row.status.clone().unwrap_or_default();
        let who = |row: &SubmissionRow| row.assignee.map(|id| id.to_string()).unwrap_or_default();
        v1::BulkOutcome {
            id: row.id,
            result: if after.is_some() { CHANGED } else { UNCHANGED }.to_owned(),
            from_status: name(row),
            to_status: after.as_ref().map_or_else(|| name(row), name),
            from_assignee: who(row),
            to_assignee: after.as_ref().map_or_else(|| who(row), who),
            ..Default::default()
        }
    }
}

const CHANGED: &str = "changed";
const UNCHANGED: &str = "unchanged";
const FAILED: &str = "failed";

fn failed(id: i64, error: &DomainError) -> v1::BulkOutcome {
    v1::BulkOutcome {
        id,
        result: FAILED.to_owned(),
        code: error.code.as_str().to_owned(),
        message: error.message.clone(),
        ..Default::default()
    }
}

/// Changes many submissions, or says what would change.
pub struct Bulk<'a> {
    /// Connections.
    pub pool: &'a PgPool,
    /// Time and ids.
    pub clock: &'a dyn Clock,
    /// Where events go.
    pub outbox: &'a Outbox,
    /// Who asks.
    pub caller: &'a Caller,
}

impl Bulk<'_> {
    /// Does what the request says; one outcome for each submission, in the order in which they were asked for.
    ///
    /// # Errors
    /// `InvalidInput` when the request makes no sense as a whole.
    pub async fn run(
        &self,
        request: &v1::BulkChangeRequest,
    ) -> Result<v1::BulkChangeReply, DomainError> {
        let wish = Wish::read(request)?;
        self.check_assignee(&wish).await?;
        let (ids, left) = self.chosen(request).await?;
        let mut outcomes = Vec::with_capacity(ids.len());
        let mut away = None;
        for lot in ids.chunks(LOT) {
            if let Some(error) = &away {
                outcomes.extend(lot.iter().map(|id| failed(*id, error)));
                continue;
            }
            match self.lot(&wish, lot, request.preview).await {
                Ok(done) => outcomes.extend(done),
                Err(StoreError::Unavailable(cause)) => {
                    tracing::warn!(cause, "bulk change stopped");
                    let error = DomainError::from(StoreError::Unavailable(String::new()));
                    outcomes.extend(lot.iter().map(|id| failed(*id, &error)));
                    away = Some(error);
                }
                Err(_) => outcomes.extend(self.one_by_one(&wish, lot, request.preview).await),
            }
        }
        let count = |result: &str| {
            let of = outcomes.iter().filter(|outcome| outcome.result == result);
            i64::try_from(of.count()).unwrap_or(i64::MAX)
        };
        let (changed, unchanged, failed) = (count(CHANGED), count(UNCHANGED), count(FAILED));
        if changed > 0 && !request.preview {
            self.outbox.wake();
        }
        Ok(v1::BulkChangeReply {
            outcomes,
            changed,
            unchanged,
            failed,
            left,
        })
    }

    async fn check_assignee(&self, wish: &Wish) -> Result<(), DomainError> {
        let Some(Some(id)) = wish.assignee else {
            return Ok(());
        };
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM entity.staff WHERE id = $1 AND disabled_at IS NULL) AS "known!""#,
            id
        )
        .fetch_one(self.pool)
        .await
        .map_err(StoreError::from)?;
        if known {
            return Ok(());
        }
        Err(DomainError::invalid(
            "assignee must be the id of a staff account that is not disabled",
        ))
    }

    /// The submissions that are meant, each once, and how many more match.
    async fn chosen(
        &self,
        request: &v1::BulkChangeRequest,
    ) -> Result<(Vec<i64>, i64), DomainError> {
        let criteria = Criteria::read(request.filter.clone(), false);
        match (request.ids.is_empty(), criteria.is_empty()) {
            (false, true) => {
                let mut seen = HashSet::new();
                let mut ids = request.ids.clone();
                ids.retain(|id| seen.insert(*id));
                if ids.len() > MOST {
                    return Err(DomainError::invalid(format!(
                        "at most {MOST} submissions at once; send them in several requests"
                    )));
                }
                Ok((ids, 0))
            }
            (true, false) => {
                let ids = list::first_ids(self.pool, &criteria, MOST as i64).await?;
                let total = counts::count(self.pool, &criteria).await?;
                let shown = i64::try_from(ids.len()).unwrap_or(i64::MAX);
                Ok((ids, (total - shown).max(0)))
            }
            (false, false) => Err(DomainError::invalid("give ids or a filter, not both")),
            (true, true) => Err(DomainError::invalid(
                "say which submissions: ids, or a filter with at least one field",
            )),
        }
    }

    async fn one_by_one(&self, wish: &Wish, ids: &[i64], preview: bool) -> Vec<v1::BulkOutcome> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for id in ids {
            match self.lot(wish, &[*id], preview).await {
                Ok(done) => outcomes.extend(done),
                Err(error) => {
                    tracing::warn!(submission = id, error = %error, "bulk change failed for one");
                    outcomes.push(failed(*id, &DomainError::from(error)));
                }
            }
        }
        outcomes
    }

    /// Changes these, all or none.
    async fn lot(
        &self,
        wish: &Wish,
        ids: &[i64],
        preview: bool,
    ) -> Result<Vec<v1::BulkOutcome>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Not for long, because a row that somebody else holds must not hold up the others. And planned for these ids: a
        // plan from when the table was small would read all of it.
        sqlx::query!(
            "SELECT set_config('lock_timeout', '2s', true) AS lock, set_config('plan_cache_mode', 'force_custom_plan', true) AS plan"
        )
        .fetch_one(&mut *transaction)
        .await?;
        let rows = if preview {
            select_submissions!(
                "WHERE s.id = ANY($1) AND coalesce(s.deleted_at, 'infinity') = 'infinity'",
                ids
            )
            .fetch_all(&mut *transaction)
            .await?
        } else {
            // in the order of ids, so that two of these never wait for each other in a circle
            select_submissions!(
                "WHERE s.id = ANY($1) AND coalesce(s.deleted_at, 'infinity') = 'infinity' ORDER BY s.id FOR UPDATE",
                ids
            )
            .fetch_all(&mut *transaction)
            .await?
        };
        if !preview {
            self.write(&mut transaction, wish, &rows).await?;
        }
        transaction.commit().await?;
        let rows: HashMap<i64, SubmissionRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        let missing = DomainError::not_found(SUBMISSION_NOT_FOUND);
        let outcomes = ids.iter().map(|id| match rows.get(id) {
            Some(row) => wish.outcome(row),
            None => failed(*id, &missing),
        });
        Ok(outcomes.collect())
    }

    async fn write(
        &self,
        transaction: &mut PgConnection,
        wish: &Wish,
        rows: &[SubmissionRow],
    ) -> Result<(), StoreError> {
        let at = self.clock.now().trunc_subsecs(6);
        let mut told = Vec::new();
        for row in rows {
            let Some(Applied { after, old, new }) = wish.applied(row) else {
                continue;
            };
            let change = Change {
                at,
                actor: &self.caller.actor,
                action: "changed with others",
                before: Value::Object(old),
                after: Value::Object(new),
                why: self.caller.why.as_deref(),
                cause: &self.caller.cause,
            };
            told.push(Told {
                event_id: self.clock.new_id(),
                kind: event_kind(row, &after),
                facts: facts(row, &after, &self.caller.actor),
                change,
            });
        }
        if told.is_empty() {
            return Ok(());
        }
        let changed: Vec<i64> = told.iter().map(|one| one.facts.submission_id).collect();
        sqlx::query!(
            "UPDATE entity.submissions s SET status = COALESCE($2, s.status), admin_notes = COALESCE($3, s.admin_notes),
                 assignee = CASE WHEN $4 THEN $5 ELSE s.assignee END, updated_at = $6, version = s.version + 1,
                 sync_state = CASE WHEN s.sync_state = 'off' THEN 'off' ELSE 'pending' END
             WHERE s.id = ANY($1)",
            &changed,
            wish.status.map(SubmissionStatus::as_str),
            wish.notes,
            wish.assignee.is_some(),
            wish.assignee.flatten(),
            at,
        )
        .execute(&mut *transaction)
        .await?;
        journal::many::tell(transaction, self.outbox.origin, &told).await
    }
}
