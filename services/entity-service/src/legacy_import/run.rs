//! A whole run.

use super::{
    ACTOR, ImportError,
    compare::{self, ComparedTable},
    judge::Judge,
    report::Observer,
    rule::{Decision, Rule},
    source::{Found, Source, SourceRow, settle},
    survey::{Survey, print_of},
    tables::Table,
    take::{Chunk, Known, Step, Taken, Taker, key_of},
    wake,
};
use crate::{
    app::{MIGRATIONS, SCHEMA},
    journal::{self, Cause, Change, Record},
};
use futures::TryStreamExt as _;
use keylight_runtime::clock::Clock;
use keylight_store::{
    StoreError,
    outbox::{Outbox, Schema},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use uuid::Uuid;

/// Rows of one transaction, unless the wish says otherwise.
pub const CHUNK_ROWS: usize = 1000;
/// Bytes of one transaction, unless a single row has more.
const CHUNK_BYTES: usize = 8 << 20;
/// Ids that are looked up at once.
const IDS_AT_ONCE: usize = 10_000;
/// Times that a transaction is tried which others got in the way of.
const TRIES: u32 = 5;
/// Only one run at a time; any number does, as long as nobody else takes it.
const LOCK: i64 = 0x6b65_796c_6567_6163;
/// How long the lock of a run that was killed may stay.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at it.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// URL of the predecessor's database.
    pub from: String,
    /// The schema in which its tables are.
    pub schema: String,
    /// Only look and tell; nothing is written.
    pub dry_run: bool,
    /// ClickUp tasks for imported applications, also for those of earlier runs.
    pub sync: bool,
    /// The predecessor's database has moved: another server or name than at the last import is no mistake.
    pub moved: bool,
    /// Ids that are left free above the highest imported one, for rows that the predecessor still makes.
    pub headroom: i64,
    /// Rows of one transaction at the most; at least one.
    pub chunk_rows: usize,
}

/// What came of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that the predecessor has.
    pub read: u64,
    /// Added by this run.
    pub added: u64,
    /// Brought up to date by this run.
    pub changed: u64,
    /// Taken over before, and the same since.
    pub same: u64,
    /// Changed on both sides.
    pub conflicts: u64,
    /// Removed for good here.
    pub removed: u64,
    /// Taken over before, and gone there.
    pub gone: u64,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its id, also the correlation id of everything that it did.
    pub run: Uuid,
    /// By table.
    pub tables: BTreeMap<Table, Counts>,
    /// Decisions by table and rule.
    pub rules: BTreeMap<(Table, Rule), u64>,
    /// The columns of both sides; empty after a dry run.
    pub compared: Vec<ComparedTable>,
    /// Applications that wait for their ClickUp task because of this run.
    pub woken: u64,
}

impl Outcome {
    /// Whether nothing differs between both sides, apart from what was changed here.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.compared.iter().all(ComparedTable::is_equal)
    }
}

/// Imports. Of several at once on one database the first is served, the others are refused.
///
/// # Errors
/// See [`ImportError`]; what was committed until then stays, and the next run goes on from there.
pub async fn import(
    wish: &Wish,
    pool: &PgPool,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
) -> Result<Outcome, ImportError> {
    if !wish.dry_run {
        keylight_store::migrate(pool, &MIGRATIONS, SCHEMA)
            .await
            .map_err(|error| {
                StoreError::Defect(format!("the schema cannot be brought up to date: {error}"))
            })?;
    }
    // the session gets settings of its own, so it does not go back
    let mut target = pool.acquire().await.map_err(ImportError::target)?.detach();
    let result = with_target(wish, &mut target, clock, observer).await;
    let _ = target.close().await;
    result
}

