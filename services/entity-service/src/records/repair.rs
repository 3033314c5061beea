//! Mends the cases of a rule, each with an audit entry that names the rule.

use super::{
    check::{self, Case},
    remedies,
    rules::{self, Remedy, Rule},
};
use crate::projects::{Started, Work, Workshop};
use keylight_contracts::v1;
use keylight_domain::error::DomainError;
use keylight_runtime::clock::Clock;
use keylight_store::StoreError;

/// Most cases that one call mends; the report says how many are left for the next.
pub const MAX_CASES: i64 = 1000;
/// Most cases that a report lists.
const MAX_LISTED: usize = 1000;
/// Cases in one transaction.
const BATCH: usize = 100;
/// Most records that a call may name.
const MAX_IDS: usize = 1000;

/// Mends what can be mended without deciding anything, in batches of one transaction each, so that a call that is broken
/// off leaves whole cases behind. With a key it is one transaction, and the same answer the second time.
///
/// # Errors
/// `InvalidInput` for a rule that does not exist, or whose cases a person has to decide.
pub async fn repair(
    workshop: &Workshop,
    request: v1::RepairRecordsRequest,
) -> Result<v1::RepairReport, DomainError> {
    let (rule, remedy) = mendable(&request.rule)?;
    if request.entity_ids.len() > MAX_IDS {
        return Err(DomainError::invalid(format!(
            "at most {MAX_IDS} ids can be named; leave them out to mend all cases"
        )));
    }
    if request.preview {
        let mut connection = workshop.pool.acquire().await.map_err(StoreError::from)?;
        let (total, cases) =
            check::cases(&mut connection, rule, &request.entity_ids, MAX_CASES).await?;
        let (mended, left) = split(rule, cases);
        return Ok(report(rule, &mended, left, total));
    }
    let caller = named(request.caller, rule, &*workshop.clock);
    let mut work = match workshop.begin(Some(caller.clone())).await? {
        Started::Done(report) => return Ok(report),
        Started::Fresh(work) => work,
    };
    let keyed = work.caller.idempotency.is_some();
    let (total, cases) =
        check::cases(&mut work.transaction, rule, &request.entity_ids, MAX_CASES).await?;
    let (wanted, mut left) = split(rule, cases);
    let mut mended = Vec::new();
    for batch in wanted.chunks(BATCH) {
        for (case, done) in mend(workshop, &mut work, rule, remedy, batch).await? {
            if done {
                mended.push(case);
            } else {
                left.push(case);
            }
        }
        if !keyed {
            workshop
                .finish(work, &v1::RepairReport::default(), None)
                .await?;
            work = match workshop
                .begin::<v1::RepairReport>(Some(caller.clone()))
                .await?
            {
                Started::Done(report) => return Ok(report),
                Started::Fresh(work) => work,
            };
        }
    }
    let report = report(rule, &mended, left, total);
    workshop.finish(work, &report, None).await?;
    Ok(report)
}

fn mendable(name: &str) -> Result<(&'static Rule, Remedy), DomainError> {
    let rule = rules::find(name).ok_or_else(|| {
        let names: Vec<&str> = rules::all()
            .filter(|rule| rule.remedy.is_some())
            .map(|rule| rule.name)
            .collect();
        DomainError::invalid(format!("rule must be one of: {}", names.join(", ")))
    })?;
    let (remedy, _) = rule.remedy.ok_or_else(|| {
        DomainError::invalid(format!(
            "The cases of {} have to be decided one by one: {}",
            rule.name, rule.meaning
        ))
    })?;
    Ok((rule, remedy))
}

/// The caller, with the rule as the first of their reasons and one chain for all batches.
fn named(caller: Option<v1::Caller>, rule: &Rule, clock: &dyn Clock) -> v1::Caller {
    let mut caller = caller.unwrap_or_default();
    if caller.correlation_id.is_empty() {
        caller.correlation_id = clock.new_id().to_string();
    }
    caller.reason = if caller.reason.is_empty() {
        format!("rule {}", rule.name)
    } else {
        format!("rule {}: {}", rule.name, caller.reason)
    };
    caller
}

/// Those that can be mended, and those that cannot.
fn split(rule: &Rule, cases: Vec<Case>) -> (Vec<Case>, Vec<Case>) {
    cases
        .into_iter()
        .partition(|case| !rule.needs_target || case.target.is_some())
}

fn report(rule: &Rule, mended: &[Case], left: Vec<Case>, total: i64) -> v1::RepairReport {
    let count = i64::try_from(mended.len()).unwrap_or(i64::MAX);
    let told = |cases: &[Case]| {
        cases
            .iter()
            .take(MAX_LISTED)
            .map(|case| case.told(rule))
            .collect()
    };
    let looked_at = count + i64::try_from(left.len()).unwrap_or(i64::MAX);
    v1::RepairReport {
        repaired: told(mended),
        count,
        left: told(&left),
        unseen: (total - looked_at).max(0),
    }
}

/// Mends a batch; says of each case whether it was mended. The records are held first and looked at again: what has
/// mended itself meanwhile, or was mended by somebody else, is none any more.
async fn mend(
    workshop: &Workshop,
    work: &mut Work,
    rule: &Rule,
    remedy: Remedy,
    batch: &[Case],
) -> Result<Vec<(Case, bool)>, DomainError> {
    let ids: Vec<i64> = batch.iter().map(|case| case.id).collect();
    remedies::hold(work, rule.entity, remedy, &ids).await?;
    let (_, still) = check::cases(&mut work.transaction, rule, &ids, MAX_CASES).await?;
    let mut outcomes = Vec::with_capacity(still.len());
    for case in still {
        // named by the batch, or come up since: the next call has those
        if !batch
            .iter()
            .any(|known| (known.id, known.target) == (case.id, case.target))
        {
            continue;
        }
        let done = remedies::apply(workshop, work, remedy, &case).await?;
        outcomes.push((case, done));
    }
    Ok(outcomes)
}
