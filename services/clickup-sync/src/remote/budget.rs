//! The rate budget in PostgreSQL: one row per token, shared by every worker with that token.

use chrono::{DateTime, TimeDelta, Utc};
use keylight_clickup::{Class, ClickUpError, RateInfo};
use keylight_domain::sync::budget::{Grant, Lane, Observed, Rules, Window, grant, learn};
use keylight_runtime::clock::Clock;
use keylight_store::error::StoreError;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// Answers that are not told yet are told with the next wish, or when there are this many.
const TELL_AT: usize = 16;
/// Permits that were asked for on behalf of others are good for this long.
const SPARE_LIFE: TimeDelta = TimeDelta::seconds(2);

/// What the keeper remembers between two looks at the row.
#[derive(Default)]
struct Memory {
    /// answers since the last look, with their times
    answers: Vec<(DateTime<Utc>, Observed)>,
    /// permits left over, by lane, and until when they are good
    spare: BTreeMap<Lane, (u32, DateTime<Utc>)>,
    /// when a lane that was refused may ask again
    closed: BTreeMap<Lane, DateTime<Utc>>,
    /// the window as it was last seen
    seen: Option<Window>,
}

/// Hands out permits for calls.
pub struct Keeper {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    rules: Rules,
    token_key: String,
    /// taken for the whole of a look at the row, so that one process asks once for all who wait
    asking: tokio::sync::Mutex<()>,
    waiting: AtomicU32,
    memory: Mutex<Memory>,
}

