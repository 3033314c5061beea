//! What is kept from being worked on: everything, a list, a record. Claims look at these rows, so a pause counts for every
//! worker from its next claim on; what is in hand is finished. What comes up meanwhile waits in its row.

use super::{Doer, book};
use chrono::{DateTime, Utc};
use keylight_domain::error::DomainError;
use keylight_store::error::StoreError;
use sqlx::PgPool;

/// More pauses of lists and records than this are refused: each is looked at by every claim.
pub const MOST: i64 = 1000;

/// What a pause holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// The records of a list.
    List(String),
    /// One submission.
    Record(i64),
}

impl Scope {
    /// Reads scope and key as they come from outside.
    ///
    /// # Errors
    /// When they name nothing.
    pub fn parse(scope: &str, key: &str) -> Result<Self, DomainError> {
        match scope {
            "all" if key.is_empty() => Ok(Self::All),
            "all" => Err(DomainError::invalid("key must be empty for all")),
            "list"
                if !key.is_empty()
                    && key.len() <= 30
                    && key.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Ok(Self::List(key.to_owned()))
            }
            "list" => Err(DomainError::invalid("key must be the id of a list")),
            "record" => match key.parse() {
                Ok(id) if id >= 0 => Ok(Self::Record(id)),
                _ => Err(DomainError::invalid("key must be the id of a submission")),
            },
            _ => Err(DomainError::invalid(
                "scope must be one of: all, list, record",
            )),
        }
    }

    /// As in rows.
    #[must_use]
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Self::All => ("all", String::new()),
            Self::List(id) => ("list", id.clone()),
            Self::Record(id) => ("record", id.to_string()),
        }
    }

    fn target(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::List(id) => format!("list {id}"),
            Self::Record(id) => format!("submission {id}"),
        }
    }
}

/// A pause.
#[derive(Debug, Clone)]
pub struct Pause {
    /// all, list, record
    pub scope: String,
    /// Id of the list or the submission.
    pub key: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Who paused it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Pauses; whether it was so already, then nothing changes.
///
/// # Errors
/// When there are too many pauses, or the database fails.
pub async fn pause(
    pool: &PgPool,
    now: DateTime<Utc>,
    scope: &Scope,
    doer: &Doer,
) -> Result<bool, DomainError> {
    let (name, key) = scope.parts();
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let made = sqlx::query!(
        "INSERT INTO sync.pauses (scope, key, at, actor, reason, correlation_id)
         SELECT $1, $2, $3, $4, $5, $6 WHERE $1 = 'all' OR (SELECT count(*) FROM sync.pauses) < $7
         ON CONFLICT (scope, key) DO NOTHING",
        name,
        key,
        now,
        doer.actor,
        doer.reason,
        doer.correlation_id,
        MOST,
    )
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    if made.rows_affected() == 0 {
        let there = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM sync.pauses WHERE scope = $1 AND key = $2) AS "there!""#,
            name,
            key
        )
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        return if there {
            Ok(true)
        } else {
            Err(DomainError::invalid(format!(
                "there are {MOST} pauses already; end some, or pause a list or all"
            )))
        };
    }
    book::write(&mut transaction, now, doer, "pause", &scope.target(), 0).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(false)
}

/// Ends a pause; whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn resume(
    pool: &PgPool,
    now: DateTime<Utc>,
    scope: &Scope,
    doer: &Doer,
) -> Result<bool, StoreError> {
    let (name, key) = scope.parts();
    let mut transaction = pool.begin().await?;
    let ended = sqlx::query!(
        "DELETE FROM sync.pauses WHERE scope = $1 AND key = $2",
        name,
        key
    )
    .execute(&mut *transaction)
    .await?;
    let was_paused = ended.rows_affected() > 0;
    if was_paused {
        book::write(&mut transaction, now, doer, "resume", &scope.target(), 0).await?;
    }
    transaction.commit().await?;
    Ok(was_paused)
}

/// All pauses, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Vec<Pause>, StoreError> {
    let pauses = sqlx::query_as!(
        Pause,
        "SELECT scope, key, at, actor, reason FROM sync.pauses ORDER BY at LIMIT $1",
        MOST + 1
    )
    .fetch_all(pool)
    .await?;
    Ok(pauses)
}

/// Whether a list, or everything, is paused.
///
/// # Errors
/// When the database fails.
pub async fn list_is_paused(pool: &PgPool, list: &str) -> Result<bool, StoreError> {
    let paused = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM sync.pauses WHERE scope = 'all' OR (scope = 'list' AND key = $1)) AS "paused!""#,
        list
    )
    .fetch_one(pool)
    .await?;
    Ok(paused)
}

/// Links of a scope that a worker has in hand. A link that names no list is in `list`.
///
/// # Errors
/// When the database fails.
pub async fn in_hand(
    pool: &PgPool,
    now: DateTime<Utc>,
    scope: &Scope,
    list: &str,
) -> Result<i64, StoreError> {
    let (name, key) = scope.parts();
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM sync.links
            WHERE due_at IS NOT NULL AND lease_until > $1
              AND ($2 = 'all' OR ($2 = 'list' AND COALESCE(list_id, $4) = $3)
                   OR ($2 = 'record' AND submission_id::text = $3))"#,
        now,
        name,
        key,
        list,
    )
    .fetch_one(pool)
    .await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_come_from_outside() {
        assert_eq!(Scope::parse("all", ""), Ok(Scope::All));
        assert_eq!(
            Scope::parse("list", "901"),
            Ok(Scope::List("901".to_owned()))
        );
        assert_eq!(Scope::parse("record", "7"), Ok(Scope::Record(7)));
        for (scope, key) in [
            ("all", "1"),
            ("list", ""),
            ("list", "x"),
            ("record", "-1"),
            ("", ""),
        ] {
            assert!(Scope::parse(scope, key).is_err(), "{scope} {key}");
        }
    }
}