async fn with_target(
    wish: &Wish,
    target: &mut PgConnection,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
) -> Result<Outcome, ImportError> {
    settle(target).await.map_err(ImportError::target)?;
    // tables grow from nothing while this session lives: a plan that was good at the start would not be at the end
    sqlx::query("SELECT set_config('plan_cache_mode', 'force_custom_plan', false)")
        .execute(&mut *target)
        .await
        .map_err(ImportError::target)?;
    let ready = is_ready(target).await?;
    if !ready && !wish.dry_run {
        return Err(StoreError::Defect("the schema is not there".to_owned()).into());
    }
    if !wish.dry_run {
        lock(target).await?;
    }
    let mut source = Source::open(&wish.from, &wish.schema).await?;
    let rows: i64 = source.tables.iter().map(|found| found.rows).sum();
    observer.begins("looking through", u64::try_from(rows).unwrap_or_default());
    let survey = Survey::make(&mut source).await?;
    observer.done(u64::try_from(rows).unwrap_or_default());
    if ready {
        refuse_other_source(target, &source.label, wish.moved).await?;
        refuse_foreign(target, &survey).await?;
    }
    let run = clock.new_id();
    if !wish.dry_run {
        leave_room(target, &source.tables, wish.headroom).await?;
        begin(target, run, &source.label, wish.sync, clock).await?;
    }
    let outbox = Outbox::new(Schema::Entity, clock.new_id());
    let mut work = Work {
        taker: Taker {
            survey: &survey,
            clock,
            outbox: &outbox,
            run,
        },
        target,
        ready,
        dry_run: wish.dry_run,
        chunk_rows: wish.chunk_rows,
        observer,
        rules: BTreeMap::new(),
        tables: BTreeMap::new(),
        gone: HashMap::new(),
    };
    for found in source.tables.clone() {
        work.table(&mut source, &found).await?;
    }
    let Work {
        rules,
        tables,
        gone,
        ..
    } = work;
    let mut outcome = Outcome {
        run,
        tables,
        rules,
        compared: Vec::new(),
        woken: 0,
    };
    if wish.dry_run {
        source.close().await;
        return Ok(outcome);
    }
    if wish.sync {
        observer.begins("asking for tasks", 0);
        loop {
            let woken = wake::next(target, clock, &outbox, run).await? as u64;
            outcome.woken += woken;
            if woken == 0 {
                break;
            }
            observer.done(woken);
        }
    }
    observer.begins("comparing", u64::try_from(rows).unwrap_or_default());
    outcome.compared = compare::compare(&mut source, target, &survey, &gone, |_, rows| {
        observer.done(rows);
    })
    .await?;
    source.close().await;
    finish(target, &outcome, clock).await?;
    Ok(outcome)
}

/// Makes sure that this run is the only one. The server keeps the session of a killed run until the statement ends that it
/// was in, and the lock with it: so the lock is asked for a while.
async fn lock(target: &mut PgConnection) -> Result<(), ImportError> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut *target)
            .await
            .map_err(ImportError::target)?;
        if locked {
            return Ok(());
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(ImportError::Refused(
                "another import is under way on this database: wait for its end".to_owned(),
            ));
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
}

/// Whether the tables are there that this version needs; a dry run does not make them.
async fn is_ready(target: &mut PgConnection) -> Result<bool, ImportError> {
    let (ours, any): (bool, bool) = sqlx::query_as(
        "SELECT to_regclass('entity.legacy_rows') IS NOT NULL, to_regclass('entity.submissions') IS NOT NULL",
    )
    .fetch_one(target)
    .await
    .map_err(ImportError::target)?;
    if any && !ours {
        return Err(ImportError::Refused(
            "our database is of an older version: start this one once, then import".to_owned(),
        ));
    }
    Ok(ours)
}

/// Refuses another database than that of the last finished import: its rows would be taken for later states of ours.
async fn refuse_other_source(
    target: &mut PgConnection,
    label: &str,
    moved: bool,
) -> Result<(), ImportError> {
    let last: Option<String> = sqlx::query_scalar(
        "SELECT source FROM entity.legacy_imports WHERE rows_taken > 0 ORDER BY started_at DESC LIMIT 1",
    )
    .fetch_optional(target)
    .await
    .map_err(ImportError::target)?;
    match last {
        Some(last) if last != label && !moved => Err(ImportError::Refused(format!(
            "the rows here came from {last}, not from {label}: if that is the same database in another place, say --moved"
        ))),
        _ => Ok(()),
    }
}