/// The name of a token in rows: not the token, and nothing it can be found from.
#[must_use]
pub fn token_key(base_url: &str, token: &str) -> String {
    let digest = Sha256::new()
        .chain_update(base_url)
        .chain_update([0])
        .chain_update(token)
        .finalize();
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Keeper {
    /// The keeper of a token's budget.
    #[must_use]
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, token_key: String) -> Self {
        Self {
            pool,
            clock,
            rules: Rules::default(),
            token_key,
            asking: tokio::sync::Mutex::new(()),
            waiting: AtomicU32::new(0),
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        // every change is a single insert, so the memory is whole whatever panicked
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for one call, or the time to ask again.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn permit(&self, lane: Lane) -> Result<Result<(), DateTime<Utc>>, StoreError> {
        let waiting = Waiting::begin(&self.waiting);
        let _asking = self.asking.lock().await;
        let now = self.clock.now();
        if self.take_spare(lane, now) {
            return Ok(Ok(()));
        }
        if let Some(until) = self.closed_until(lane) {
            return Ok(Err(until));
        }
        let wanted = waiting.count();
        let granted = self.look(now, Some((lane, wanted))).await?;
        Ok(match granted {
            Some(Grant::Granted(count)) => {
                if count > 1 {
                    self.memory()
                        .spare
                        .insert(lane, (count - 1, now + SPARE_LIFE));
                }
                Ok(())
            }
            Some(Grant::WaitUntil(until)) => {
                self.memory().closed.insert(lane, until);
                Err(until)
            }
            None => Ok(()),
        })
    }

    /// When a lane may ask again, if it or one before it was refused: a lane never gets what the ones before it do not.
    #[must_use]
    pub fn closed_until(&self, lane: Lane) -> Option<DateTime<Utc>> {
        let now = self.clock.now();
        let memory = self.memory();
        let refused = memory.closed.range(..=lane).map(|(_, until)| *until);
        refused.filter(|until| *until > now).max()
    }

    fn take_spare(&self, lane: Lane, now: DateTime<Utc>) -> bool {
        let mut memory = self.memory();
        match memory.spare.get_mut(&lane) {
            Some((count, until)) if *count > 0 && *until > now => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Tells what the answer to a permitted call showed.
    ///
    /// # Errors
    /// When the database is away; what was told is kept for the next time.
    pub async fn tell(
        &self,
        rate: RateInfo,
        error: Option<&ClickUpError>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let refused = error.is_some_and(|error| error.class == Class::RateLimited);
        let resets_in = rate
            .resets_in(now.timestamp())
            .and_then(|left| TimeDelta::from_std(left).ok());
        let observed = Observed {
            limit: rate.limit,
            remaining: rate.remaining,
            mark: rate.reset,
            resets_in,
            refused_for: refused.then(|| {
                let asked = error
                    .and_then(|error| error.retry_after)
                    .and_then(|wait| TimeDelta::from_std(wait).ok());
                asked.or(resets_in).unwrap_or(self.rules.window)
            }),
        };
        let urgent = {
            let mut memory = self.memory();
            memory.answers.push((now, observed));
            let riddle = memory
                .seen
                .as_ref()
                .is_none_or(|window| !window.known || window.mark == 0);
            if refused || riddle {
                // what the answer tells may open or close the window for those who wait
                memory.closed.clear();
                memory.spare.clear();
            }
            refused || riddle || memory.answers.len() >= TELL_AT
        };
        if urgent {
            let _asking = self.asking.lock().await;
            self.look(now, None).await?;
        }
        Ok(())
    }

    /// Tells what has not been told, for a caller that comes by now and then.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tell_rest(&self) -> Result<(), StoreError> {
        if self.memory().answers.is_empty() {
            return Ok(());
        }
        let _asking = self.asking.lock().await;
        self.look(self.clock.now(), None).await?;
        Ok(())
    }

    /// The window as it was last seen by this process.
    #[must_use]
    pub fn last_seen(&self) -> Option<Window> {
        self.memory().seen.clone()
    }

    /// Locks the row, tells the answers, asks for permits, stores. The only place that touches the row.
    async fn look(
        &self,
        now: DateTime<Utc>,
        wish: Option<(Lane, u32)>,
    ) -> Result<Option<Grant>, StoreError> {
        let answers = std::mem::take(&mut self.memory().answers);
        let looked = self.look_at_row(now, wish, &answers).await;
        match looked {
            Ok((window, granted)) => {
                metrics::gauge!("keylight_clickup_budget_used").set(f64::from(window.used));
                metrics::gauge!("keylight_clickup_budget_limit").set(f64::from(window.limit));
                self.memory().seen = Some(window);
                Ok(granted)
            }
            Err(error) => {
                // the oldest are let go if the database stays away: the next answer tells the same better
                let mut memory = self.memory();
                let newer = std::mem::take(&mut memory.answers);
                memory.answers = answers
                    .into_iter()
                    .chain(newer)
                    .rev()
                    .take(4 * TELL_AT)
                    .collect();
                memory.answers.reverse();
                Err(error)
            }
        }
    }

    async fn look_at_row(
        &self,
        now: DateTime<Utc>,
        wish: Option<(Lane, u32)>,
        answers: &[(DateTime<Utc>, Observed)],
    ) -> Result<(Window, Option<Grant>), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let mut window = match lock_row(&mut transaction, &self.token_key).await? {
            Some(window) => window,
            None => {
                make_row(
                    &mut transaction,
                    &self.token_key,
                    &Window::unknown(&self.rules, now),
                    now,
                )
                .await?;
                lock_row(&mut transaction, &self.token_key)
                    .await?
                    .ok_or_else(|| StoreError::Defect("rate budget row vanished".to_owned()))?
            }
        };
        for (at, observed) in answers {
            window = learn(&window, &self.rules, *at, observed);
        }
        let granted = wish.map(|(lane, wanted)| {
            let (granted, after) = grant(&window, &self.rules, now, lane, wanted);
            window = after;
            granted
        });
        save_row(&mut transaction, &self.token_key, &window, now).await?;
        transaction.commit().await?;
        Ok((window, granted))
    }
}

/// Counts itself among those who wait, until it is dropped.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn begin(counter: &'a AtomicU32) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }

    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unsigned(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

async fn lock_row(
    connection: &mut PgConnection,
    token_key: &str,
) -> Result<Option<Window>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT call_limit, used, granted, answered, ends_at, mark, last_mark, known
             FROM sync.rate_budget WHERE token_key = $1 FOR UPDATE"#,
        token_key
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Window {
        limit: unsigned(row.call_limit),
        used: unsigned(row.used),
        granted: unsigned(row.granted),
        answered: unsigned(row.answered),
        ends_at: row.ends_at,
        mark: row.mark,
        last_mark: row.last_mark,
        known: row.known,
    }))
}

async fn make_row(
    connection: &mut PgConnection,
    token_key: &str,
    window: &Window,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"INSERT INTO sync.rate_budget
               (token_key, call_limit, used, granted, answered, ends_at, mark, last_mark, known, updated_at)
           VALUES ($1, $2, 0, 0, 0, $3, 0, 0, false, $4) ON CONFLICT DO NOTHING"#,
        token_key,
        signed(window.limit),
        window.ends_at,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn save_row(
    connection: &mut PgConnection,
    token_key: &str,
    window: &Window,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"UPDATE sync.rate_budget SET call_limit = $2, used = $3, granted = $4, answered = $5, ends_at = $6, mark = $7,
                  last_mark = $8, known = $9, updated_at = $10
            WHERE token_key = $1"#,
        token_key,
        signed(window.limit),
        signed(window.used),
        signed(window.granted),
        signed(window.answered),
        window.ends_at,
        window.mark,
        window.last_mark,
        window.known,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_tells_nothing_of_the_token_and_differs_by_place() {
        let key = token_key("https://a", "pk_1_SECRET");
        assert_eq!(key.len(), 32);
        assert!(!key.contains("SECRET"));
        assert_ne!(key, token_key("https://b", "pk_1_SECRET"));
        assert_ne!(token_key("https://a", "b"), token_key("https://ab", ""));
    }
}