/// Refuses before anything is written when rows that were made here have ids of the predecessor's.
async fn refuse_foreign(target: &mut PgConnection, survey: &Survey) -> Result<(), ImportError> {
    let mut taken = Vec::new();
    for table in Table::ALL {
        let ids = survey
            .ids
            .get(&table)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let sql = format!(
            "SELECT t.id FROM entity.{} t WHERE t.id = ANY($1)
             AND NOT EXISTS (SELECT FROM entity.legacy_rows l WHERE l.table_name = $2 AND l.id = t.id)
             ORDER BY t.id",
            table.name()
        );
        let mut foreign: Vec<i64> = Vec::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let found: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(sql.clone()))
                .bind(ids)
                .bind(table.name())
                .fetch_all(&mut *target)
                .await
                .map_err(ImportError::target)?;
            foreign.extend(found);
        }
        if let (Some(first), Some(last)) = (foreign.first(), foreign.last()) {
            taken.push(format!(
                "{} {} (ids {first} to {last})",
                foreign.len(),
                table.name()
            ));
        }
    }
    if taken.is_empty() {
        return Ok(());
    }
    Err(ImportError::Refused(format!(
        "ids of the predecessor are taken here by rows that did not come from it: {}; import into a database without rows \
         of its own, or leave more room with --headroom before both systems run side by side",
        taken.join(", ")
    )))
}

/// Lets new ids begin above every imported one, with room for those that the predecessor still gives out. Once that is so,
/// later runs leave it as it is.
async fn leave_room(
    target: &mut PgConnection,
    tables: &[Found],
    headroom: i64,
) -> Result<(), ImportError> {
    for found in tables {
        let sequence = format!("entity.{}_id_seq", found.table.name());
        let sql = format!(
            "SELECT setval($1::regclass, $2::bigint + $3::bigint) FROM {sequence}
             WHERE CASE WHEN is_called THEN last_value + 1 ELSE last_value END <= $2::bigint"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(&sequence)
            .bind(found.highest)
            .bind(headroom)
            .execute(&mut *target)
            .await
            .map_err(ImportError::target)?;
    }
    Ok(())
}

async fn begin(
    target: &mut PgConnection,
    run: Uuid,
    source: &str,
    sync: bool,
    clock: &dyn Clock,
) -> Result<(), ImportError> {
    sqlx::query(
        "INSERT INTO entity.legacy_imports (id, source, sync, started_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(run)
    .bind(source)
    .bind(sync)
    .bind(clock.now())
    .execute(target)
    .await
    .map_err(ImportError::target)?;
    Ok(())
}

/// Writes down what came of the run: one audit entry for it, and one for each kind of decision.
async fn finish(
    target: &mut PgConnection,
    outcome: &Outcome,
    clock: &dyn Clock,
) -> Result<(), ImportError> {
    let at = clock.now();
    let run = outcome.run.to_string();
    let cause = Cause {
        correlation_id: outcome.run,
        traceparent: None,
    };
    let tables: Value = outcome
        .tables
        .iter()
        .map(|(table, counts)| {
            let counts = json!({
                "read": counts.read, "added": counts.added, "changed": counts.changed, "same": counts.same,
                "conflicts": counts.conflicts, "removed": counts.removed, "gone": counts.gone,
            });
            (table.name().to_owned(), counts)
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let rules: Value = outcome
        .rules
        .iter()
        .map(|((table, rule), count)| (format!("{}.{rule}", table.name()), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut transaction = target.begin().await.map_err(ImportError::target)?;
    sqlx::query("UPDATE entity.legacy_imports SET finished_at = $2, outcome = $3 WHERE id = $1")
        .bind(outcome.run)
        .bind(at)
        .bind(json!({ "tables": tables, "rules": rules, "equal": outcome.is_equal(), "woken": outcome.woken }))
        .execute(&mut *transaction)
        .await
        .map_err(ImportError::target)?;
    let change = |action, after, why| Change {
        at,
        actor: ACTOR,
        action,
        before: Value::Null,
        after,
        why,
        cause: &cause,
    };
    let record = Record::Other("legacy_import", &run);
    let after = json!({ "tables": tables, "equal": outcome.is_equal(), "woken": outcome.woken });
    journal::note(&mut transaction, record, &change("imported", after, None)).await?;
    for ((table, rule), count) in &outcome.rules {
        let after = json!({ "table": table.name(), "rule": rule.name(), "rows": count });
        let entry = change("decided", after, Some(rule.meaning()));
        journal::note(&mut transaction, record, &entry).await?;
    }
    transaction.commit().await.map_err(ImportError::target)?;
    Ok(())
}

/// The tables on their way over.
struct Work<'a> {
    taker: Taker<'a>,
    target: &'a mut PgConnection,
    /// Our tables are there; they need not be for a dry run.
    ready: bool,
    dry_run: bool,
    chunk_rows: usize,
    observer: &'a mut dyn Observer,
    rules: BTreeMap<(Table, Rule), u64>,
    tables: BTreeMap<Table, Counts>,
    gone: HashMap<Table, Vec<i64>>,
}

impl Work<'_> {
    async fn table(&mut self, source: &mut Source, found: &Found) -> Result<(), ImportError> {
        let table = found.table;
        self.tables.insert(table, Counts::default());
        self.columns(found)?;
        let rows = u64::try_from(found.rows).unwrap_or_default();
        self.observer.begins(table.legacy_name(), rows);
        let mut stream = source.rows(found);
        let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
        let (mut chunk, mut bytes, mut after) = (Vec::new(), 0, None);
        while let Some(row) = stream.try_next().await? {
            if let Some(extra) = &row.extra {
                for column in names_of(extra) {
                    *unknown.entry(column).or_insert(0) += 1;
                }
            }
            if !chunk.is_empty()
                && (chunk.len() >= self.chunk_rows || bytes + row.bytes > CHUNK_BYTES)
            {
                after = self
                    .chunk(table, after, None, std::mem::take(&mut chunk))
                    .await?;
                bytes = 0;
            }
            bytes += row.bytes;
            chunk.push(row);
        }
        drop(stream);
        // the last one looks to the end of all ids, for rows that have gone
        self.chunk(table, after, Some(i64::MAX), chunk).await?;
        for (column, rows) in unknown {
            self.decide(Decision {
                table,
                id: None,
                rule: Rule::ColumnUnknown,
                column: Some(column),
                kept: format!("values of {rows} rows kept beside"),
            })?;
        }
        Ok(())
    }

    /// What is to be said about columns as a whole.
    fn columns(&mut self, found: &Found) -> Result<(), ImportError> {
        let about = |rule, column: &str, kept: &str| Decision {
            table: found.table,
            id: None,
            rule,
            column: Some(column.to_owned()),
            kept: kept.to_owned(),
        };
        for (column, present) in found.table.columns().iter().zip(&found.present) {
            if !present {
                self.decide(about(Rule::ColumnMissing, column.name, "nothing to keep"))?;
            }
        }
        for column in &found.zoneless {
            self.decide(about(Rule::TimeWithoutZone, column, "taken for UTC"))?;
        }
        Ok(())
    }

    fn decide(&mut self, decision: Decision) -> Result<(), ImportError> {
        *self
            .rules
            .entry((decision.table, decision.rule))
            .or_insert(0) += 1;
        self.observer.decided(&decision)?;
        Ok(())
    }

    /// Takes one chunk over and tells about it. Returns its last id.
    async fn chunk(
        &mut self,
        table: Table,
        after: Option<i64>,
        to: Option<i64>,
        rows: Vec<SourceRow>,
    ) -> Result<Option<i64>, ImportError> {
        let last = rows.last().map(|row| row.id).or(after);
        let chunk = Chunk {
            table,
            after,
            to: to.or(last).unwrap_or(i64::MAX),
            rows,
        };
        let (known, holders, taken) = self.take(&chunk).await?;
        let steps = chunk.steps(&known);
        let gone = chunk.gone(&known);
        self.count(&chunk, &steps, taken, gone.len());
        for id in gone {
            self.gone.entry(table).or_default().push(id);
            self.decide(about_row(table, id, Rule::Gone, "ours kept"))?;
        }
        let judge = Judge {
            survey: self.taker.survey,
            now: self.taker.clock.now(),
        };
        for (row, step) in chunk.rows.iter().zip(&steps) {
            match step {
                Step::Conflict => {
                    self.decide(about_row(table, row.id, Rule::Conflict, "ours kept"))?
                }
                Step::Removed => {
                    self.decide(about_row(table, row.id, Rule::Removed, "not taken"))?
                }
                Step::Add | Step::Pass | Step::Change => {}
            }
            for decision in judge.judge(table, row) {
                self.decide(decision)?;
            }
            if table == Table::Users
                && let Some(decision) = self.twin(row, &holders)
            {
                self.decide(decision)?;
            }
        }
        self.observer.done(chunk.rows.len() as u64);
        Ok(last)
    }

    /// Users that share an address among themselves or with somebody who applied here.
    fn twin(&self, row: &SourceRow, holders: &HashMap<String, i64>) -> Option<Decision> {
        let key = key_of(Table::Users, row);
        let group = self.taker.survey.user_addresses.get(&print_of(&key))?;
        let holder = holders.get(&key).copied().unwrap_or(group.first);
        if group.count == 1 && holder == row.id {
            return None;
        }
        let kept = if holder == row.id {
            format!("{} users, this one answers for the address", group.count)
        } else {
            format!("user {holder} answers for the address")
        };
        let mut decision = about_row(Table::Users, row.id, Rule::AddressTwin, &kept);
        decision.column = Some("email_address".to_owned());
        Some(decision)
    }

    /// Looks at what is known and, unless it is a dry run, takes over what is new, all in one transaction.
    async fn take(
        &mut self,
        chunk: &Chunk,
    ) -> Result<(BTreeMap<i64, Known>, HashMap<String, i64>, Taken), ImportError> {
        if !self.ready {
            return Ok((BTreeMap::new(), HashMap::new(), Taken::default()));
        }
        let mut tries = 1;
        loop {
            match self.try_to_take(chunk).await {
                Err(ImportError::Target(error)) if tries < TRIES && is_collision(&error) => {
                    tries += 1
                }
                result => return result,
            }
        }
    }

    async fn try_to_take(
        &mut self,
        chunk: &Chunk,
    ) -> Result<(BTreeMap<i64, Known>, HashMap<String, i64>, Taken), ImportError> {
        let failed = ImportError::target;
        let mut transaction = self.target.begin().await.map_err(failed)?;
        let known = chunk.known(&mut transaction).await?;
        let mut taken = Taken::default();
        if !self.dry_run {
            taken = self.taker.take(&mut transaction, chunk, &known).await?;
        }
        let holders = if chunk.table == Table::Users {
            chunk.holders(&mut transaction).await?
        } else {
            HashMap::new()
        };
        if taken.added + taken.changed > 0 {
            sqlx::query(
                "UPDATE entity.legacy_imports
                 SET table_name = $2, last_id = $3, rows_read = rows_read + $4, rows_taken = rows_taken + $5
                 WHERE id = $1",
            )
            .bind(self.taker.run)
            .bind(chunk.table.name())
            .bind(chunk.rows.last().map(|row| row.id))
            .bind(i64::try_from(chunk.rows.len()).unwrap_or(i64::MAX))
            .bind(i64::try_from(taken.added + taken.changed).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)?;
        Ok((known, holders, taken))
    }

    fn count(&mut self, chunk: &Chunk, steps: &[Step], taken: Taken, gone: usize) {
        let counts = self.tables.entry(chunk.table).or_default();
        let of = |wanted: Step| steps.iter().filter(|step| **step == wanted).count() as u64;
        counts.read += chunk.rows.len() as u64;
        // a dry run tells what a run would do
        counts.added += if self.dry_run {
            of(Step::Add)
        } else {
            taken.added
        };
        counts.changed += if self.dry_run {
            of(Step::Change)
        } else {
            taken.changed
        };
        counts.same += of(Step::Pass);
        counts.conflicts += of(Step::Conflict);
        counts.removed += of(Step::Removed);
        counts.gone += gone as u64;
    }
}

/// Others got in the way: the same transaction may well succeed now.
fn is_collision(error: &StoreError) -> bool {
    match error {
        StoreError::Contention(_) => true,
        // somebody applied for the first time with an address that a user of the predecessor has
        StoreError::Constraint { constraint, .. } => constraint == "users_email_key_unique",
        _ => false,
    }
}

fn about_row(table: Table, id: i64, rule: Rule, kept: &str) -> Decision {
    Decision {
        table,
        id: Some(id),
        rule,
        column: None,
        kept: kept.to_owned(),
    }
}

/// The names in a JSON object.
fn names_of(object: &str) -> Vec<String> {
    serde_json::from_str::<serde_json::Map<String, Value>>(object)
        .map(|map| map.into_iter().map(|(name, _)| name).collect())
        .unwrap_or_default()
}
